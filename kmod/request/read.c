// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the way of a read
 *
 * A request never crosses a payload block (the disk's chunk_sectors see to that), so it has
 * one answer in the BAT. In a differencing image it may have several: one for each run of
 * sectors in a partially present block, or for each block of a parent with smaller blocks.
 * The queue's thread runs a command until it completes or has to wait. The end of the wait
 * queues it again, from any context:
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
 * Before that, vhdx_read_try() follows the same way in the submitter of the request. Where it
 * would have to load a page or to report an error it leaves the command to the thread.
 */
#include "request/read.h"

#include "compat/blk.h"
#include "image/image.h"
#include "request/cmd.h"

/* The next @length bytes of the request read as zeros. */
static void vhdx_read_zeros(struct vhdx_cmd *cmd, u32 length)
{
	struct request *rq = vhdx_cmd_request(cmd);
	u32 skip = cmd->done;
	struct req_iterator iter;
	struct bio_vec bvec;

	cmd->done += length;
	rq_for_each_segment(bvec, rq, iter) {
		u32 skipped = min(skip, bvec.bv_len);
		struct bio_vec rest = bvec;	/* the iterator advances by the length of bvec */

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

/*
 * Look up the next piece of the request that does not read as zeros, and clear those before it.
 *
 * Return: false if there is none: the request is done
 */
static bool vhdx_read_map(struct vhdx_cmd *cmd, struct vhdx_map *map)
{
	u32 left;

	while ((left = vhdx_cmd_left(cmd))) {
		vhdx_cmd_map(cmd, true, map);
		if (map->kind != VHDX_MAP_ZERO)
			return true;
		vhdx_read_zeros(cmd, min_t(u64, left, map->length));
	}
	return false;
}

/**
 * vhdx_read_run() - run a read until it completes or has to wait
 * @cmd:	new, or queued again
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_read_run(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	if (cmd->error || !vhdx_read_map(cmd, &map)) {
		vhdx_cmd_complete(cmd);
		return;
	}
	switch (map.kind) {
	case VHDX_MAP_DATA:
		vhdx_cmd_read(cmd, &map);
		break;
	case VHDX_MAP_MISS:
		vhdx_map_load(&map, &cmd->waiter);
		break;
	default:
		vhdx_cmd_bad(cmd, &map.fault);
		break;
	}
}

/**
 * vhdx_read_try() - run a read in its submitter
 * @cmd:	new
 *
 * Context: process, in a vhdx_nowait scope
 * Return: true if it completes or is under way: it must not be used any more; false if the
 * queue's thread has to run it, because it would have to wait or to report an error
 */
bool vhdx_read_try(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	if (!vhdx_read_map(cmd, &map)) {
		vhdx_cmd_complete(cmd);
		return true;
	}
	if (map.kind == VHDX_MAP_DATA && vhdx_cmd_try_read(cmd, &map))
		return true;
	vhdx_cmd_leave(cmd);
	return false;
}
