// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the way of a write
 *
 * A write to a block that is present goes the way of a read. A write to a block that is not:
 *
 *	W1  Lock the block. Other writes to it wait until W6, and then find it present;
 *	    reads still find it absent.
 *	W2  Look up the block again, under the block lock.
 *	W3  Reserve the page of its entry: pinned in memory, with room for it in the log.
 *	W4  Allocate space. It reads as zeros, so nothing is written around the data.
 *	W5  Write the data there.
 *	W6  Change the entry, in memory; unlock the block; complete.
 *
 * Each of W1 to W4 may have to wait. Then the command comes back to the thread, which repeats
 * the steps; its stage (enum vhdx_stage) says what it holds already. No step waits for a
 * block lock while it holds what the owner of that lock may wait for: block locks come first.
 *
 * Nothing is flushed. The journal makes the data durable before the entry (J4), so after a
 * crash the block is absent, or its data are there.
 *
 * If W5 fails the block stays absent, and the space is zeroed before it is used again. If the
 * error is lack of room, in W4, in W5 or in a block that is present, and discards have freed
 * space that waits for a commit, the command waits for the commit and goes back to W4.
 *
 * If the entry of an absent block names a former place, that is dropped first. The former place
 * is not used again before the change is durable.
 *
 * In a child, a write to a part of a block that is not present sets bits of the sector bitmap
 * instead, and so does a write to sectors that are not present in a partially present block.
 * partial.c has what that adds to these steps. Parents are never written to.
 */
#include "request/write.h"

#include "image/image.h"
#include "meta/journal.h"
#include "request/allocate.h"
#include "request/cmd.h"
#include "request/partial.h"

/* W6, after W5. Context: any */
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

/* W3 to W5 if the other sectors of the block stay in the parent, or in place */
static void vhdx_write_sectors(struct vhdx_cmd *cmd, const struct vhdx_map *map, u32 skip)
{
	u64 offset = map->offset;

	if (!vhdx_partial_prepare(cmd, map))
		return;
	if (map->kind == VHDX_MAP_PARENT) {
		if (!vhdx_allocate_place(cmd))
			return;
		offset = cmd->place + skip;
	}
	vhdx_cmd_write(cmd, offset, map->length, vhdx_write_new_done);
}

/* Does the request write all of its block, counted from @cmd->first? */
static bool vhdx_write_is_whole(struct vhdx_cmd *cmd)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(cmd->image);
	u64 block = cmd->lock.block << g->block_shift;

	return vhdx_cmd_start(cmd) + cmd->first == block &&
	       vhdx_cmd_position(cmd) + vhdx_cmd_left(cmd) ==
	       block + vhdx_block_used(g, cmd->lock.block);
}

/* W2 to W5 */
static void vhdx_write_locked(struct vhdx_cmd *cmd)
{
	u32 skip = vhdx_cmd_position(cmd) & (vhdx_image_geometry(cmd->image)->block_size - 1);
	struct vhdx_map map;

	vhdx_image_map_block(cmd->image, vhdx_cmd_position(cmd), &map);
	switch (map.kind) {
	case VHDX_MAP_DATA:
		if (vhdx_bat_state(map.entry) == VHDX_BLOCK_PARTIALLY_PRESENT) {
			vhdx_write_sectors(cmd, &map, skip);
			break;
		}
		/* another command has allocated it */
		vhdx_cmd_unlock(cmd);
		vhdx_write_run(cmd);
		break;
	case VHDX_MAP_PARENT:
		if (!vhdx_write_is_whole(cmd)) {
			vhdx_write_sectors(cmd, &map, skip);
			break;
		}
		fallthrough;
	case VHDX_MAP_ZERO:
		if (vhdx_allocate_drop_former(cmd, &map) && vhdx_allocate_reserve(cmd) &&
		    vhdx_allocate_place(cmd))
			vhdx_cmd_write(cmd, cmd->place + skip, map.length, vhdx_write_new_done);
		break;
	case VHDX_MAP_MISS:
		vhdx_map_load(&map, &cmd->waiter);
		break;
	case VHDX_MAP_BAD:
		vhdx_cmd_bad(cmd, &map.fault);
		break;
	}
}

/**
 * vhdx_write_run() - run a write until it completes or has to wait
 * @cmd:	new, or queued again
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_write_run(struct vhdx_cmd *cmd)
{
	struct vhdx_map map;

	if (!vhdx_allocate_begin(cmd))
		return;
	if (cmd->stage >= VHDX_STAGE_LOCKED) {
		vhdx_write_locked(cmd);
		return;
	}
	vhdx_cmd_map(cmd, false, &map);
	/* data that are present are overwritten in place */
	if (likely(map.kind == VHDX_MAP_DATA))
		vhdx_cmd_write(cmd, map.offset, map.length, vhdx_cmd_transfer_done);
	else if (map.kind == VHDX_MAP_MISS)
		vhdx_map_load(&map, &cmd->waiter);
	else if (map.kind == VHDX_MAP_BAD)
		vhdx_cmd_bad(cmd, &map.fault);
	else if (vhdx_allocate_lock(cmd))
		vhdx_write_locked(cmd);
}

/* Context: any */
static void vhdx_flush_done(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_cmd *cmd = container_of(waiter, struct vhdx_cmd, waiter);

	cmd->error = error ? -EIO : 0;
	vhdx_cmd_complete(cmd);
}

/**
 * vhdx_write_flush() - make all writes durable that completed before
 * @cmd:	new; completed when that is done
 *
 * Context: the queue's thread
 */
void vhdx_write_flush(struct vhdx_cmd *cmd)
{
	cmd->waiter.done = vhdx_flush_done;
	vhdx_journal_flush(cmd->image->journal, &cmd->waiter);
}
