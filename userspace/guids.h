/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GUIDs that come from outside an image: fresh ones, and those a user types.
 */
#ifndef VHDXCTL_GUIDS_H
#define VHDXCTL_GUIDS_H

#include "format/guid.h"

struct vhdx_guid guid_new(void);
bool guid_of_text(struct vhdx_guid *guid, const char *text);

#endif /* VHDXCTL_GUIDS_H */
