// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "edit/header_update.h"

#include <stdlib.h>

#include "lib/alloc.h"

/**
 * header_check_updates() - check that the sequence number can be raised (rule 50)
 * @update:	the current header
 * @count:	number of updates
 *
 * Called before the first update of a change.
 *
 * Return: DONE, or EXIT_IMAGE after an error message
 */
enum exit_code header_check_updates(const struct header_update *update, unsigned int count)
{
	if (update->header.sequence_number <= UINT64_MAX - count)
		return DONE;
	return fail_named(EXIT_IMAGE, "HEADER_SEQUENCE_MAX",
			  "%s: header: sequence number is too close to its maximum",
			  update->file->path);
}

/**
 * header_update() - make a changed header the current one (2.2.2.1)
 * @update:	@header has the changes, and the old sequence number
 *
 * Overwrites the other copy, with the next sequence number, and flushes it. If the power fails
 * during this, the current copy is still valid.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code header_update(struct header_update *update)
{
	struct vhdx_disk_header *raw;
	enum exit_code status;
	unsigned int slot = update->slot;
	u64 offset;

	raw = xcalloc(1, sizeof(*raw));
	offset = vhdx_header_next(raw, &update->header, &slot);
	status = write_at(update->file, offset, raw, sizeof(*raw));
	free(raw);
	if (status == DONE)
		status = write_sync(update->file);
	if (status == DONE)
		update->slot = slot;
	return status;
}

/**
 * header_update_both() - make a changed header the current one, in both copies
 * @update:	as for header_update()
 *
 * Windows updates both copies as well.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code header_update_both(struct header_update *update)
{
	enum exit_code status = header_update(update);

	return status == DONE ? header_update(update) : status;
}
