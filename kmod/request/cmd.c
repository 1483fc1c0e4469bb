// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "request/cmd.h"

#include <linux/slab.h>

#include "compat/blk.h"
#include "compat/mm.h"
#include "image/chain.h"
#include "image/image.h"
#include "meta/space.h"
#include "request/poll.h"

/* --- completion --------------------------------------------------------------- */

/* Free what vhdx_cmd_iter() allocated. No transfer is under way. Context: any */
static void vhdx_cmd_free_bvecs(struct vhdx_cmd *cmd)
{
	kfree(cmd->bvecs);
	cmd->bvecs = NULL;
}

/**
 * vhdx_cmd_complete() - complete the request, with @cmd->error
 * @cmd:	in stage NONE; must not be used afterwards
 *
 * Context: any
 */
void vhdx_cmd_complete(struct vhdx_cmd *cmd)
{
	vhdx_cmd_free_bvecs(cmd);
	blk_mq_complete_request(vhdx_cmd_request(cmd));
}

/**
 * vhdx_cmd_end_request() - ->complete() of the block layer
 * @rq:		of a command that vhdx_cmd_complete() was called for
 *
 * Context: any
 */
void vhdx_cmd_end_request(struct request *rq)
{
	struct vhdx_cmd *cmd = blk_mq_rq_to_pdu(rq);

	vhdx_poll_end(rq->mq_hctx->driver_data, rq);
	blk_mq_end_request(rq, errno_to_blk_status(cmd->error));
}

/**
 * vhdx_cmd_unreserve() - return reserved pages and space; locks are kept
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
 * vhdx_cmd_unlock() - unlock the block, and return what is held with the block lock
 * @cmd:	in any stage; nothing is done if it has no block lock
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
 * @cmd:	running, in any stage; must not be used afterwards
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
 * vhdx_cmd_bad() - complete a command whose BAT entry is invalid with -EIO
 * @cmd:	running, in any stage; must not be used afterwards
 * @fault:	why the entry is invalid
 *
 * Logs one line for each, within the rate limit of the image.
 *
 * Context: any
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

/* --- lookup ------------------------------------------------------------------- */

/**
 * vhdx_cmd_leave() - the place found by vhdx_cmd_map() is not used any more
 * @cmd:	in any stage; nothing is done unless it is LOOKED_UP
 *
 * Context: any
 */
void vhdx_cmd_leave(struct vhdx_cmd *cmd)
{
	if (cmd->stage != VHDX_STAGE_LOOKED_UP)
		return;
	vhdx_srcu_up(&cmd->image->users, cmd->users);
	cmd->stage = VHDX_STAGE_NONE;
}

/**
 * vhdx_cmd_map() - look up where the bytes from vhdx_cmd_position() on are
 * @cmd:	running, in stage NONE
 * @parents:	if the image leaves them to its parents, look there too
 * @map:	filled. If it says DATA, that holds until vhdx_cmd_leave(). It says PARENT only
 *		without @parents.
 *
 * Context: process; does not sleep
 */
void vhdx_cmd_map(struct vhdx_cmd *cmd, bool parents, struct vhdx_map *map)
{
	struct vhdx_image *image = cmd->image;
	u64 position = vhdx_cmd_position(cmd);

	if (image->writable) {
		cmd->users = vhdx_srcu_down(&image->users);
		cmd->stage = VHDX_STAGE_LOOKED_UP;
	}
	vhdx_image_map(image, position, vhdx_cmd_left(cmd), map);
	if (parents && map->kind == VHDX_MAP_PARENT)
		vhdx_chain_map_parents(image, position, vhdx_cmd_left(cmd), map);
	if (map->kind != VHDX_MAP_DATA)
		vhdx_cmd_leave(cmd);
}

/* --- transfers ---------------------------------------------------------------- */

/*
 * Copy the vectors of the request from the byte at @cmd->done on, @max at most.
 *
 * Return: the number of bytes in them; their number is in @nr
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
 * A request of several bios needs their vectors in one array. If that cannot be allocated, the
 * transfer covers as many as fit into the command, in whole sectors, and the rest follows as
 * after any short transfer. So I/O makes progress without memory.
 */
static int vhdx_cmd_copy(struct vhdx_cmd *cmd, unsigned int direction,
			 struct iov_iter *iter)
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

/*
 * Fill @iter with the memory of the request from the byte at @cmd->done on, @length bytes at most.
 * It is valid until vhdx_cmd_free_bvecs().
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0 or -ENOMEM
 */
static int vhdx_cmd_iter(struct vhdx_cmd *cmd, unsigned int direction, u64 length,
			 struct iov_iter *iter)
{
	struct request *rq = vhdx_cmd_request(cmd);
	const struct bio *bio = rq->bio;
	unsigned int nr;

