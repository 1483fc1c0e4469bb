// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: discard and write-zeroes
 *
 * Both say that the contents of a range are not needed. After a write-zeroes the range must also
 * read as zeros. A range is processed block by block, each under its block lock:
 *
 *			discard			write-zeroes
 *	absent		-			ZERO if all of the block, else - (reads as zeros)
 *	 former place	freed if all of the block	likewise
 *	all of a block	UNMAPPED, space freed	ZERO, space freed; in place if NOUNMAP
 *	part of a block	hole in the host file	zeros in the host file
 *	fixed disk	-			zeros in the host file
 *	the parent's	-			ZERO if all of the block, else space, and the
 *						bits of the sectors are set
 *
 * With NOUNMAP the space must stay allocated: an absent block is given space. Neither request
 * uncovers data of a parent: UNMAPPED and ZERO hide them, and the bits of sectors that are
 * zeroed in a partially present block are set.
 *
 * The entry changes before the space is freed, and the block is unlocked after that; see
 * vhdx_space_free(). Until the change is durable a crash brings the old contents back, which
 * both requests allow.
 *
 * The file system may take long for all this, so discards have a thread of their own.
 */
#include "request/discard.h"

#include "delay.h"
#include "image/image.h"
#include "meta/space.h"
#include "request/allocate.h"
#include "request/cmd.h"
#include "request/partial.h"

/* One step of a discard: a block, or a part of it */
struct vhdx_discard {
	struct vhdx_map map;
	u32 length;		/* in bytes */
	bool whole;		/* all of the block */
	bool zeroes;		/* it must read as zeros */
	bool keep;		/* its space must stay allocated */
};

/* A block that is absent. Return: 1 if it is done, 0 if the command waits */
static int vhdx_discard_absent(struct vhdx_cmd *cmd, struct vhdx_discard *part)
{
	enum vhdx_block_state state = vhdx_bat_state(part->map.entry);
	bool space = part->zeroes && part->keep;
	/* other readers of the file may show a former place, so zeros in a part end it, too */
	bool former = part->zeroes && vhdx_bat_former(part->map.entry);
	bool drop = (part->whole || former) && !part->keep;

	if ((space || drop) && !vhdx_allocate_drop_former(cmd, &part->map))
		return 0;
	if (!space && !(drop && part->zeroes && state != VHDX_BLOCK_ZERO))
		return 1;
	if (!vhdx_allocate_reserve(cmd))
		return 0;
	if (!part->keep) {
		vhdx_allocate_change(cmd, vhdx_bat_entry(VHDX_BLOCK_ZERO, 0));
		return 1;
	}
	if (!vhdx_allocate_place(cmd))
		return 0;
	vhdx_allocate_change(cmd, vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, cmd->place));
	return 1;
}

/* A part of a block that is present. Return: 1 or a negative errno */
static int vhdx_discard_part(struct vhdx_cmd *cmd, const struct vhdx_discard *part)
{
	struct vhdx_backing *backing = &cmd->image->backing;
	int ret = 0;

	if (part->zeroes)
		ret = vhdx_backing_zero(backing, part->map.offset, part->length, part->keep);
	else if (!part->keep)
		ret = vhdx_backing_punch(backing, part->map.offset, part->length);
	/* a discard is a hint */
	return ret && part->zeroes ? ret : 1;
}

/*
 * Zeros where the parent's data may show: space that reads as zeros, or zeros in place; then set
 * the bits of the sectors.
 *
 * Return: 1 if that is done, 0 if the command waits or has failed, or a negative errno
 */
static int vhdx_discard_sectors(struct vhdx_cmd *cmd, const struct vhdx_discard *part)
{
	u64 first = vhdx_cmd_position(cmd);
	int ret = 1;

	if (!vhdx_partial_prepare(cmd, &part->map))
		return 0;
	if (part->map.kind == VHDX_MAP_DATA)
		ret = vhdx_discard_part(cmd, part);
	else if (!vhdx_allocate_place(cmd))
		return 0;
	if (ret > 0)
		vhdx_partial_mark(cmd, first, first + part->length);
	return ret;
}

/* Return: as vhdx_discard_sectors() */
static int vhdx_discard_locked(struct vhdx_cmd *cmd, struct vhdx_discard *part)
{
	vhdx_image_map_block(cmd->image, vhdx_cmd_position(cmd), &part->map);
	switch (part->map.kind) {
	case VHDX_MAP_PARENT:
		if (part->zeroes && !part->whole)
			return vhdx_discard_sectors(cmd, part);
		fallthrough;
	case VHDX_MAP_ZERO:
		return vhdx_discard_absent(cmd, part);
	case VHDX_MAP_MISS:
		vhdx_map_load(&part->map, &cmd->waiter);
		return 0;
	case VHDX_MAP_BAD:
		return -EIO;
	case VHDX_MAP_DATA:
		break;
	}
	if (part->whole && !part->keep) {
		if (!vhdx_allocate_reserve(cmd))
			return 0;
		vhdx_allocate_edit(cmd, vhdx_bat_entry(part->zeroes ? VHDX_BLOCK_ZERO :
						       VHDX_BLOCK_UNMAPPED, 0));
		vhdx_space_free(cmd->image->space, vhdx_bat_offset(part->map.entry));
		return 1;
	}
	if (part->zeroes && vhdx_bat_state(part->map.entry) == VHDX_BLOCK_PARTIALLY_PRESENT)
		return vhdx_discard_sectors(cmd, part);
	return vhdx_discard_part(cmd, part);
}

/* Return: as vhdx_discard_sectors() */
static int vhdx_discard_step(struct vhdx_cmd *cmd)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(cmd->image);
	const struct request *rq = vhdx_cmd_request(cmd);
	u64 position = vhdx_cmd_position(cmd);
	u32 skip = position & (g->block_size - 1);
	struct vhdx_discard part;
	int ret;

	if (!vhdx_allocate_lock(cmd))
		return 0;
	vhdx_delay(discard_block);
	part.length = min(vhdx_cmd_left(cmd), g->block_size - skip);
	part.whole = !skip && (part.length == g->block_size ||
			       position + part.length == g->disk_size);
	part.zeroes = req_op(rq) == REQ_OP_WRITE_ZEROES;
	part.keep = g->leave_allocated || (part.zeroes && rq->cmd_flags & REQ_NOUNMAP);
	ret = vhdx_discard_locked(cmd, &part);
	if (!ret)
		return 0;
	vhdx_cmd_unlock(cmd);
	if (ret > 0)
		cmd->done += part.length;
	return ret;
}

/**
 * vhdx_discard_run() - run a discard or write-zeroes until it completes or has to wait
 * @cmd:	new, or queued again
 *
 * Context: a thread that may wait long for the file system
 */
void vhdx_discard_run(struct vhdx_cmd *cmd)
{
	int ret = 1;

	if (!vhdx_allocate_begin(cmd))
		return;
	while (ret > 0 && vhdx_cmd_left(cmd)) {
		ret = vhdx_discard_step(cmd);
		/* a kill of the disk must not wait for the remaining blocks */
		if (ret > 0 && vhdx_backing_is_dead(&cmd->image->backing))
			ret = -EIO;
		cond_resched();
	}
	if (ret > 0)
		vhdx_cmd_complete(cmd);
	else if (ret < 0)
		vhdx_allocate_fail(cmd, ret);
}
