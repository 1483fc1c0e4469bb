// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "request/cmd.h"

#include <linux/slab.h>

#include "compat/blk.h"
#include "compat/mm.h"
#include "image/image.h"
#include "meta/space.h"

/**
 * vhdx_cmd_free_bvecs() - what vhdx_cmd_iter() gave is not used any more
 * @cmd:	has no read or write under way
 *
 * Context: any
 */
void vhdx_cmd_free_bvecs(struct vhdx_cmd *cmd)
{
	kfree(cmd->bvecs);
	cmd->bvecs = NULL;
}

/* It came true, or never will. Context: any */
static void vhdx_cmd_told(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_cmd *cmd = container_of(waiter, struct vhdx_cmd, waiter);

	if (error)
		cmd->error = error;
	cmd->again(cmd);
}

/**
 * vhdx_cmd_init() - a request was handed to us
 * @cmd:	its pdu, with whatever the last request left in it
 * @image:	what it reads from or writes to
 * @again:	see struct vhdx_cmd
 */
void vhdx_cmd_init(struct vhdx_cmd *cmd, struct vhdx_image *image,
		   void (*again)(struct vhdx_cmd *cmd))
{
	cmd->image = image;
	cmd->again = again;
	cmd->done = 0;
	cmd->recycled = 0;
	cmd->error = 0;
	cmd->stage = VHDX_STAGE_NONE;
	cmd->place = 0;
	cmd->bitmap = 0;
	cmd->bvecs = NULL;
	cmd->waiter.done = vhdx_cmd_told;
}

/**
 * vhdx_cmd_complete() - the request is over
 * @cmd:	holds nothing any more; gone afterwards
 *
 * Context: any
 */
void vhdx_cmd_complete(struct vhdx_cmd *cmd)
{
	vhdx_cmd_free_bvecs(cmd);
	blk_mq_complete_request(vhdx_cmd_request(cmd));
}

/**
 * vhdx_cmd_unreserve() - give back space and pages; locks are kept
 * @cmd:	in any stage
 *
 * Context: any
 */
void vhdx_cmd_unreserve(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;

	if (cmd->stage == VHDX_STAGE_PLACED) {
		vhdx_space_return(image->space, cmd->place,
				  vhdx_image_geometry(image)->block_size);
		cmd->place = 0;
		cmd->stage = VHDX_STAGE_RESERVED;
	}
	if (cmd->stage != VHDX_STAGE_RESERVED && cmd->stage != VHDX_STAGE_BITMAP_RESERVED)
		return;
	vhdx_journal_cancel(image->journal, cmd->pages, cmd->nr_pages);
	if (cmd->stage == VHDX_STAGE_BITMAP_RESERVED)
		cmd->stage = VHDX_STAGE_BITMAP_LOCKED;
	else
		cmd->stage = cmd->bitmap ? VHDX_STAGE_BITMAP : VHDX_STAGE_LOCKED;
}

/**
 * vhdx_cmd_unlock() - the block's entry was changed, or will not be
 * @cmd:	in any stage; gives back all that goes with the block lock, if it holds that
 *
 * Context: any
 */
void vhdx_cmd_unlock(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;

	if (cmd->stage < VHDX_STAGE_LOCKED)
		return;
	vhdx_cmd_unreserve(cmd);
	if (cmd->stage == VHDX_STAGE_BITMAP_LOCKED)
		vhdx_block_unlock(&image->locks, &cmd->bitmap_lock);
	vhdx_block_unlock(&image->locks, &cmd->lock);
	cmd->bitmap = 0;
	cmd->stage = VHDX_STAGE_NONE;
}

/**
 * vhdx_cmd_fail() - complete a command with an error
 * @cmd:	running; gone afterwards
 * @error:	negative errno
 *
 * Context: any
 */
void vhdx_cmd_fail(struct vhdx_cmd *cmd, int error)
{
	cmd->error = error;
	vhdx_cmd_leave(cmd);
	vhdx_cmd_unlock(cmd);
	vhdx_cmd_complete(cmd);
}

/**
 * vhdx_cmd_bad() - complete a command because its BAT entry cannot be believed
 * @cmd:	running; gone afterwards
 * @fault:	why
 *
 * One line for each bad entry met, as far as the image's rate limit allows.
 */
void vhdx_cmd_bad(struct vhdx_cmd *cmd, const struct vhdx_fault *fault)
{
	struct request *rq = vhdx_cmd_request(cmd);
	char text[VHDX_FAULT_TEXT_SIZE];

	atomic_long_inc(&cmd->image->bad_reads);
	if (__ratelimit(&cmd->image->bad_limit))
		pr_err("%s: sector %llu: %s [%s]\n", rq->q->disk->disk_name,
		       (unsigned long long)blk_rq_pos(rq),
		       vhdx_fault_text(fault, text, sizeof(text)),
		       vhdx_reason_name(fault->reason));
	vhdx_cmd_fail(cmd, -EIO);
}

/**
 * vhdx_cmd_enter() - before looking up where the data are
 * @cmd:	running, in stage NONE
 *
 * What is found holds until vhdx_cmd_leave().
 *
 * Context: any
 */
void vhdx_cmd_enter(struct vhdx_cmd *cmd)
{
	if (!cmd->image->writable)
		return;
	cmd->users = vhdx_srcu_down(&cmd->image->users);
	cmd->stage = VHDX_STAGE_LOOKED_UP;
}

