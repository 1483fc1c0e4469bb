/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * One block request on its way through the image: what it holds, how its data are read and
 * written, how it completes. read.c, write.c and discard.c say what is done with it.
 */
#ifndef VHDX_REQUEST_CMD_H
#define VHDX_REQUEST_CMD_H

#include <linux/blk-mq.h>
#include <linux/llist.h>

#include "backing/backing.h"
#include "image/block_lock.h"
#include "meta/journal.h"

struct vhdx_fault;
struct vhdx_image;
struct vhdx_map;

/* Vectors kept in the request itself: enough that allocating more is rare. */
#define VHDX_INLINE_BVECS 8

/*
 * The stage of a command says what it holds. W and B are steps of write.c and partial.c. The
 * order of the stages counts.
 */
enum vhdx_stage {
	VHDX_STAGE_NONE,		/* nothing */
	VHDX_STAGE_LOOKED_UP,		/* @image->users: the place that was found is not reused */
	VHDX_STAGE_LOCKED,		/* W1: @lock */
	VHDX_STAGE_BITMAP_LOCKED,	/* B1: @lock, @bitmap_lock */
	VHDX_STAGE_BITMAP_RESERVED,	/* B1: @lock, @bitmap_lock, a page */
	VHDX_STAGE_BITMAP,		/* after B1: @lock; @bitmap is known */
	VHDX_STAGE_RESERVED,		/* W3, B2: @lock, @pages */
	VHDX_STAGE_PLACED,		/* W4, B3: @lock, @pages, the space at @place */
};

/**
 * struct vhdx_cmd - the state of a request, in its pdu
 * @node:	on a list of struct vhdx_queue
 * @image:	what it reads from or writes to
 * @again:	queues it to run again, in a context that may sleep. Called in any context,
 *		interrupts included.
 * @done:	bytes of the request that are complete
 * @recycled:	for vhdx_space_reclaim()
 * @want:	length of the transfer in @io, in bytes
 * @error:	0, or why it fails
 * @waiter:	for each wait of the command: its @done sets @error and calls @again
 * @stage:	what it holds
 * @users:	index of @image->users, in stage LOOKED_UP
 * @lock:	on the block whose entry it changes
 * @first:	value of @done when the block was locked
 * @nr_pages:	number of reserved @pages
 * @pages:	metadata pages reserved for the change
 * @place:	offset in the file of the space allocated for the block, in bytes, or 0
 * @bitmap_lock: on the sector bitmap block that it creates
 * @bitmap:	offset in the file of the sector bitmap block whose bits it sets, in bytes, or 0
 * @entry:	if @bitmap is set: the block's entry before the change
 * @io:		the transfer of its data
 * @bvecs:	vectors allocated for @io, or NULL
 * @inline_bvecs: vectors for @io if they suffice, or if no more can be allocated
 */
struct vhdx_cmd {
	struct llist_node node;
	struct vhdx_image *image;
	void (*again)(struct vhdx_cmd *cmd);
	u32 done;
	u32 recycled;
	u32 want;
	int error;
	struct vhdx_waiter waiter;
	enum vhdx_stage stage;
	int users;
	struct vhdx_block_lock lock;
	u32 first;
	unsigned int nr_pages;
	struct vhdx_page *pages[VHDX_CHANGE_PAGES];
	u64 place;
	struct vhdx_block_lock bitmap_lock;
	u64 bitmap;
	u64 entry;
	struct vhdx_io io;
	struct bio_vec *bvecs;
	struct bio_vec inline_bvecs[VHDX_INLINE_BVECS];
};

static inline struct request *vhdx_cmd_request(struct vhdx_cmd *cmd)
{
	return blk_mq_rq_from_pdu(cmd);
}

/* Where the request begins on the disk, in bytes */
static inline u64 vhdx_cmd_start(struct vhdx_cmd *cmd)
{
	return (u64)blk_rq_pos(vhdx_cmd_request(cmd)) << SECTOR_SHIFT;
}

/* Where the part that is not complete begins on the disk, in bytes */
static inline u64 vhdx_cmd_position(struct vhdx_cmd *cmd)
{
	return vhdx_cmd_start(cmd) + cmd->done;
}

/* The length of that part, in bytes */
static inline u32 vhdx_cmd_left(struct vhdx_cmd *cmd)
{
	return blk_rq_bytes(vhdx_cmd_request(cmd)) - cmd->done;
}

void vhdx_cmd_complete(struct vhdx_cmd *cmd);
void vhdx_cmd_end_request(struct request *rq);
void vhdx_cmd_fail(struct vhdx_cmd *cmd, int error);
void vhdx_cmd_bad(struct vhdx_cmd *cmd, const struct vhdx_fault *fault);

void vhdx_cmd_map(struct vhdx_cmd *cmd, bool parents, struct vhdx_map *map);
void vhdx_cmd_leave(struct vhdx_cmd *cmd);
void vhdx_cmd_unreserve(struct vhdx_cmd *cmd);
void vhdx_cmd_unlock(struct vhdx_cmd *cmd);

void vhdx_cmd_read(struct vhdx_cmd *cmd, const struct vhdx_map *map);
bool vhdx_cmd_try_read(struct vhdx_cmd *cmd, const struct vhdx_map *map);
void vhdx_cmd_write(struct vhdx_cmd *cmd, u64 offset, u64 length, vhdx_io_done done);
bool vhdx_cmd_transferred(struct vhdx_cmd *cmd, long result);
void vhdx_cmd_transfer_done(struct vhdx_io *io, long result);

#endif /* VHDX_REQUEST_CMD_H */
