// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: the way of a read
 *
 * A request never crosses a payload block (the disk's chunk_sectors see to that), so it
 * has one answer in the BAT. The queue's thread runs a command until it is complete or has
 * to wait; whatever it waits for has it queued again, from any context:
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
 */
#include "read.h"

#include "command.h"
#include "compat.h"
#include "image.h"

/* The rest of the request reads as zeros. */
static void vhdx_read_zeros(struct vhdx_command *command)
{
	struct request *rq = vhdx_command_request(command);
	u32 skip = command->done;
	struct req_iterator iter;
	struct bio_vec bvec;

	rq_for_each_segment(bvec, rq, iter) {
		u32 skipped = min(skip, bvec.bv_len);
		struct bio_vec rest = bvec;	/* the loop itself goes on by bvec's length */

		skip -= skipped;
		rest.bv_offset += skipped;
		rest.bv_len -= skipped;
		if (rest.bv_len)
			memzero_bvec(&rest);
	}
	vhdx_command_complete(command);
}

static void vhdx_read_data(struct vhdx_command *command, const struct vhdx_map *map)
{
	struct iov_iter to;
	int ret = vhdx_command_iter(command, ITER_DEST, map->length, &to);

	if (ret)
		vhdx_command_fail(command, ret);
	else
		vhdx_backing_read(&command->image->backing, &command->io, map->offset, &to,
				  req_get_ioprio(vhdx_command_request(command)),
				  vhdx_command_transfer_done);
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
	vhdx_command_map(command, &map);
	switch (map.kind) {
	case VHDX_MAP_DATA:
		vhdx_read_data(command, &map);
		break;
	case VHDX_MAP_ZERO:
		vhdx_read_zeros(command);
		break;
	case VHDX_MAP_MISS:
		vhdx_image_load_map(command->image, vhdx_command_position(command),
				    &command->waiter);
		break;
	case VHDX_MAP_BAD:
		vhdx_command_bad(command, &map.fault);
		break;
	}
}
