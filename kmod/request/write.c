// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the way of a write
 *
 * To a block that is present: as a read, with the direction changed. To one that is not:
 *
 *	W1  Lock the block. Other writes to it wait until W6, and then find it present;
 *	    reads still find it absent.
 *	W2  Look again, under the block lock.
 *	W3  Reserve the page of its entry: pinned in memory, with room for it in the log.
 *	W4  Take space. It reads as zeros, so nothing needs to be written around the data.
 *	W5  Write the data there.
 *	W6  Change the entry, in memory; unlock the block; complete.
 *
 * Any of W1 to W4 may have to wait; the command then comes back to the thread, which goes
 * through the steps again; its stage (enum vhdx_stage) says what it holds. No step waits for a
 * block lock while it holds what the owner of the lock may wait for: block locks come first.
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
 * there, marks its sectors instead: partial.c has what that adds to these steps. Parents are
 * never written to.
 */
#include "request/write.h"

#include "image/image.h"
#include "meta/journal.h"
#include "request/allocate.h"
#include "request/cmd.h"
#include "request/partial.h"

/* The file system below is frozen: the steps are gone through again after some time. */
static void vhdx_write_later(struct vhdx_cmd *cmd)
{
	vhdx_cmd_free_bvecs(cmd);
	vhdx_cmd_leave(cmd);
	vhdx_backing_wait_thaw(&cmd->image->backing, &cmd->waiter);
}

static void vhdx_write_data(struct vhdx_cmd *cmd, u64 offset, u64 length,
			    vhdx_io_done done)
{
	struct iov_iter from;
	int ret = vhdx_cmd_iter(cmd, ITER_SOURCE, length, &from);

	if (ret)
		vhdx_cmd_fail(cmd, ret);
	else if (!vhdx_backing_write(&cmd->image->backing, &cmd->io, offset, &from,
				     req_get_ioprio(vhdx_cmd_request(cmd)), done))
		vhdx_write_later(cmd);
}

/* W5 is over. Context: any */
static void vhdx_write_new_done(struct vhdx_io *io, long result)
{
	struct vhdx_cmd *cmd = container_of(io, struct vhdx_cmd, io);
	u64 end = vhdx_cmd_position(cmd) + vhdx_cmd_left(cmd);

	if (!vhdx_cmd_transferred(cmd, result)) {
		cmd->again(cmd);
		return;
	}
	if (cmd->bitmap)
		vhdx_partial_mark(cmd, vhdx_cmd_start(cmd) + cmd->first, end);
	else
		vhdx_allocate_change(cmd, vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT,
							 cmd->place));
	vhdx_cmd_complete(cmd);
}

/* W3 to W5, the block being absent, or all of it being written */
static void vhdx_write_new(struct vhdx_cmd *cmd, u64 length)
{
	u32 block_size = vhdx_image_geometry(cmd->image)->block_size;
	u32 skip = vhdx_cmd_position(cmd) & (block_size - 1);

	if (vhdx_allocate_reserve(cmd) && vhdx_allocate_take(cmd))
		vhdx_write_data(cmd, cmd->place + skip, length, vhdx_write_new_done);
}

/* W3 to W5, of a block whose other sectors stay in the parent, or where they are */
static void vhdx_write_sectors(struct vhdx_cmd *cmd, const struct vhdx_map *map)
{
	u32 block_size = vhdx_image_geometry(cmd->image)->block_size;
	u32 skip = vhdx_cmd_position(cmd) & (block_size - 1);
	u64 offset = map->offset;

	if (!vhdx_partial_prepare(cmd, map))
		return;
	if (map->kind == VHDX_MAP_PARENT) {
		if (!vhdx_allocate_take(cmd))
			return;
		offset = cmd->place + skip;
	}
	vhdx_write_data(cmd, offset, map->length, vhdx_write_new_done);
}

/* Does the request write all of its block, from where the block was locked on? */
static bool vhdx_write_is_whole(struct vhdx_cmd *cmd)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(cmd->image);
	u64 block = cmd->lock.block << g->block_shift;

	return vhdx_cmd_start(cmd) + cmd->first == block &&
	       vhdx_cmd_position(cmd) + vhdx_cmd_left(cmd) ==
	       block + vhdx_block_used(g, cmd->lock.block);
}

/* W2: look again, at the whole block this time. */
static void vhdx_write_locked(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	vhdx_image_map_block(cmd->image, vhdx_cmd_position(cmd), &map);
	switch (map.kind) {
	case VHDX_MAP_DATA:
		if (vhdx_bat_state(map.entry) == VHDX_BLOCK_PARTIALLY_PRESENT) {
			vhdx_write_sectors(cmd, &map);
			break;
		}
		/* another command was faster */
		vhdx_cmd_unlock(cmd);
		vhdx_write_run(cmd);
		break;
	case VHDX_MAP_PARENT:
		if (!vhdx_write_is_whole(cmd)) {
			vhdx_write_sectors(cmd, &map);
			break;
		}
		fallthrough;
	case VHDX_MAP_ZERO:
		if (vhdx_allocate_drop_former(cmd, &map))
			vhdx_write_new(cmd, map.length);
		break;
	case VHDX_MAP_MISS:
		vhdx_map_load(&map, &cmd->waiter);
		break;
	case VHDX_MAP_BAD:
		vhdx_cmd_bad(cmd, &map.fault);
		break;
	}
}

/* Without the block lock: data that are present are overwritten where they are. */
static void vhdx_write_unlocked(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	vhdx_cmd_enter(cmd);
	vhdx_image_map(cmd->image, vhdx_cmd_position(cmd),
		       vhdx_cmd_left(cmd), &map);
	if (likely(map.kind == VHDX_MAP_DATA)) {
		vhdx_write_data(cmd, map.offset, map.length, vhdx_cmd_transfer_done);
		return;
	}
	vhdx_cmd_leave(cmd);
	if (map.kind == VHDX_MAP_MISS)
		vhdx_map_load(&map, &cmd->waiter);
	else if (map.kind == VHDX_MAP_BAD)
		vhdx_cmd_bad(cmd, &map.fault);
	else if (vhdx_allocate_lock(cmd))
		vhdx_write_locked(cmd);
}

/**
 * vhdx_write_run() - take a write as far as it goes without waiting
 * @cmd:	new, or back from what it waited for
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_write_run(struct vhdx_cmd *cmd)
{
	if (!vhdx_allocate_ready(cmd))
		return;
	if (cmd->stage >= VHDX_STAGE_LOCKED)
		vhdx_write_locked(cmd);
	else
		vhdx_write_unlocked(cmd);
}

/* The flush is over, one way or the other. Context: any */
static void vhdx_flush_done(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_cmd *cmd = container_of(waiter, struct vhdx_cmd, waiter);

	cmd->error = error ? -EIO : 0;
	vhdx_cmd_complete(cmd);
}

/**
 * vhdx_write_flush() - make durable what was written before
 * @cmd:	new
 *
 * Context: the queue's thread
 */
void vhdx_write_flush(struct vhdx_cmd *cmd)
{
	cmd->waiter.done = vhdx_flush_done;
	vhdx_journal_flush(cmd->image->journal, &cmd->waiter);
}
