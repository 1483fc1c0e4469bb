/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Changes of the parent locator of an image.
 */
#ifndef VHDX_EDIT_RELINK_H
#define VHDX_EDIT_RELINK_H

#include "edit/parent_locator.h"
#include "image/write.h"

struct layer;

enum exit_code relink_check(const struct layer *layer);
enum exit_code relink(struct layer *layer, const struct write_file *file,
		      const struct parent_name *name, const struct vhdx_guid *linkage,
		      const struct vhdx_guid *linkage2);

#endif /* VHDX_EDIT_RELINK_H */
