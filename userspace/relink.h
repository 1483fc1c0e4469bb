/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing what an image says of its parent.
 */
#ifndef VHDXCTL_RELINK_H
#define VHDXCTL_RELINK_H

#include "filewrite.h"
#include "parentname.h"

struct layer;

enum exit_code relink_check(const struct layer *layer);
enum exit_code relink(struct layer *layer, const struct write_file *file,
		      const struct parent_name *name, const struct vhdx_guid *linkage,
		      const struct vhdx_guid *linkage2);

#endif /* VHDXCTL_RELINK_H */
