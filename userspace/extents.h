/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the data of a disk are: runs of the virtual disk, in order, as long as possible.
 */
#ifndef VHDXCTL_EXTENTS_H
#define VHDXCTL_EXTENTS_H

#include "format/bat.h"
#include "message.h"

struct open_image;

enum extent_kind {
	EXTENT_DATA,		/* in this file */
	EXTENT_ZERO,		/* zeros, because this file says so */
	EXTENT_ABSENT,		/* zeros, because nothing is there */
	EXTENT_PARENT,		/* whatever the parent has */
	EXTENT_BAD,		/* cannot be read */
};

/**
 * struct disk_extent - a run of the disk
 * @start:	byte of the virtual disk
 * @length:	bytes
 * @kind:	what is there
 * @state:	BAT state of its blocks
 * @offset:	byte in the file, for EXTENT_DATA
 */
struct disk_extent {
	u64 start;
	u64 length;
	enum extent_kind kind;
	enum vhdx_block_state state;
	u64 offset;
};

/* How to walk */
enum extents_flags {
	EXTENTS_BY_STATE = 1,	/* blocks of different states are never one extent */
	EXTENTS_TOLERANT = 2,	/* blocks that cannot be read are nothing to talk about */
};

typedef void extent_function(void *context, const struct disk_extent *extent);

enum exit_code extents_walk(struct open_image *image, unsigned int flags, extent_function *emit,
			    void *context);

#endif /* VHDXCTL_EXTENTS_H */