/* Nothing is read or written there any more. Context: any */
void vhdx_cmd_leave(struct vhdx_cmd *cmd)
{
	if (cmd->stage != VHDX_STAGE_LOOKED_UP)
		return;
	vhdx_srcu_up(&cmd->image->users, cmd->users);
	cmd->stage = VHDX_STAGE_NONE;
}

/*
 * Copy the vectors of the request from the first byte not yet read on, @max at most.
 *
 * Return: how many bytes they hold
 */
static u32 vhdx_cmd_gather(struct vhdx_cmd *cmd, struct bio_vec *bvecs,
			   unsigned int max, unsigned int *nr)
{
	u32 skip = cmd->done, bytes = 0;
	struct req_iterator iter;
	struct bio_vec bvec;

	*nr = 0;
	rq_for_each_bvec(bvec, vhdx_cmd_request(cmd), iter) {
		u32 skipped = min(skip, bvec.bv_len);

		skip -= skipped;
		if (skipped == bvec.bv_len)
			continue;
		if (*nr == max)
			break;
		bvecs[*nr] = bvec;
		bvecs[*nr].bv_offset += skipped;
		bvecs[*nr].bv_len -= skipped;
		bytes += bvecs[(*nr)++].bv_len;
	}
	return bytes;
}

/*
 * A request of one bio lends the bio's own vectors: a clone's must be counted. It may have more
 * than are needed for its bytes.
 */
static void vhdx_cmd_borrow(struct vhdx_cmd *cmd, unsigned int direction,
			    struct iov_iter *iter)
{
	struct request *rq = vhdx_cmd_request(cmd);
	const struct bio *bio = rq->bio;
	unsigned int nr = bio->bi_vcnt ? bio->bi_vcnt - bio->bi_iter.bi_idx : vhdx_rq_nr_bvec(rq);

	iov_iter_bvec(iter, direction, __bvec_iter_bvec(bio->bi_io_vec, bio->bi_iter), nr,
		      blk_rq_bytes(rq));
	iter->iov_offset = vhdx_bvec_done(bio->bi_iter);
	if (unlikely(cmd->done))
		iov_iter_advance(iter, cmd->done);
}

/*
 * A request of several bios needs their vectors in one array. If there is no memory for
 * many, as many as fit into the command are transferred now, in whole sectors, and the rest
 * as after any short transfer: I/O goes on when memory is out.
 */
static int vhdx_cmd_copy(struct vhdx_cmd *cmd, unsigned int direction, struct iov_iter *iter)
{
	struct request *rq = vhdx_cmd_request(cmd);
	unsigned int nr = vhdx_rq_nr_bvec(rq), max = VHDX_INLINE_BVECS;
	struct bio_vec *bvecs = cmd->inline_bvecs;
	u32 bytes;

	if (nr > max)
		cmd->bvecs = kmalloc_array(nr, sizeof(*bvecs), GFP_NOIO | __GFP_NOWARN);
	if (cmd->bvecs) {
		bvecs = cmd->bvecs;
		max = nr;
	}
	bytes = vhdx_cmd_gather(cmd, bvecs, max, &nr);
	bytes = round_down(bytes, queue_logical_block_size(rq->q));
	if (!bytes)
		return -ENOMEM;
	iov_iter_bvec(iter, direction, bvecs, nr, bytes);
	return 0;
}

/**
 * vhdx_cmd_iter() - the memory of the rest of the request
 * @cmd:	running
 * @direction:	ITER_DEST or ITER_SOURCE
 * @length:	not more than so many bytes
 * @iter:	filled; good until vhdx_cmd_transferred()
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0 or -ENOMEM
 */
int vhdx_cmd_iter(struct vhdx_cmd *cmd, unsigned int direction, u64 length,
		  struct iov_iter *iter)
{
	struct request *rq = vhdx_cmd_request(cmd);
	int ret = 0;

	if (rq->bio == rq->biotail)
		vhdx_cmd_borrow(cmd, direction, iter);
	else
		ret = vhdx_cmd_copy(cmd, direction, iter);
	if (ret)
		return ret;
	iov_iter_truncate(iter, length);
	cmd->want = iov_iter_count(iter);
	return 0;
}

/**
 * vhdx_cmd_transferred() - a read or write is over
 * @cmd:	the command
 * @result:	bytes, or a negative errno
 *
 * Context: any
 * Return: true if the whole request is done; otherwise it is to be run again, for the rest
 * or because @error is set now
 */
bool vhdx_cmd_transferred(struct vhdx_cmd *cmd, long result)
{
	if (likely(result == cmd->want && result == vhdx_cmd_left(cmd)))
		return true;
	vhdx_cmd_free_bvecs(cmd);
	/* nothing at all: the file has become shorter than it was */
	if (result > 0)
		cmd->done += result;
	else
		cmd->error = result ? result : -EIO;
	return false;
}

/**
 * vhdx_cmd_transfer_done() - a read or write where the data are is over
 * @io:		the command's
 * @result:	bytes, or a negative errno
 *
 * Context: any
 */
void vhdx_cmd_transfer_done(struct vhdx_io *io, long result)
{
	struct vhdx_cmd *cmd = container_of(io, struct vhdx_cmd, io);

	vhdx_cmd_leave(cmd);
	if (vhdx_cmd_transferred(cmd, result))
		vhdx_cmd_complete(cmd);
	else
		cmd->again(cmd);
}
