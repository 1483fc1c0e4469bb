// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: discard and write-zeroes
 *
 * Both say of a range that its contents are not needed; the second also that it must read
 * as zeros afterwards. A range is dealt with block by block, each under its claim:
 *
 *			discard			write-zeroes
 *	absent		-			ZERO if all of the block, else - (reads as zeros)
 *	 its old place	freed if all of the block	likewise
 *	all of a block	UNMAPPED, space freed	ZERO, space freed; in place if NOUNMAP
 *	part of a block	hole in the host file	zeros in the host file
 *	fixed disk	-			zeros in the host file
 *	the parent's	-			ZERO if all of the block, else space, and the
 *						sectors marked as being here
 *
 * With NOUNMAP the guest wants to be sure of the space: an absent block gets some. Neither
 * lets a parent's data show that were hidden: UNMAPPED and ZERO hide them, and sectors
 * zeroed in a partially present block are marked.
 *
 * The entry changes before the space is freed, and the block is let go after that, see
 * vhdx_space_free(). Until the change is
 * durable a crash brings the old contents back, which both requests allow.
 *
 * All this may take long, so it has a thread of its own.
 */
#include "request/discard.h"

#include "delay.h"
#include "image/image.h"
#include "meta/space.h"
#include "request/allocate.h"
#include "request/cmd.h"
#include "request/partial.h"

/* What one step of a discard is about: one block, or a part of it */
struct vhdx_trim {
	struct vhdx_map map;
	u32 length;
	bool whole;
	bool zeroes;
	bool keep;
};

/* The part of the next block that the request covers */
static void vhdx_trim_next(struct vhdx_command *command, struct vhdx_trim *trim)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(command->image);
	const struct request *rq = vhdx_command_request(command);
	u64 position = vhdx_command_position(command);
	u32 skip = position & (g->block_size - 1);

	trim->length = min(vhdx_command_left(command), g->block_size - skip);
	trim->whole = !skip && (trim->length == g->block_size ||
				position + trim->length == g->disk_size);
	trim->zeroes = req_op(rq) == REQ_OP_WRITE_ZEROES;
	trim->keep = g->leave_allocated || (trim->zeroes && rq->cmd_flags & REQ_NOUNMAP);
}

/* A block that is nowhere. Return: 1 if it is dealt with, 0 if it waits */
static int vhdx_trim_absent(struct vhdx_command *command, struct vhdx_trim *trim)
{
	enum vhdx_block_state state = vhdx_bat_state(trim->map.entry);
	bool space = trim->zeroes && trim->keep;
	/* readers may show what is at a former place: zeros in a part of it end that */
	bool former = trim->zeroes && vhdx_bat_former(trim->map.entry);
	bool drop = (trim->whole || former) && !trim->keep;

	if ((space || drop) && !vhdx_step_drop_former(command, &trim->map))
		return 0;
	if (!space && !(drop && trim->zeroes && state != VHDX_BLOCK_ZERO))
		return 1;
	if (!vhdx_step_reserve(command))
		return 0;
	if (!trim->keep) {
		vhdx_step_change(command, vhdx_bat_entry(VHDX_BLOCK_ZERO, 0));
		return 1;
	}
	if (!vhdx_step_take(command))
		return 0;
	vhdx_step_change(command, vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, command->place));
	return 1;
}

/* All of a block that is present. Return: as above */
static int vhdx_trim_block(struct vhdx_command *command, const struct vhdx_trim *trim)
{
	enum vhdx_block_state state = trim->zeroes ? VHDX_BLOCK_ZERO : VHDX_BLOCK_UNMAPPED;

	if (!vhdx_step_reserve(command))
		return 0;
	vhdx_step_edit(command, vhdx_bat_entry(state, 0));
	vhdx_space_free(command->image->space, vhdx_bat_offset(trim->map.entry));
	return 1;
}

/* Part of a block that is present. Return: 1 or a negative errno */
static int vhdx_trim_part(struct vhdx_command *command, const struct vhdx_trim *trim)
{
	struct vhdx_backing *backing = &command->image->backing;
	int ret = 0;

	if (trim->zeroes)
		ret = vhdx_backing_zero(backing, trim->map.offset, trim->length, trim->keep);
	else if (!trim->keep)
		ret = vhdx_backing_punch(backing, trim->map.offset, trim->length);
	/* a discard is a hint */
	return ret && trim->zeroes ? ret : 1;
}

/*
 * Zeros where the parent's data may show: space that reads as zeros, or zeros in place; and
 * then the sectors are marked. Return: 1, 0 or a negative errno
 */
static int vhdx_trim_sectors(struct vhdx_command *command, const struct vhdx_trim *trim)
{
	u64 first = vhdx_command_position(command);
	int ret = 1;

	if (!vhdx_sectors_prepare(command, &trim->map))
		return 0;
	if (trim->map.kind == VHDX_MAP_DATA)
		ret = vhdx_trim_part(command, trim);
	else if (!vhdx_step_take(command))
		return 0;
	if (ret > 0)
		vhdx_sectors_mark(command, first, first + trim->length);
	return ret;
}

/* Return: as above */
static int vhdx_trim_present(struct vhdx_command *command, const struct vhdx_trim *trim)
{
	if (trim->whole && !trim->keep)
		return vhdx_trim_block(command, trim);
	if (trim->zeroes &&
	    vhdx_bat_state(trim->map.entry) == VHDX_BLOCK_PARTIALLY_PRESENT)
		return vhdx_trim_sectors(command, trim);
	return vhdx_trim_part(command, trim);
}

/* Return: 1 if the block is dealt with, 0 if the command waits or is over, or an errno */
static int vhdx_trim_claimed(struct vhdx_command *command, struct vhdx_trim *trim)
{
	vhdx_image_map_block(command->image, vhdx_command_position(command), &trim->map);
	switch (trim->map.kind) {
	case VHDX_MAP_PARENT:
		if (trim->zeroes && !trim->whole)
			return vhdx_trim_sectors(command, trim);
		fallthrough;
	case VHDX_MAP_ZERO:
		return vhdx_trim_absent(command, trim);
	case VHDX_MAP_MISS:
		vhdx_map_load(&trim->map, &command->waiter);
		return 0;
	case VHDX_MAP_BAD:
		return -EIO;
	case VHDX_MAP_DATA:
		break;
	}
	return vhdx_trim_present(command, trim);
}

static int vhdx_trim_step(struct vhdx_command *command)
{
	struct vhdx_trim trim;
	int ret;

	if (!vhdx_step_claim(command))
		return 0;
	vhdx_delay(trim_block);
	vhdx_trim_next(command, &trim);
	ret = vhdx_trim_claimed(command, &trim);
	if (!ret)
		return 0;
	vhdx_command_unclaim(command);
	if (ret > 0)
		command->done += trim.length;
	return ret;
}

/**
 * vhdx_trim_run() - take a discard or write-zeroes as far as it goes without waiting
 * @command:	new, or back from what it waited for
 *
 * Context: a thread that may be kept waiting by the file system
 */
void vhdx_trim_run(struct vhdx_command *command)
{
	int ret = 1;

	if (!vhdx_step_ready(command))
		return;
	while (ret > 0 && vhdx_command_left(command)) {
		ret = vhdx_trim_step(command);
		/* the kill of the disk does not wait for all blocks */
		if (ret > 0 && vhdx_backing_is_dead(&command->image->backing))
			ret = -EIO;
		cond_resched();
	}
	if (ret > 0)
		vhdx_command_complete(command);
	else if (ret < 0)
		vhdx_step_fail(command, ret);
}
