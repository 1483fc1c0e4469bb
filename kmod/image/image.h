/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * One open VHDX file: its state, and where in it the bytes of the disk are.
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
 * struct vhdx_image - an open image
 * @backing:	the file
 * @super:	decoded headers, region table and metadata; allocated without the unused part of
 *		its layout
 * @rules:	what BAT entries are checked against
 * @replay:	the changes of its log, replayed in memory; NULL if there are none
 * @replayed:	number of log entries replayed, in memory or into the file
 * @cache:	pages of the BAT and of sector bitmaps in memory
 * @parent:	the next file of its chain, or NULL; see chain.c
 * @depth:	number of files below it in its chain
 * @chain_cache:	which parent has which part of the disk; NULL if there are too few parents
 * @nameless:	the file had no name when it was opened, so it cannot be opened again
 * @writable:	it can be written to, and all members down to @locks are valid
 * @space:	allocation in the file; valid until vhdx_image_give_back(), which may be long after
 *		@writable ends
 * @journal:	changes of metadata
 * @users:	SRCU, held from a lookup until the data are read or written at that place
 * @locks:	locks on BAT entries
 * @end_error:	0, or why the last session could not be ended cleanly
 * @log_left:	then: all that was written is durable, in the log
 * @unused_known: the last session ended cleanly, so space it did not use may be given back
 * @bad_reads:	number of requests that failed because an entry is invalid
 * @bad_limit:	rate limit of messages about these; one for each image, so that no image
 *		silences another
 *
 * The members do not change while it is open, except for counters, and for what
 * vhdx_image_stop_writing() and vhdx_image_give_back() change. Three flags of this name belong to
 * three decisions: options.writable is what an attach wants. @backing.writable is how the file is
 * open; it guards the file against other writers, and ends when a retired file is reopened.
 * @writable is set last when an image is opened, and ends first: the file is still open for
 * writing while the session ends and space is given back.
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
	VHDX_MAP_PARENT,	/* not in this file: in its parent */
	VHDX_MAP_MISS,		/* metadata not in memory: vhdx_map_load(), then look up again */
	VHDX_MAP_BAD,		/* the BAT entry is invalid */
};

/**
 * struct vhdx_map - where the bytes from one virtual offset on are
 * @kind:	which of the other members are valid
 * @image:	the file that the other members describe
 * @entry:	DATA, ZERO, PARENT: the BAT entry in that file
 * @offset:	DATA: offset in the file, in bytes; MISS: an offset in the page to load
 * @length:	DATA, ZERO, PARENT: number of bytes that this holds for, within the payload block
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
 * @writable:	for reading and writing; otherwise for reading only
 * @mode:	how the file is to be used
 * @no_replay:	refuse an image whose log must be replayed
 * @no_holes:	do not give unused space back to the file system
 * @parent:	an open image that it must be the child of; NULL if it must have no parent
 * @dead:	of the disk; exists as long as the image
 * @index:	number of the disk
 * @on_failure:	called once, when a write fails that ends all writing; process context, may sleep
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

/* The byte offset in the file of the BAT entry of a payload block */
static inline u64 vhdx_image_entry_offset(const struct vhdx_image *image, u64 block)
{
	return vhdx_bat_entry_offset(&image->rules,
				     vhdx_payload_index(vhdx_image_geometry(image), block));
}

#endif /* VHDX_IMAGE_IMAGE_H */
