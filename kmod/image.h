/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One open VHDX file: what is known about it, and where in it the disk's bytes are.
 */
#ifndef VHDX_IMAGE_H
#define VHDX_IMAGE_H

#include <linux/ratelimit.h>
#include <linux/srcu.h>

#include "backing.h"
#include "claim.h"
#include "format/open.h"

struct vhdx_journal;
struct vhdx_pager;
struct vhdx_replay;
struct vhdx_space;
struct vhdx_waiter;

/**
 * struct vhdx_image - an open image; what is in this structure itself does not change until
 *		       it is closed, but for the counters
 * @backing:	the file
 * @super:	what the file says about itself; cut off behind the used part of its layout
 * @rules:	what BAT entries are judged by
 * @replay:	what the log changes, in memory; NULL if it is empty
 * @replayed:	log entries replayed, in memory or into the file
 * @pager:	BAT pages in memory
 * @writable:	the rest up to @bad_reads is there
 * @space:	of the file
 * @journal:	how metadata is changed
 * @users:	held from looking up where data is until it was read or written there
 * @claims:	blocks whose entries are being changed
 * @bad_reads:	reads failed because of what the image says
 * @bad_limit:	how often that is said; its own, so that no image silences another
 */
struct vhdx_image {
	struct vhdx_backing backing;
	struct vhdx_super *super;
	struct vhdx_bat_rules rules;
	struct vhdx_replay *replay;
	unsigned int replayed;
	struct vhdx_pager *pager;
	bool writable;
	struct vhdx_space *space;
	struct vhdx_journal *journal;
	struct srcu_struct users;
	struct vhdx_claims claims;
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
 * @entry:	DATA, ZERO: the BAT entry
 * @offset:	DATA: offset in the file, in bytes
 * @length:	DATA: for how many bytes that holds; otherwise it holds to the end of the block
 * @fault:	BAD: why
 */
struct vhdx_map {
	enum vhdx_map_kind kind;
	u64 entry;
	u64 offset;
	u64 length;
	struct vhdx_fault fault;
};

/**
 * struct vhdx_image_options - how to open an image
 * @writable:	for writing, too
 * @buffered:	do not use direct I/O
 * @no_replay:	refuse an image whose log must be replayed
 * @no_holes:	do not give unused space back to the file system
 * @index:	number of the disk it is for
 * @on_failure:	called once when nothing more can be written; process context, may sleep
 * @context:	for @on_failure
 */
struct vhdx_image_options {
	bool writable;
	bool buffered;
	bool no_replay;
	bool no_holes;
	int index;
	void (*on_failure)(void *context, const char *what, int error);
	void *context;
};

struct vhdx_image *vhdx_image_open(struct file *file, const struct vhdx_image_options *options,
				   struct vhdx_fault *fault);
int vhdx_image_close(struct vhdx_image *image);

u64 vhdx_image_entry_offset(const struct vhdx_image *image, u64 position);
void vhdx_image_map(struct vhdx_image *image, u64 position, struct vhdx_map *map);
void vhdx_image_load_map(struct vhdx_image *image, u64 position,
			 struct vhdx_waiter *waiter);

void vhdx_image_data_guid(struct vhdx_image *image, struct vhdx_guid *guid);

static inline const struct vhdx_geometry *vhdx_image_geometry(const struct vhdx_image *image)
{
	return &image->super->geometry;
}

#endif /* VHDX_IMAGE_H */
