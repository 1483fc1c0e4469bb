/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the data of a disk are: runs of the virtual disk, in order, as long as possible.
 */
#ifndef VHDX_IMAGE_EXTENTS_H
#define VHDX_IMAGE_EXTENTS_H

#include "image/chain_map.h"

/* How to walk */
enum extents_flags {
	EXTENTS_BY_STATE = 1,	/* blocks of different states are never one extent */
	EXTENTS_TOLERANT = 2,	/* blocks that cannot be read are nothing to talk about */
};

typedef void extent_function(void *context, const struct disk_extent *extent);

enum exit_code extents_walk(struct chain_map *map, unsigned int flags, extent_function *emit,
			    void *context);

#endif /* VHDX_IMAGE_EXTENTS_H */
