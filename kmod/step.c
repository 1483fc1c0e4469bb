// SPDX-License-Identifier: GPL-2.0
#include "step.h"

#include "command.h"
#include "image.h"
#include "space.h"

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
		vhdx_command_fail(command, command->error);
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

	if (command->place || vhdx_space_take(image->space,
					      vhdx_image_geometry(image)->block_size,
					      &command->place))
		return true;
	vhdx_space_wait(image->space, &command->waiter);
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
 * vhdx_step_change() - W6: change the entry, and let the block go
 * @command:	claimed and reserved
 * @entry:	what the block's entry becomes; what space was taken is its now
 *
 * Context: any
 */
void vhdx_step_change(struct vhdx_command *command, u64 entry)
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
	vhdx_command_unclaim(command);
}
