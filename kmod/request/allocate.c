// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "request/allocate.h"

#include "image/image.h"
#include "meta/space.h"
#include "request/cmd.h"

/*
 * Space that discards have freed may wait for a commit. Then the command starts over with the
 * block, at another place, because the file system may lack room for this one. While the command
 * waits it holds its block locks and nothing else.
 *
 * Return: true if it waits
 */
static bool vhdx_allocate_reclaim(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;

	if (cmd->stage == VHDX_STAGE_PLACED) {
		/* the file system may have allocated a part of it: other commands need that room */
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
 * vhdx_allocate_fail() - handle the error of a command that changes an entry
 * @cmd:	running, not in stage LOOKED_UP; must not be used afterwards
 * @error:	negative errno
 *
 * If the error is lack of room and a commit may free some, the command waits for that and runs
 * again. Otherwise it completes with @error.
 *
 * Context: the queue's thread
 */
void vhdx_allocate_fail(struct vhdx_cmd *cmd, int error)
{
	/* in the image, in its file system, or in the quota of the file's owner */
	bool no_room = error == -ENOSPC || error == -EFBIG || error == -EDQUOT;

	if (!no_room || !vhdx_allocate_reclaim(cmd))
		vhdx_cmd_fail(cmd, error);
}

/**
 * vhdx_allocate_begin() - check that a command may change metadata
 * @cmd:	running
 *
 * Context: the queue's thread
 * Return: false if it completes with an error, or waits until the session has begun
 */
bool vhdx_allocate_begin(struct vhdx_cmd *cmd)
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
 * vhdx_allocate_lock() - W1: lock the block at vhdx_cmd_position()
 * @cmd:	running
 *
 * Context: the queue's thread
 * Return: false if it waits: it must not be used any more
 */
bool vhdx_allocate_lock(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	u64 block = vhdx_cmd_position(cmd) >> vhdx_image_geometry(image)->block_shift;

	if (cmd->stage >= VHDX_STAGE_LOCKED)
		return true;
	/* if this fails another thread may be running the command already */
	if (!vhdx_block_lock(&image->locks, &cmd->lock, block, &cmd->waiter))
		return false;
	cmd->stage = VHDX_STAGE_LOCKED;
	cmd->first = cmd->done;
	return true;
}

/**
 * vhdx_allocate_reserve() - W3: reserve the page of the block's entry
 * @cmd:	holds the block lock
 *
 * Context: the queue's thread
 * Return: false if it waits: it must not be used any more
 */
bool vhdx_allocate_reserve(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	u64 offset = vhdx_image_entry_offset(image, cmd->lock.block);

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
 * vhdx_allocate_place() - W4: allocate space for the block
 * @cmd:	in stage RESERVED or PLACED
 *
 * Context: the queue's thread
 * Return: false if it waits: it must not be used any more
 */
bool vhdx_allocate_place(struct vhdx_cmd *cmd)
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

static void vhdx_allocate_write_entry(struct vhdx_edit *edit, void *context)
{
	const struct vhdx_allocate_word *change = context;

	vhdx_edit_write(edit, 0, change->offset, change->word);
}

/**
 * vhdx_allocate_edit() - change the entry of the block, and keep the block lock
 * @cmd:	in stage RESERVED or PLACED
 * @entry:	the new entry, which owns the allocated space from now on
 *
 * Context: any
 */
void vhdx_allocate_edit(struct vhdx_cmd *cmd, u64 entry)
{
	struct vhdx_image *image = cmd->image;
	struct vhdx_allocate_word change = {
		.offset	= vhdx_image_entry_offset(image, cmd->lock.block),
		.word	= entry,
	};

	vhdx_journal_change(image->journal, cmd->pages, cmd->nr_pages,
			    vhdx_allocate_write_entry, &change);
	cmd->place = 0;
	cmd->stage = VHDX_STAGE_LOCKED;
}

/**
 * vhdx_allocate_change() - W6: change the entry, and unlock the block
 * @cmd:	in stage RESERVED or PLACED
 * @entry:	as for vhdx_allocate_edit()
 *
 * Context: any
 */
void vhdx_allocate_change(struct vhdx_cmd *cmd, u64 entry)
{
	vhdx_allocate_edit(cmd, entry);
	vhdx_cmd_unlock(cmd);
}

/**
 * vhdx_allocate_drop_former() - remove the former place from the entry of an absent block
 * @cmd:	holds the block lock
 * @map:	of the block, which is absent; its entry is updated
 *
 * Context: the queue's thread
 * Return: false if it waits: it must not be used any more
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
