// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Leaks are freed: after the last space in use the file is truncated; a leak before that becomes a
 * hole, because blocks are not moved.
 */
#include <errno.h>
#include <fcntl.h>

#include "repair/repair.h"

static bool may_change_size(const struct check *check)
{
	return S_ISREG(check->file.stat.st_mode) && check->reader.size <= USAGE_LIMIT;
}

/**
 * repair_size() - make the size of the file a multiple of 1 MiB
 * @repair:	begun by repair_image()
 *
 * Rounds up if the last, incomplete MiB is in use, else down.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_size(struct repair *repair)
{
	u64 size = repair->check->reader.size, left = size % VHDX_MIB;
	enum exit_code status;

	if (!left || !may_change_size(repair->check))
		return DONE;
	size -= left;
	if (check_is_used(&repair->check->usage, size))
		size += VHDX_MIB;
	findings_add_repair(&repair->done, vhdx_warning_name(VHDX_WARNING_file_size), size,
			    NO_ENTRY, "file: size becomes %llu", (unsigned long long)size);
	status = repair_begin(repair);
	if (status == DONE && repair->file)
		status = write_set_size(repair->file, size);
	repair->check->reader.size = size;
	return status;
}

/**
 * struct freeing - leaks being freed
 * @repair:	the repair
 * @end:	end of the space in use, in bytes
 * @cut:	there are leaks after @end
 * @status:	first error
 */
struct freeing {
	struct repair *repair;
	u64 end;
	bool cut;
	enum exit_code status;
};

static void free_leak(void *context, u64 offset, u64 length)
{
	struct freeing *freeing = context;
	struct repair *repair = freeing->repair;
	bool behind = offset >= freeing->end;

	if (freeing->status != DONE)
		return;
	findings_add_repair(&repair->done, "leak", offset, NO_ENTRY,
			    behind ? "file: %llu MiB cut off at the end" :
			    "file: %llu MiB inside the file become a hole",
			    (unsigned long long)(length / VHDX_MIB));
	freeing->cut |= behind;
	freeing->status = repair_begin(repair);
	if (freeing->status != DONE || !repair->file || behind)
		return;
	if (fallocate(repair->file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		      (off_t)length))
		freeing->status = fail_errno(repair->file->path, "cannot punch a hole", errno);
}

/**
 * repair_leaks() - free space that nothing refers to
 * @repair:	begun by repair_image(); its log is empty
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_leaks(struct repair *repair)
{
	struct freeing freeing = { .repair = repair };

	if (!may_change_size(repair->check))
		return DONE;
	freeing.end = check_end_of_use(&repair->check->usage);
	check_each_leak(repair->check, free_leak, &freeing);
	if (freeing.status == DONE && freeing.cut && repair->file)
		freeing.status = write_set_size(repair->file, freeing.end);
	return freeing.status;
}
