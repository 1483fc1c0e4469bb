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
 * If W5 fails the block stays absent, and the space is cleaned before it is used again.
 */
#include "write.h"

#include "command.h"
#include "compat.h"
#include "image.h"
#include "journal.h"
#include "space.h"

/**
 * vhdx_write_ready() - may a command that changes something go on?
 * @command:	running
 *
 * Context: the thread's
 * Return: false if it is over, or waits for the session to begin
 */
bool vhdx_write_ready(struct vhdx_command *command)
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

/* W1. Return: false if it waits */
bool vhdx_write_claim(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;
	u64 block = vhdx_command_position(command) >> vhdx_image_geometry(image)->block_shift;

	if (!command->claimed)
		command->claimed = vhdx_claim(&image->claims, &command->claim, block,
					      &command->waiter);
	return command->claimed;
}

/* W3. Return: false if it waits */
bool vhdx_write_reserve(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;

	if (!command->page)
		command->page = vhdx_journal_reserve(image->journal, vhdx_image_entry_offset(
				image, vhdx_command_position(command)), &command->waiter);
	return command->page;
}

/* W4. Return: false if it waits */
bool vhdx_write_take(struct vhdx_command *command)
{
	struct vhdx_space *space = command->image->space;

	if (command->place || vhdx_space_take(space, &command->place))
		return true;
	vhdx_space_wait(space, &command->waiter);
	return false;
}

/**
 * vhdx_write_change() - W6, but for completing the command
 * @command:	claimed and reserved
 * @entry:	what the block's entry becomes
 *
 * Context: any
 */
void vhdx_write_change(struct vhdx_command *command, u64 entry)
{
	struct vhdx_image *image = command->image;
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 position = command->claim.block << g->block_shift;

	vhdx_journal_change(image->journal, command->page,
			    vhdx_image_entry_offset(image, position), entry);
	command->page = NULL;
	command->place = 0;
	vhdx_command_unclaim(command);
}

/* W5 is over. Context: any */
static void vhdx_write_new_done(struct vhdx_io *io, long result)
{
	struct vhdx_command *command = container_of(io, struct vhdx_command, io);

	if (!vhdx_command_transferred(command, result)) {
		command->again(command);
		return;
	}
	vhdx_write_change(command, vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, command->place));
	vhdx_command_complete(command);
}

static void vhdx_write_data(struct vhdx_command *command, u64 offset, u64 length,
			    vhdx_io_done done)
{
	struct iov_iter from;
	int ret = vhdx_command_iter(command, ITER_SOURCE, length, &from);

	if (ret)
		vhdx_command_fail(command, ret);
	else
		vhdx_backing_write(&command->image->backing, &command->io, offset, &from,
				   req_get_ioprio(vhdx_command_request(command)), done);
}

/* W3 to W5, the block being absent */
static void vhdx_write_new(struct vhdx_command *command)
{
	u32 block_size = vhdx_image_geometry(command->image)->block_size;
	u32 skip = vhdx_command_position(command) & (block_size - 1);

	if (vhdx_write_reserve(command) && vhdx_write_take(command))
		vhdx_write_data(command, command->place + skip, block_size - skip,
				vhdx_write_new_done);
}

/* The block is absent: claim it, and look again. */
static void vhdx_write_absent(struct vhdx_command *command)
{
	bool looked = command->claimed;

	if (!vhdx_write_claim(command))
		return;
	if (looked)
		vhdx_write_new(command);
	else
		vhdx_write_run(command);
}

/**
 * vhdx_write_run() - take a write as far as it goes without waiting
 * @command:	new, or back from what it waited for
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_write_run(struct vhdx_command *command)
{
	struct vhdx_map map;

	if (!vhdx_write_ready(command))
		return;
	vhdx_command_map(command, &map);
	switch (map.kind) {
	case VHDX_MAP_DATA:
		/* somebody else was faster */
		vhdx_command_unclaim(command);
		vhdx_write_data(command, map.offset, map.length, vhdx_command_transfer_done);
		break;
	case VHDX_MAP_ZERO:
		vhdx_write_absent(command);
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
