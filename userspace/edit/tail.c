// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session of the module allocates space ahead, and cuts off what it did not use when it ends.
 * After a crash the replay of its log does that.
 *
 * Only when the log is empty: as long as it is not, a file that is shorter than what its newest
 * entry promises counts as truncated.
 */
#include "edit/tail.h"

#include "check/check.h"

/* An image with errors is left as it is, and so are those whose size is not theirs. */
static bool may_be_cut(const struct check *check)
{
	return S_ISREG(check->file.stat.st_mode) && !check->super->geometry.leave_allocated &&
	       !check->replayed && check->reader.size <= USAGE_LIMIT &&
	       !check->findings.count[SEVERITY_ERROR] &&
	       !check->findings.count[SEVERITY_UNSUPPORTED];
}

static enum exit_code cut(const struct check *check, const struct write_file *file, uint64_t *size)
{
	uint64_t end = check_end_of_use(&check->usage);
	enum exit_code status;

	if (!may_be_cut(check) || end >= *size)
		return DONE;
	status = write_set_size(file, end);
	if (status == DONE)
		status = write_sync(file);
	if (status == DONE)
		*size = end;
	return status;
}

/**
 * tail_cut() - cut off what nothing refers to at the end of an image
 * @file:	an image, opened exclusively for writing; its log was just replayed into it
 * @progress:	by progress_init()
 * @size:	set to how long the file is then, in bytes
 *
 * Return: DONE, also if there was nothing to cut; another exit code after an error message
 */
enum exit_code tail_cut(const struct write_file *file, const struct progress *progress,
			uint64_t *size)
{
	struct check check = { .progress = *progress };
	enum exit_code status = image_file_open(&check.file, file->path);

	if (status != DONE)
		return status;
	*size = check.file.reader.size;
	status = check_image(&check);
	if (status == DONE)
		status = cut(&check, file, size);
	check_free(&check);
	image_file_close(&check.file);
	return status;
}
