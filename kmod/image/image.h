/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * One open VHDX file: what is known about it, and where in it the disk's bytes are.
 */
#ifndef VHDX_IMAGE_IMAGE_H
#define VHDX_IMAGE_IMAGE_H

#include <linux/ratelimit.h>
#include <linux/srcu.h>

#include "backing/backing.h"
#include "image/block_lock.h"
#include "format/open.h"

struct vhdx_journal;
struct vhdx_cache;
struct vhdx_replay;
struct vhdx_chain_cache;
struct vhdx_space;
struct vhdx_waiter;

/**
 * struct vhdx_image - an open image; what is in this structure itself does not change until
 *		       it is closed, but for the counters, and when it becomes a parent
 * @backing:	the file
 * @super:	what the file says about itself; cut off behind the used part of its layout
 * @rules:	what BAT entries are judged by
 * @replay:	what the log changes, in memory; NULL if it is empty
 * @replayed:	log entries replayed, in memory or into the file
 * @cache:	pages of the BAT and of sector bitmaps in memory
 * @parent:	the file below it in its chain, or NULL; see chain.c
 * @depth:	how many there are below it
 * @chain_cache:	remembers what the parents say, if there are enough of them to make it pay
 * @nameless:	the file had no name when it was opened, so nobody can find it again
 * @writable:	the rest up to @locks is there
 * @space:	of the file; still there when @writable ends, see vhdx_image_give_back()
 * @journal:	how metadata is changed
 * @users:	held from looking up where data is until it was read or written there
 * @locks:	blocks whose entries are being changed
 * @end_error:	0, or why its last session could not be ended in the best order
 * @log_left:	if so: all that was written is durable, in the log
 * @unused_known: that session has ended, and what it did not use may be given back
 * @bad_reads:	reads failed because of what the image says
 * @bad_limit:	how often that is said; its own, so that no image silences another
 */
struct vhdx_image {
	struct vhdx_backing backing;
	struct vhdx_super *super;
	struct vhdx_bat_rules rules;
	struct vhdx_replay *replay;
	unsigned int replayed;
	struct vhdx_cache *cache;
	struct vhdx_image *parent;
	unsigned int depth;
	struct vhdx_chain_cache *chain_cache;
	bool nameless;
	bool writable;
	struct vhdx_space *space;
	struct vhdx_journal *journal;
	struct srcu_struct users;
	struct vhdx_block_locks locks;
	int end_error;
	bool log_left;
	bool unused_known;
	atomic_long_t bad_reads;
	struct ratelimit_state bad_limit;
};

enum vhdx_map_kind {
	VHDX_MAP_DATA,		/* in a file, at an offset */
	VHDX_MAP_ZERO,		/* nowhere: reads as zeros */
	VHDX_MAP_PARENT,	/* not in this file: ask its parent */
	VHDX_MAP_MISS,		/* not known: vhdx_map_load(), then ask again */
	VHDX_MAP_BAD,		/* the BAT cannot be believed here */
};

/**
 * struct vhdx_map - where the bytes from one virtual offset on are
 * @kind:	how to read the rest
 * @image:	the file this is about
 * @entry:	DATA, ZERO, PARENT: the BAT entry in that file
 * @offset:	DATA: offset in the file, in bytes; MISS: of the page to be loaded
 * @length:	DATA, ZERO, PARENT: for how many bytes that holds, within the payload block
 * @fault:	BAD: why
 */
struct vhdx_map {
	enum vhdx_map_kind kind;
	struct vhdx_image *image;
	u64 entry;
	u64 offset;
	u64 length;
	struct vhdx_fault fault;
};

/**
 * struct vhdx_image_options - how to open an image
 * @writable:	for writing, too
 * @mode:	how the file is to be used
 * @no_replay:	refuse an image whose log must be replayed
 * @no_holes:	do not give unused space back to the file system
 * @parent:	open, the file it must be a child of; NULL if it must have no parent
 * @dead:	of the disk; lives as long as the image
 * @index:	number of the disk it is for
 * @on_failure:	called once when nothing more can be written; process context, may sleep
 * @context:	for @on_failure
 */
struct vhdx_image_options {
	bool writable;
	struct vhdx_backing_mode mode;
	bool no_replay;
	bool no_holes;
	struct vhdx_image *parent;
	const bool *dead;
	int index;
	void (*on_failure)(void *context, const char *what, int error);
	void *context;
};

struct vhdx_image *vhdx_image_open(struct file *file, const struct vhdx_image_options *options,
				   struct vhdx_fault *fault);
int vhdx_image_close(struct vhdx_image *image);

u64 vhdx_image_entry_offset(const struct vhdx_image *image, u64 position);
void vhdx_image_map_block(struct vhdx_image *image, u64 position, struct vhdx_map *map);
bool vhdx_image_find_bitmap(struct vhdx_image *image, u64 position, struct vhdx_map *map,
			    u64 *offset);
void vhdx_image_map(struct vhdx_image *image, u64 position, u64 want, struct vhdx_map *map);
void vhdx_map_load(const struct vhdx_map *map, struct vhdx_waiter *waiter);

void vhdx_image_data_guid(struct vhdx_image *image, struct vhdx_guid *guid);

static inline const struct vhdx_geometry *vhdx_image_geometry(const struct vhdx_image *image)
{
	return &image->super->geometry;
}

#endif /* VHDX_IMAGE_IMAGE_H */
