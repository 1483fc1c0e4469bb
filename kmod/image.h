/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One open VHDX file: what is known about it, and where in it the disk's bytes are.
 */
#ifndef VHDX_IMAGE_H
#define VHDX_IMAGE_H

#include <linux/ratelimit.h>

#include "backing.h"
#include "format/open.h"

struct vhdx_pager;
struct vhdx_pager_waiter;
struct vhdx_replay;

/**
 * struct vhdx_image - an open image; but for the counters nothing in it changes until it is closed
 * @backing:	the file
 * @super:	what the file says about itself; cut off behind the used part of its layout
 * @rules:	what BAT entries are judged by
 * @replay:	what the log changed, or NULL if it was empty
 * @pager:	BAT pages in memory
 * @bad_reads:	reads failed because of what the image says
 * @bad_limit:	how often that is said; its own, so that no image silences another
 */
struct vhdx_image {
	struct vhdx_backing backing;
	struct vhdx_super *super;
	struct vhdx_bat_rules rules;
	struct vhdx_replay *replay;
	struct vhdx_pager *pager;
	atomic_long_t bad_reads;
	struct ratelimit_state bad_limit;
};

enum vhdx_map_kind {
	VHDX_MAP_DATA,		/* in the file, at an offset */
	VHDX_MAP_ZERO,		/* nowhere: reads as zeros */
	VHDX_MAP_MISS,		/* not known: vhdx_image_load_map(), then ask again */
	VHDX_MAP_BAD,		/* the BAT entry cannot be believed */
};

/**
 * struct vhdx_map - where the bytes from one virtual offset on are
 * @kind:	how to read the rest
 * @offset:	DATA: offset in the file, in bytes
 * @length:	DATA: for how many bytes that holds; otherwise it holds to the end of the block
 * @fault:	BAD: why
 */
struct vhdx_map {
	enum vhdx_map_kind kind;
	u64 offset;
	u64 length;
	struct vhdx_fault fault;
};

/**
 * struct vhdx_image_options - how to open an image
 * @buffered:	do not use direct I/O
 * @no_replay:	refuse an image whose log must be replayed
 * @index:	number of the disk it is for
 */
struct vhdx_image_options {
	bool buffered;
	bool no_replay;
	int index;
};

struct vhdx_image *vhdx_image_open(struct file *file, const struct vhdx_image_options *options,
				   struct vhdx_fault *fault);
void vhdx_image_close(struct vhdx_image *image);

void vhdx_image_map(struct vhdx_image *image, u64 position, struct vhdx_map *map);
void vhdx_image_load_map(struct vhdx_image *image, u64 position,
			 struct vhdx_pager_waiter *waiter);

unsigned int vhdx_image_replayed(const struct vhdx_image *image);

static inline const struct vhdx_geometry *vhdx_image_geometry(const struct vhdx_image *image)
{
	return &image->super->geometry;
}

#endif /* VHDX_IMAGE_H */
