// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: the way of a write
 *
 * To a block that is present: as a read, with the direction changed. To one that is not:
 *
 *	W1  Claim the block. Who else wants to write to it waits until W6, and then finds
 *	    it present; who reads it still finds it absent.
 *	W2  Look again, under the claim.
 *	W3  Reserve the page of its entry: pinned in memory, with room for it in the log.
 *	W4  Take space. It reads as zeros, so nothing needs to be written around the data.
 *	W5  Write the data there.
 *	W6  Change the entry, in memory; release the claim; complete.
 *
 * Any of W1 to W4 may have to wait; the command then comes back to the thread, which goes
 * through the steps again and finds what it holds. No step waits for a claim while it
 * holds what the claim's holder may wait for: claims come first, and nobody has two.
 *
 * Nothing is flushed. The journal makes the data durable before the entry (J4), so after a
 * crash the block is absent, or its data are there.
 *
 * If W5 fails the block stays absent, and the space is cleaned before it is used again. If it
 * fails for want of room, in W4, W5 or in a block that is present, and discards have freed
 * some that waits for a commit, the command waits for that, and goes back to W4.
 *
 * An absent block whose entry names a former place drops that first: it is not used again
 * before that is durable.
 *
 * In a child, a write to a part of a block that is not present, or present in part and not
 * there, marks its sectors instead: sectors.c has what that adds to these steps. Parents are
 * never written to.
 */
#include "request/write.h"

#include "image/image.h"
#include "meta/journal.h"
#include "request/allocate.h"
#include "request/cmd.h"
#include "request/partial.h"

/* The file system below is frozen: the steps are gone through again after some time. */
static void vhdx_write_later(struct vhdx_command *command)
{
	vhdx_command_free_bvecs(command);
	vhdx_command_leave(command);
	vhdx_backing_wait_thaw(&command->image->backing, &command->waiter);
}

static void vhdx_write_data(struct vhdx_command *command, u64 offset, u64 length,
			    vhdx_io_done done)
{
	struct iov_iter from;
	int ret = vhdx_command_iter(command, ITER_SOURCE, length, &from);

	if (ret)
		vhdx_command_fail(command, ret);
	else if (!vhdx_backing_write(&command->image->backing, &command->io, offset, &from,
				     req_get_ioprio(vhdx_command_request(command)), done))
		vhdx_write_later(command);
}

/* W5 is over. Context: any */
static void vhdx_write_new_done(struct vhdx_io *io, long result)
{
	struct vhdx_command *command = container_of(io, struct vhdx_command, io);
	u64 end = vhdx_command_position(command) + vhdx_command_left(command);

	if (!vhdx_command_transferred(command, result)) {
		command->again(command);
		return;
	}
	if (command->bitmap)
		vhdx_sectors_mark(command, vhdx_command_start(command) + command->first, end);
	else
		vhdx_step_change(command, vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT,
							 command->place));
	vhdx_command_complete(command);
}

/* W3 to W5, the block being absent, or all of it being written */
static void vhdx_write_new(struct vhdx_command *command, u64 length)
{
	u32 block_size = vhdx_image_geometry(command->image)->block_size;
	u32 skip = vhdx_command_position(command) & (block_size - 1);

	if (vhdx_step_reserve(command) && vhdx_step_take(command))
		vhdx_write_data(command, command->place + skip, length, vhdx_write_new_done);
}

/* W3 to W5, of a block whose other sectors stay in the parent, or where they are */
static void vhdx_write_sectors(struct vhdx_command *command, const struct vhdx_map *map)
{
	u32 block_size = vhdx_image_geometry(command->image)->block_size;
	u32 skip = vhdx_command_position(command) & (block_size - 1);
	u64 offset = map->offset;

	if (!vhdx_sectors_prepare(command, map))
		return;
	if (map->kind == VHDX_MAP_PARENT) {
		if (!vhdx_step_take(command))
			return;
		offset = command->place + skip;
	}
	vhdx_write_data(command, offset, map->length, vhdx_write_new_done);
}

/* Does the request, from where it got the claim, write all of its block? */
static bool vhdx_write_is_whole(struct vhdx_command *command)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(command->image);
	u64 block = command->claim.block << g->block_shift;

	return vhdx_command_start(command) + command->first == block &&
	       vhdx_command_position(command) + vhdx_command_left(command) ==
	       block + vhdx_block_used(g, command->claim.block);
}

/* W2: look again, at the whole block this time. */
static void vhdx_write_claimed(struct vhdx_command *command)
{
	struct vhdx_map map;

	vhdx_image_map_block(command->image, vhdx_command_position(command), &map);
	switch (map.kind) {
	case VHDX_MAP_DATA:
		if (vhdx_bat_state(map.entry) == VHDX_BLOCK_PARTIALLY_PRESENT) {
			vhdx_write_sectors(command, &map);
			break;
		}
		/* somebody else was faster */
		vhdx_command_unclaim(command);
		vhdx_write_run(command);
		break;
	case VHDX_MAP_PARENT:
		if (!vhdx_write_is_whole(command)) {
			vhdx_write_sectors(command, &map);
			break;
		}
		fallthrough;
	case VHDX_MAP_ZERO:
		if (vhdx_step_drop_former(command, &map))
			vhdx_write_new(command, map.length);
		break;
	case VHDX_MAP_MISS:
		vhdx_map_load(&map, &command->waiter);
		break;
	case VHDX_MAP_BAD:
		vhdx_command_bad(command, &map.fault);
		break;
	}
}

/* Who holds no claim looks for data that can be overwritten where they are. */
static void vhdx_write_unclaimed(struct vhdx_command *command)
{
	struct vhdx_map map;

	vhdx_command_enter(command);
	vhdx_image_map(command->image, vhdx_command_position(command),
		       vhdx_command_left(command), &map);
	if (likely(map.kind == VHDX_MAP_DATA)) {
		vhdx_write_data(command, map.offset, map.length, vhdx_command_transfer_done);
		return;
	}
	vhdx_command_leave(command);
	if (map.kind == VHDX_MAP_MISS)
		vhdx_map_load(&map, &command->waiter);
	else if (map.kind == VHDX_MAP_BAD)
		vhdx_command_bad(command, &map.fault);
	else if (vhdx_step_claim(command))
		vhdx_write_claimed(command);
}

/**
 * vhdx_write_run() - take a write as far as it goes without waiting
 * @command:	new, or back from what it waited for
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_write_run(struct vhdx_command *command)
{
	if (!vhdx_step_ready(command))
		return;
	if (command->claimed)
		vhdx_write_claimed(command);
	else
		vhdx_write_unclaimed(command);
}

/* The flush is over, one way or the other. Context: any */
static void vhdx_flush_done(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_command *command = container_of(waiter, struct vhdx_command, waiter);

	command->error = error ? -EIO : 0;
	vhdx_command_complete(command);
}

/**
 * vhdx_flush_run() - make durable what was written before
 * @command:	new
 *
 * Context: the queue's thread
 */
void vhdx_flush_run(struct vhdx_command *command)
{
	command->waiter.done = vhdx_flush_done;
	vhdx_journal_flush(command->image->journal, &command->waiter);
}
