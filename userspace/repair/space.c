// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving space back: behind the last thing in use the file is cut off, before it the space
 * becomes a hole, for to move blocks is no repair.
 */
#include <errno.h>
#include <fcntl.h>

#include "repair/repair.h"

static bool size_is_ours(const struct check *check)
{
	return S_ISREG(check->file.stat.st_mode) && check->reader.size <= USAGE_LIMIT;
}

/**
 * repair_size() - make the file's size a multiple of 1 MiB
 * @repair:	what is being done
 *
 * Up if the last, incomplete MiB is in use, down if not.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_size(struct repair *repair)
{
	u64 size = repair->check->reader.size, left = size % VHDX_MIB;
	enum exit_code status;

	if (!left || !size_is_ours(repair->check))
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
 * struct giving - leaks on their way back
 * @end:	of what is in use
 * @cut:	there are some behind it
 */
struct giving {
	struct repair *repair;
	u64 end;
	bool cut;
	enum exit_code status;
};

static enum exit_code punch(struct repair *repair, u64 offset, u64 length)
{
	if (!fallocate(repair->file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		       (off_t)offset, (off_t)length))
		return DONE;
	return fail_errno(repair->file->path, "cannot punch a hole", errno);
}

static void give_back(void *context, u64 offset, u64 length)
{
	struct giving *giving = context;
	struct repair *repair = giving->repair;
	bool behind = offset >= giving->end;

	if (giving->status != DONE)
		return;
	findings_add_repair(&repair->done, "leak", offset, NO_ENTRY,
			    behind ? "file: %llu MiB cut off at the end" :
			    "file: %llu MiB inside the file become a hole",
			    (unsigned long long)(length / VHDX_MIB));
	giving->cut |= behind;
	giving->status = repair_begin(repair);
	if (giving->status == DONE && repair->file && !behind)
		giving->status = punch(repair, offset, length);
}

/**
 * repair_leaks() - give back space that nothing refers to
 * @repair:	what is being done; no log is in use any more
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_leaks(struct repair *repair)
{
	struct giving giving = { .repair = repair };

	if (!size_is_ours(repair->check))
		return DONE;
	giving.end = check_end_of_use(&repair->check->usage);
	check_each_leak(repair->check, give_back, &giving);
	if (giving.status == DONE && giving.cut && repair->file)
		giving.status = write_set_size(repair->file, giving.end);
	return giving.status;
}
