/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The extents of a disk, in order, each as long as possible.
 */
#ifndef VHDX_IMAGE_EXTENTS_H
#define VHDX_IMAGE_EXTENTS_H

#include "image/chain_map.h"

/* Flags of extents_walk() */
enum extents_flags {
	EXTENTS_BY_STATE = 1,	/* blocks in different BAT states are never in one extent */
	EXTENTS_TOLERANT = 2,	/* blocks that cannot be read are not an error */
};

typedef void extent_function(void *context, const struct disk_extent *extent);

enum exit_code extents_walk(struct chain_map *map, unsigned int flags, extent_function *emit,
			    void *context);

#endif /* VHDX_IMAGE_EXTENTS_H */
