// SPDX-License-Identifier: GPL-2.0
#include "request/allocate.h"

#include "image/image.h"
#include "meta/space.h"
#include "request/cmd.h"

/* No room in the image, in the file system it is in, or in the quota of its owner */
static bool vhdx_step_no_room(int error)
{
	return error == -ENOSPC || error == -EFBIG || error == -EDQUOT;
}

/*
 * What was freed may be waiting for a commit. Then the command begins anew with the block, at
 * another place: this one may be what the file system has no room for. While it waits it holds
 * its claims and nothing else.
 */
static bool vhdx_step_reclaim(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;

	if (command->place) {
		/* what was allocated there is room that others need */
		if (!vhdx_backing_is_frozen(&image->backing))
			vhdx_backing_punch(&image->backing, command->place,
					   vhdx_image_geometry(image)->block_size);
		vhdx_space_return(image->space, command->place,
				  vhdx_image_geometry(image)->block_size);
		command->place = 0;
		command->done = command->first;
	}
	if (command->nr_pages)
		vhdx_journal_cancel(image->journal, command->pages, command->nr_pages);
	command->nr_pages = 0;
	command->error = 0;
	return vhdx_space_reclaim(image->space, &command->recycled, &command->waiter);
}

/**
 * vhdx_step_fail() - complete a command that changes something with an error, unless it is
 *		      worth another try
 * @command:	running, and in no part of the file that others may free; gone afterwards
 * @error:	negative errno
 *
 * Context: the thread's
 */
void vhdx_step_fail(struct vhdx_command *command, int error)
{
	if (!vhdx_step_no_room(error) || !vhdx_step_reclaim(command))
		vhdx_command_fail(command, error);
}

/**
 * vhdx_step_ready() - may a command that changes something go on?
 * @command:	running
 *
 * Context: the thread's
 * Return: false if it is over, or waits for the session to begin
 */
bool vhdx_step_ready(struct vhdx_command *command)
{
	struct vhdx_journal *journal = command->image->journal;

	if (!command->error && vhdx_journal_error(journal))
		command->error = -EIO;
	if (command->error) {
		vhdx_step_fail(command, command->error);
		return false;
	}
	if (likely(vhdx_journal_begun(journal)))
		return true;
	vhdx_journal_begin(journal, &command->waiter);
	return false;
}

/**
 * vhdx_step_claim() - W1: be the only one to change a block's entry
 * @command:	running
 *
 * Return: false if it waits
 */
bool vhdx_step_claim(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;
	u64 block = vhdx_command_position(command) >> vhdx_image_geometry(image)->block_shift;

	if (command->claimed)
		return true;
	/* if not, it is not ours any more: it may be running again already */
	if (!vhdx_claim(&image->claims, &command->claim, block, &command->waiter))
		return false;
	command->claimed = true;
	command->first = command->done;
	return true;
}

/**
 * vhdx_step_reserve() - W3: see that the entry can be changed
 * @command:	claimed
 *
 * Return: false if it waits
 */
bool vhdx_step_reserve(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;
	u64 offset = vhdx_image_entry_offset(image, vhdx_command_position(command));

	if (command->nr_pages)
		return true;
	if (!vhdx_journal_reserve(image->journal, &offset, 1, command->pages,
				  &command->waiter))
		return false;
	command->nr_pages = 1;
	return true;
}

/**
 * vhdx_step_take() - W4: have space for the block
 * @command:	claimed
 *
 * Return: false if it waits
 */
bool vhdx_step_take(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;

	u64 length = vhdx_image_geometry(image)->block_size;

	if (command->place || vhdx_space_take(image->space, length, &command->place))
		return true;
	vhdx_space_wait(image->space, length, &command->waiter);
	return false;
}

struct vhdx_step_word {
	u64 offset;
	u64 word;
};

static void vhdx_step_make(struct vhdx_edit *edit, void *context)
{
	const struct vhdx_step_word *change = context;

	vhdx_edit_write(edit, 0, change->offset, change->word);
}

/**
 * vhdx_step_edit() - change the entry of a block
 * @command:	claimed and reserved; stays claimed
 * @entry:	what the block's entry becomes; what space was taken is its now
 *
 * Context: any
 */
void vhdx_step_edit(struct vhdx_command *command, u64 entry)
{
	struct vhdx_image *image = command->image;
	u64 position = command->claim.block << vhdx_image_geometry(image)->block_shift;
	struct vhdx_step_word change = {
		.offset	= vhdx_image_entry_offset(image, position),
		.word	= entry,
	};

	vhdx_journal_change(image->journal, command->pages, command->nr_pages, vhdx_step_make,
			    &change);
	command->nr_pages = 0;
	command->place = 0;
}

/**
 * vhdx_step_change() - W6: change the entry, and let the block go
 * @command:	claimed and reserved
 * @entry:	as above
 *
 * Context: any
 */
void vhdx_step_change(struct vhdx_command *command, u64 entry)
{
	vhdx_step_edit(command, entry);
	vhdx_command_unclaim(command);
}

/**
 * vhdx_step_drop_former() - an absent block is to change: its former place is not kept any more
 * @command:	claimed
 * @map:	of the block, which is absent; its entry is changed
 *
 * Return: false if it waits
 */
bool vhdx_step_drop_former(struct vhdx_command *command, struct vhdx_map *map)
{
	u64 former = vhdx_bat_former(map->entry);

	if (likely(!former))
		return true;
	if (!vhdx_step_reserve(command))
		return false;
	map->entry = vhdx_bat_entry(vhdx_bat_state(map->entry), 0);
	vhdx_step_edit(command, map->entry);
	vhdx_space_free_former(command->image->space, former);
	return true;
}
