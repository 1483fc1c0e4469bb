/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * GUIDs of the tool: random ones, GUIDs from the command line, and the WWN made of one.
 */
#ifndef VHDX_IMAGE_GUID_H
#define VHDX_IMAGE_GUID_H

#include "format/guid.h"

/* "0x" and 32 digits */
#define GUID_WWN_SIZE (2 + 2 * VHDX_GUID_NAA_SIZE + 1)

struct vhdx_guid guid_new(void);
bool guid_of_text(struct vhdx_guid *guid, const char *text);
const char *guid_wwn(char wwn[GUID_WWN_SIZE], const struct vhdx_guid *disk_id);

#endif /* VHDX_IMAGE_GUID_H */
