// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * While a disk is written, the module allocates space ahead; detach cuts off the unused rest.
 * After a crash, the replay of the log cuts it off.
 *
 * The log must be empty first: a file shorter than the size in the newest entry counts as
 * truncated.
 */
#include "edit/tail.h"

#include "check/check.h"

/* Not an image with errors; not a block device, a fixed image, or a file beyond USAGE_LIMIT */
static bool may_be_cut(const struct check *check)
{
	return S_ISREG(check->file.stat.st_mode) && !check->super->geometry.leave_allocated &&
	       !check->replayed && check->reader.size <= USAGE_LIMIT &&
	       !check->findings.count[SEVERITY_ERROR] &&
	       !check->findings.count[SEVERITY_UNSUPPORTED];
}

/**
 * tail_cut() - cut off space at the end of an image that nothing refers to
 * @file:	an image, opened exclusively for writing; its log is empty
 * @progress:	initialized by progress_init()
 * @size:	set to the size of the file afterwards, in bytes
 *
 * Return: DONE, also if there is no such space; or another exit code after an error message
 */
enum exit_code tail_cut(const struct write_file *file, const struct progress *progress,
			uint64_t *size)
{
	struct check check = { .progress = *progress };
	enum exit_code status = image_file_open(&check.file, file->path);
	uint64_t end;

	if (status != DONE)
		return status;
	*size = check.file.reader.size;
	end = *size;
	status = check_image(&check);
	if (status == DONE && may_be_cut(&check))
		end = check_end_of_use(&check.usage);
	if (status == DONE && end < *size) {
		status = write_set_size(file, end);
		if (status == DONE)
			status = write_sync(file);
		if (status == DONE)
			*size = end;
	}
	check_free(&check);
	image_file_close(&check.file);
	return status;
}
