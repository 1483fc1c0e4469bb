/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One block request on its way through the image: what it holds, where its data are in
 * memory, how it ends. What is done with it is in read.c, write.c and trim.c.
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

/**
 * struct vhdx_command - what we keep with each request, in its pdu
 * @node:	for whoever queues commands
 * @image:	what it reads from
 * @again:	called when what it waited for is there: have it run again from a context that
 *		may sleep. Called in any context, interrupts included.
 * @done:	bytes of the request that have been dealt with
 * @recycled:	for vhdx_space_reclaim()
 * @want:	bytes asked for by @io
 * @error:	0, or why it fails
 * @waiter:	for whatever it has to wait for; @error is set and @again called
 * @using:	it holds @image->users: the place it reads or writes was looked up
 * @users:	for letting that go
 * @claimed:	it holds @claim
 * @claim:	on the block whose entry it changes
 * @first:	what @done was when it got the claim: the change is about what comes from there
 * @nr_pages:	of @pages
 * @pages:	reserved for the change
 * @place:	space taken for the block, in bytes, or 0
 * @bitmap_claimed: it holds @bitmap_claim
 * @bitmap_claim: on the sector bitmap block that it makes
 * @bitmap:	0, or where the bitmap block is in which sectors are to be marked
 * @entry:	if so: the block's entry before that
 * @io:		the read or write of its data
 * @bvecs:	vectors allocated for @io, or NULL
 * @inline_bvecs: or those
 */
struct vhdx_command {
	struct llist_node node;
	struct vhdx_image *image;
	void (*again)(struct vhdx_command *command);
	u32 done;
	u32 recycled;
	u32 want;
	int error;
	struct vhdx_waiter waiter;
	bool using;
	bool claimed;
	int users;
	struct vhdx_claim claim;
	u32 first;
	unsigned int nr_pages;
	struct vhdx_page *pages[VHDX_CHANGE_PAGES];
	u64 place;
	bool bitmap_claimed;
	struct vhdx_claim bitmap_claim;
	u64 bitmap;
	u64 entry;
	struct vhdx_io io;
	struct bio_vec *bvecs;
	struct bio_vec inline_bvecs[VHDX_INLINE_BVECS];
};

static inline struct request *vhdx_command_request(struct vhdx_command *command)
{
	return blk_mq_rq_from_pdu(command);
}

/* Where the request begins on the disk, in bytes */
static inline u64 vhdx_command_start(struct vhdx_command *command)
{
	return (u64)blk_rq_pos(vhdx_command_request(command)) << SECTOR_SHIFT;
}

/* Where the rest of it does */
static inline u64 vhdx_command_position(struct vhdx_command *command)
{
	return vhdx_command_start(command) + command->done;
}

static inline u32 vhdx_command_left(struct vhdx_command *command)
{
	return blk_rq_bytes(vhdx_command_request(command)) - command->done;
}

void vhdx_command_init(struct vhdx_command *command, struct vhdx_image *image,
		       void (*again)(struct vhdx_command *command));
void vhdx_command_complete(struct vhdx_command *command);
void vhdx_command_fail(struct vhdx_command *command, int error);
void vhdx_command_bad(struct vhdx_command *command, const struct vhdx_fault *fault);

void vhdx_command_enter(struct vhdx_command *command);
void vhdx_command_leave(struct vhdx_command *command);
void vhdx_command_unclaim(struct vhdx_command *command);

int vhdx_command_iter(struct vhdx_command *command, unsigned int direction, u64 length,
		      struct iov_iter *iter);
void vhdx_command_transfer_done(struct vhdx_io *io, long result);
void vhdx_command_free_bvecs(struct vhdx_command *command);
bool vhdx_command_transferred(struct vhdx_command *command, long result);

#endif /* VHDX_REQUEST_CMD_H */
