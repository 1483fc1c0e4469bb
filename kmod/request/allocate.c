// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "request/allocate.h"

#include "image/image.h"
#include "meta/space.h"
#include "request/cmd.h"

/* No room in the image, in the file system it is in, or in the quota of its owner */
static bool vhdx_allocate_no_room(int error)
{
	return error == -ENOSPC || error == -EFBIG || error == -EDQUOT;
}

/*
 * What was freed may be waiting for a commit. Then the command begins anew with the block, at
 * another place: this one may be what the file system has no room for. While it waits it holds
 * its block locks and nothing else.
 */
static bool vhdx_allocate_reclaim(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;

	if (cmd->stage == VHDX_STAGE_PLACED) {
		/* what was allocated there is room that others need */
		if (!vhdx_backing_is_frozen(&image->backing))
			vhdx_backing_punch(&image->backing, cmd->place,
					   vhdx_image_geometry(image)->block_size);
		cmd->done = cmd->first;
	}
	vhdx_cmd_unreserve(cmd);
	cmd->error = 0;
	return vhdx_space_reclaim(image->space, &cmd->recycled, &cmd->waiter);
}

/**
 * vhdx_allocate_fail() - complete a command that changes something with an error, unless it is
 *		      worth another try
 * @cmd:	running, and in no part of the file that others may free; gone afterwards
 * @error:	negative errno
 *
 * Context: the thread's
 */
void vhdx_allocate_fail(struct vhdx_cmd *cmd, int error)
{
	if (!vhdx_allocate_no_room(error) || !vhdx_allocate_reclaim(cmd))
		vhdx_cmd_fail(cmd, error);
}

/**
 * vhdx_allocate_ready() - may a command that changes something go on?
 * @cmd:	running
 *
 * Context: the thread's
 * Return: false if it is over, or waits for the session to begin
 */
bool vhdx_allocate_ready(struct vhdx_cmd *cmd)
{
	struct vhdx_journal *journal = cmd->image->journal;

	if (!cmd->error && vhdx_journal_error(journal))
		cmd->error = -EIO;
	if (cmd->error) {
		vhdx_allocate_fail(cmd, cmd->error);
		return false;
	}
	if (likely(vhdx_journal_begun(journal)))
		return true;
	vhdx_journal_begin(journal, &cmd->waiter);
	return false;
}

/**
 * vhdx_allocate_lock() - W1: be the only one to change a block's entry
 * @cmd:	running
 *
 * Return: false if it waits
 */
bool vhdx_allocate_lock(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	u64 block = vhdx_cmd_position(cmd) >> vhdx_image_geometry(image)->block_shift;

	if (cmd->stage >= VHDX_STAGE_LOCKED)
		return true;
	/* if not, it is not ours any more: it may be running again already */
	if (!vhdx_block_lock(&image->locks, &cmd->lock, block, &cmd->waiter))
		return false;
	cmd->stage = VHDX_STAGE_LOCKED;
	cmd->first = cmd->done;
	return true;
}

/**
 * vhdx_allocate_reserve() - W3: see that the entry can be changed
 * @cmd:	holds the block lock
 *
 * Return: false if it waits
 */
bool vhdx_allocate_reserve(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	u64 offset = vhdx_image_entry_offset(image, vhdx_cmd_position(cmd));

	if (cmd->stage >= VHDX_STAGE_RESERVED)
		return true;
	if (!vhdx_journal_reserve(image->journal, &offset, 1, cmd->pages,
				  &cmd->waiter))
		return false;
	cmd->nr_pages = 1;
	cmd->stage = VHDX_STAGE_RESERVED;
	return true;
}

/**
 * vhdx_allocate_take() - W4: have space for the block
 * @cmd:	in stage RESERVED or PLACED
 *
 * Return: false if it waits
 */
bool vhdx_allocate_take(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	u64 length = vhdx_image_geometry(image)->block_size;

	if (cmd->stage == VHDX_STAGE_PLACED)
		return true;
	if (!vhdx_space_allocate(image->space, length, &cmd->place)) {
		vhdx_space_wait(image->space, length, &cmd->waiter);
		return false;
	}
	cmd->stage = VHDX_STAGE_PLACED;
	return true;
}

struct vhdx_allocate_word {
	u64 offset;
	u64 word;
};

static void vhdx_allocate_make(struct vhdx_edit *edit, void *context)
{
	const struct vhdx_allocate_word *change = context;

	vhdx_edit_write(edit, 0, change->offset, change->word);
}

/**
 * vhdx_allocate_edit() - change the entry of a block
 * @cmd:	in stage RESERVED or PLACED; the block stays locked
 * @entry:	what the block's entry becomes; what space was taken is its now
 *
 * Context: any
 */
void vhdx_allocate_edit(struct vhdx_cmd *cmd, u64 entry)
{
	struct vhdx_image *image = cmd->image;
	u64 position = cmd->lock.block << vhdx_image_geometry(image)->block_shift;
	struct vhdx_allocate_word change = {
		.offset	= vhdx_image_entry_offset(image, position),
		.word	= entry,
	};

	vhdx_journal_change(image->journal, cmd->pages, cmd->nr_pages, vhdx_allocate_make,
			    &change);
	cmd->place = 0;
	cmd->stage = VHDX_STAGE_LOCKED;
}

/**
 * vhdx_allocate_change() - W6: change the entry, and let the block go
 * @cmd:	in stage RESERVED or PLACED
 * @entry:	as above
 *
 * Context: any
 */
void vhdx_allocate_change(struct vhdx_cmd *cmd, u64 entry)
{
	vhdx_allocate_edit(cmd, entry);
	vhdx_cmd_unlock(cmd);
}

/**
 * vhdx_allocate_drop_former() - an absent block is to change: its former place is not kept any more
 * @cmd:	holds the block lock
 * @map:	of the block, which is absent; its entry is changed
 *
 * Return: false if it waits
 */
bool vhdx_allocate_drop_former(struct vhdx_cmd *cmd, struct vhdx_map *map)
{
	u64 former = vhdx_bat_former(map->entry);

	if (likely(!former))
		return true;
	if (!vhdx_allocate_reserve(cmd))
		return false;
	map->entry = vhdx_bat_entry(vhdx_bat_state(map->entry), 0);
	vhdx_allocate_edit(cmd, map->entry);
	vhdx_space_free_former(cmd->image->space, former);
	return true;
}