	if (bio == rq->biotail) {
		/* the bio's own vectors, maybe more than its bytes need; a clone's are counted */
		nr = bio->bi_vcnt ? bio->bi_vcnt - bio->bi_iter.bi_idx : vhdx_rq_nr_bvec(rq);
		iov_iter_bvec(iter, direction, __bvec_iter_bvec(bio->bi_io_vec, bio->bi_iter), nr,
			      blk_rq_bytes(rq));
		iter->iov_offset = vhdx_bvec_done(bio->bi_iter);
		if (unlikely(cmd->done))
			iov_iter_advance(iter, cmd->done);
	} else if (vhdx_cmd_copy(cmd, direction, iter)) {
		return -ENOMEM;
	}
	iov_iter_truncate(iter, length);
	cmd->want = iov_iter_count(iter);
	return 0;
}

/**
 * vhdx_cmd_transferred() - account for a transfer that has completed
 * @cmd:	the command
 * @result:	bytes, or a negative errno
 *
 * Context: any
 * Return: true if the whole request is done; false if the command must run again, for the rest
 * or because @cmd->error is set
 */
bool vhdx_cmd_transferred(struct vhdx_cmd *cmd, long result)
{
	if (likely(result == cmd->want && result == vhdx_cmd_left(cmd)))
		return true;
	vhdx_cmd_free_bvecs(cmd);
	/* 0 bytes: the file is shorter than it was */
	if (result > 0)
		cmd->done += result;
	else
		cmd->error = result ? result : -EIO;
	return false;
}

/**
 * vhdx_cmd_transfer_done() - complete a transfer to or from a block that is present
 * @io:		of the command
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

/**
 * vhdx_cmd_read() - start a read from the file
 * @cmd:	running
 * @map:	from vhdx_cmd_map(); says DATA
 *
 * Context: process, may sleep; in a NOIO scope
 */
void vhdx_cmd_read(struct vhdx_cmd *cmd, const struct vhdx_map *map)
{
	struct iov_iter to;
	int ret = vhdx_cmd_iter(cmd, ITER_DEST, map->length, &to);

	if (ret)
		vhdx_cmd_fail(cmd, ret);
	else
		vhdx_backing_read(&map->image->backing, &cmd->io, map->offset, &to,
				  req_get_ioprio(vhdx_cmd_request(cmd)),
				  vhdx_cmd_transfer_done);
}

/* A read of vhdx_cmd_try_read(). If it fails the thread repeats it. Context: any */
static void vhdx_cmd_tried(struct vhdx_io *io, long result)
{
	struct vhdx_cmd *cmd = container_of(io, struct vhdx_cmd, io);

	if (likely(result > 0)) {
		vhdx_cmd_transfer_done(io, result);
		return;
	}
	vhdx_cmd_leave(cmd);
	vhdx_cmd_free_bvecs(cmd);
	cmd->again(cmd);
}

/**
 * vhdx_cmd_try_read() - start a read from the file, in the submitter of the request
 * @cmd:	running
 * @map:	from vhdx_cmd_map(); says DATA
 *
 * Context: process, in a vhdx_nowait scope
 * Return: true if the read was started: the command must not be used any more; false if only the
 * queue's thread can read it
 */
bool vhdx_cmd_try_read(struct vhdx_cmd *cmd, const struct vhdx_map *map)
{
	const struct vhdx_backing *backing = &map->image->backing;
	struct request *rq = vhdx_cmd_request(cmd);
	/* a submitter that polls waits in any case */
	bool nowait = (rq->cmd_flags & (REQ_NOWAIT | REQ_POLLED)) == REQ_NOWAIT;
	struct iov_iter to;

	if (backing->queued_because || (nowait && backing->may_sleep) ||
	    vhdx_cmd_iter(cmd, ITER_DEST, map->length, &to))
		return false;
	vhdx_backing_try_read(backing, &cmd->io, map->offset, &to,
			      req_get_ioprio(rq), rq->cmd_flags & REQ_POLLED, vhdx_cmd_tried);
	return true;
}

/**
 * vhdx_cmd_write() - start a write to the file
 * @cmd:	running
 * @offset:	in the file, in bytes
 * @length:	bytes at most
 * @done:	called with the bytes written, or a negative errno; in any context
 *
 * If the file system is frozen nothing is written, and the command runs again when it thaws.
 *
 * Context: process, may sleep; in a NOIO scope
 */
void vhdx_cmd_write(struct vhdx_cmd *cmd, u64 offset, u64 length, vhdx_io_done done)
{
	struct vhdx_backing *backing = &cmd->image->backing;
	struct iov_iter from;
	int ret = vhdx_cmd_iter(cmd, ITER_SOURCE, length, &from);

	if (ret) {
		vhdx_cmd_fail(cmd, ret);
		return;
	}
	if (vhdx_backing_write(backing, &cmd->io, offset, &from,
			       req_get_ioprio(vhdx_cmd_request(cmd)), done))
		return;
	vhdx_cmd_free_bvecs(cmd);
	vhdx_cmd_leave(cmd);
	vhdx_backing_wait_thaw(backing, &cmd->waiter);
}
