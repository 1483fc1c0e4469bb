// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the way of a read
 *
 * A request never crosses a payload block (the disk's chunk_sectors see to that), so it
 * has one answer in the BAT; in a differencing image, whose blocks may be partially present
 * and whose parents may have smaller ones, it has as many as there are pieces. The queue's
 * thread runs a command until it is complete or has to wait; whatever it waits for has it
 * queued again, from any context:
 *
 *	          +------------------ run <-----------------+
 *	          |                    |                    |
 *	  zeros, error         data    |    miss            | queued again
 *	          |             +------+------+             |
 *	          v             v             v             |
 *	      complete <--- read file     load page --------+
 *	                  all |  | short                    |
 *	                      |  +--------------------------+
 *	                      v
 *	                  complete, in the file system's context
 *
 * Before that, vhdx_read_try() goes the same way from where the read was asked for; where it
 * would go to the right, it leaves the command to the thread.
 */
#include "request/read.h"

#include "compat/blk.h"
#include "image/chain.h"
#include "image/image.h"
#include "request/cmd.h"

/* @length bytes of the request read as zeros. */
static void vhdx_read_zeros(struct vhdx_cmd *cmd, u32 length)
{
	struct request *rq = vhdx_cmd_request(cmd);
	u32 skip = cmd->done;
	struct req_iterator iter;
	struct bio_vec bvec;

	cmd->done += length;
	rq_for_each_segment(bvec, rq, iter) {
		u32 skipped = min(skip, bvec.bv_len);
		struct bio_vec rest = bvec;	/* the loop itself goes on by bvec's length */

		skip -= skipped;
		rest.bv_offset += skipped;
		rest.bv_len = min(rest.bv_len - skipped, length);
		length -= rest.bv_len;
		if (rest.bv_len)
			memzero_bvec(&rest);
		if (!length)
			break;
	}
}

static void vhdx_read_data(struct vhdx_cmd *cmd, const struct vhdx_map *map)
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

/* Zeros, as long as there are some. Return: false if that was all of the request */
static bool vhdx_read_map(struct vhdx_cmd *cmd, struct vhdx_map *map)
{
	for (;;) {
		u32 left = vhdx_cmd_left(cmd);

		if (!left)
			return false;
		vhdx_cmd_enter(cmd);
		vhdx_chain_map(cmd->image, vhdx_cmd_position(cmd), left, map);
		if (map->kind == VHDX_MAP_DATA)
			return true;
		vhdx_cmd_leave(cmd);
		if (map->kind != VHDX_MAP_ZERO)
			return true;
		vhdx_read_zeros(cmd, min_t(u64, left, map->length));
	}
}

/**
 * vhdx_read_run() - take a read as far as it goes without waiting
 * @cmd:	new, or back from what it waited for
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_read_run(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	if (cmd->error) {
		vhdx_cmd_complete(cmd);
		return;
	}
	if (!vhdx_read_map(cmd, &map)) {
		vhdx_cmd_complete(cmd);
		return;
	}
	switch (map.kind) {
	case VHDX_MAP_DATA:
		vhdx_read_data(cmd, &map);
		break;
	case VHDX_MAP_MISS:
		vhdx_map_load(&map, &cmd->waiter);
		break;
	default:
		vhdx_cmd_bad(cmd, &map.fault);
		break;
	}
}

/*
 * A read submitted by whoever asked is over. If it failed, the thread finds out whether it
 * does so there, too. Context: any
 */
static void vhdx_read_tried(struct vhdx_io *io, long result)
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

/* Would the submitter sleep, though it said that it must not? */
static bool vhdx_read_may_sleep(const struct vhdx_backing *backing, const struct request *rq)
{
	return backing->may_sleep && (rq->cmd_flags & (REQ_NOWAIT | REQ_POLLED)) == REQ_NOWAIT;
}

static bool vhdx_read_try_data(struct vhdx_cmd *cmd, const struct vhdx_map *map)
{
	const struct vhdx_backing *backing = &map->image->backing;
	struct request *rq = vhdx_cmd_request(cmd);
	struct iov_iter to;

	if (backing->queued_because || vhdx_read_may_sleep(backing, rq) ||
	    vhdx_cmd_iter(cmd, ITER_DEST, map->length, &to))
		return false;
	vhdx_backing_try_read(backing, &cmd->io, map->offset, &to,
			      req_get_ioprio(rq), rq->cmd_flags & REQ_POLLED, vhdx_read_tried);
	return true;
}

/**
 * vhdx_read_try() - take a read as far as it goes where it was asked for
 * @cmd:	new
 *
 * Context: process, in a vhdx_nowait scope
 * Return: true if it is over or under way, and not to be touched; false if it is to be run
 * by the queue's thread, because something would have to be waited for, or said
 */
bool vhdx_read_try(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	if (!vhdx_read_map(cmd, &map)) {
		vhdx_cmd_complete(cmd);
		return true;
	}
	if (map.kind == VHDX_MAP_DATA && vhdx_read_try_data(cmd, &map))
		return true;
	vhdx_cmd_leave(cmd);
	return false;
}
