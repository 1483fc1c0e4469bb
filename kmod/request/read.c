// SPDX-License-Identifier: GPL-2.0
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

#include "compat.h"
#include "image/chain.h"
#include "image/image.h"
#include "request/cmd.h"

/* @length bytes of the request read as zeros. */
static void vhdx_read_zeros(struct vhdx_command *command, u32 length)
{
	struct request *rq = vhdx_command_request(command);
	u32 skip = command->done;
	struct req_iterator iter;
	struct bio_vec bvec;

	command->done += length;
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

static void vhdx_read_data(struct vhdx_command *command, const struct vhdx_map *map)
{
	struct iov_iter to;
	int ret = vhdx_command_iter(command, ITER_DEST, map->length, &to);

	if (ret)
		vhdx_command_fail(command, ret);
	else
		vhdx_backing_read(&map->image->backing, &command->io, map->offset, &to,
				  req_get_ioprio(vhdx_command_request(command)),
				  vhdx_command_transfer_done);
}

/* Zeros, as long as there are some. Return: false if that was all of the request */
static bool vhdx_read_map(struct vhdx_command *command, struct vhdx_map *map)
{
	for (;;) {
		u32 left = vhdx_command_left(command);

		if (!left)
			return false;
		vhdx_command_enter(command);
		vhdx_chain_map(command->image, vhdx_command_position(command), left, map);
		if (map->kind == VHDX_MAP_DATA)
			return true;
		vhdx_command_leave(command);
		if (map->kind != VHDX_MAP_ZERO)
			return true;
		vhdx_read_zeros(command, min_t(u64, left, map->length));
	}
}

/**
 * vhdx_read_run() - take a read as far as it goes without waiting
 * @command:	new, or back from what it waited for
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_read_run(struct vhdx_command *command)
{
	struct vhdx_map map;

	if (command->error) {
		vhdx_command_complete(command);
		return;
	}
	if (!vhdx_read_map(command, &map)) {
		vhdx_command_complete(command);
		return;
	}
	switch (map.kind) {
	case VHDX_MAP_DATA:
		vhdx_read_data(command, &map);
		break;
	case VHDX_MAP_MISS:
		vhdx_map_load(&map, &command->waiter);
		break;
	default:
		vhdx_command_bad(command, &map.fault);
		break;
	}
}

/*
 * A read submitted by whoever asked is over. If it failed, the thread finds out whether it
 * does so there, too. Context: any
 */
static void vhdx_read_tried(struct vhdx_io *io, long result)
{
	struct vhdx_command *command = container_of(io, struct vhdx_command, io);

	if (likely(result > 0)) {
		vhdx_command_transfer_done(io, result);
		return;
	}
	vhdx_command_leave(command);
	vhdx_command_free_bvecs(command);
	command->again(command);
}

/* Would the submitter sleep, though it said that it must not? */
static bool vhdx_read_may_sleep(const struct vhdx_backing *backing, const struct request *rq)
{
	return backing->may_sleep && (rq->cmd_flags & (REQ_NOWAIT | REQ_POLLED)) == REQ_NOWAIT;
}

static bool vhdx_read_try_data(struct vhdx_command *command, const struct vhdx_map *map)
{
	const struct vhdx_backing *backing = &map->image->backing;
	struct request *rq = vhdx_command_request(command);
	struct iov_iter to;

	if (backing->queued_because || vhdx_read_may_sleep(backing, rq) ||
	    vhdx_command_iter(command, ITER_DEST, map->length, &to))
		return false;
	vhdx_backing_try_read(backing, &command->io, map->offset, &to,
			      req_get_ioprio(rq), rq->cmd_flags & REQ_POLLED, vhdx_read_tried);
	return true;
}

/**
 * vhdx_read_try() - take a read as far as it goes where it was asked for
 * @command:	new
 *
 * Context: process, in a vhdx_inline scope
 * Return: true if it is over or under way, and not to be touched; false if it is to be run
 * by the queue's thread, because something would have to be waited for, or said
 */
bool vhdx_read_try(struct vhdx_command *command)
{
	struct vhdx_map map;

	if (!vhdx_read_map(command, &map)) {
		vhdx_command_complete(command);
		return true;
	}
	if (map.kind == VHDX_MAP_DATA && vhdx_read_try_data(command, &map))
		return true;
	vhdx_command_leave(command);
	return false;
}
