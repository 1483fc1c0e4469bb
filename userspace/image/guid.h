/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GUIDs that come from outside an image: fresh ones, and those a user types.
 */
#ifndef VHDX_IMAGE_GUID_H
#define VHDX_IMAGE_GUID_H

#include "format/guid.h"

struct vhdx_guid guid_new(void);
bool guid_of_text(struct vhdx_guid *guid, const char *text);

#endif /* VHDX_IMAGE_GUID_H */
