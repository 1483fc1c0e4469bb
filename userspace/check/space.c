// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Leaks: allocated space in the file that nothing in the image refers to. Former blocks and crashes
 * leave such space. A hole is no leak, because it occupies no space.
 */
#include <errno.h>
#include <unistd.h>

#include "check/check.h"

/* Get the next range of data at or after @offset. Return: false at the end of the file */
static bool find_data(const struct image_file *file, u64 offset, u64 *start, u64 *end)
{
	off_t data = lseek(file->fd, (off_t)offset, SEEK_DATA);
	off_t hole;

	if (data < 0 && errno == ENXIO)
		return false;
	if (data < 0)		/* not supported: assume data */
		data = (off_t)offset;
	hole = lseek(file->fd, data, SEEK_HOLE);
	*start = (u64)data;
	*end = hole > data ? (u64)hole : file->reader.size;
	return *start < *end;
}

/**
 * struct leak - a leak being collected
 * @offset:	offset in the file, in bytes
 * @length:	in bytes; 0: none
 * @visit:	called for each leak
 * @context:	for @visit
 */
struct leak {
	u64 offset;
	u64 length;
	void (*visit)(void *context, u64 offset, u64 length);
	void *context;
};

static void flush(struct leak *leak)
{
	if (leak->length)
		leak->visit(leak->context, leak->offset, leak->length);
	leak->length = 0;
}

/**
 * check_is_used() - test whether anything refers to a MiB of the file
 * @usage:	of a completed check
 * @offset:	offset in the file, in bytes
 *
 * Return: true if anything does
 */
bool check_is_used(const struct usage *usage, u64 offset)
{
	return usage_any(usage, USAGE_USED, offset, 1) ||
	       usage_any(usage, USAGE_ANCHOR, offset, 1) ||
	       usage_any(usage, USAGE_STRAY, offset, 1);
}

/**
 * check_end_of_use() - get the end of the last space that something refers to
 * @usage:	of a completed check
 *
 * The end may lie beyond the end of the file: the last block of a disk has its whole length, even
 * if the file ends with the disk.
 *
 * Return: offset in the file, in bytes
 */
u64 check_end_of_use(const struct usage *usage)
{
	u64 unit = usage->units;

	while (unit && !check_is_used(usage, (unit - 1) * VHDX_MIB))
		unit--;
	return unit * VHDX_MIB > usage->end ? unit * VHDX_MIB : usage->end;
}

/**
 * check_each_leak() - call a function for each leak
 * @check:	completed, without errors
 * @visit:	called for each leak, with its offset and length in bytes
 * @context:	for @visit
 *
 * Only whole MiB count, because some programs leave less than a sector at the end. A block device
 * may be larger than its image, and a fixed image keeps the space of all its blocks; neither has
 * leaks.
 */
void check_each_leak(struct check *check, void (*visit)(void *context, u64 offset, u64 length),
		     void *context)
{
	u64 limit = check->usage.units * VHDX_MIB;
	u64 size = check->file.reader.size;
	u64 position = 0, offset = 0, start, end;
	struct leak leak = { .visit = visit, .context = context };

	if (!S_ISREG(check->file.stat.st_mode) || check->super->geometry.leave_allocated)
		return;
	size -= size % VHDX_MIB;
	if (size < limit)
		limit = size;
	while (position < limit && find_data(&check->file, position, &start, &end)) {
		position = end;
		/* Two ranges of data may share a MiB, which is added once. */
		if (offset < start - start % VHDX_MIB)
			offset = start - start % VHDX_MIB;
		for (; offset < end && offset < limit; offset += VHDX_MIB) {
			if (check_is_used(&check->usage, offset))
				continue;
			if (leak.offset + leak.length != offset)
				flush(&leak);
			if (!leak.length)
				leak.offset = offset;
			leak.length += VHDX_MIB;
		}
	}
	flush(&leak);
}

static void add_leak(void *context, u64 offset, u64 length)
{
	findings_add_leak(context, offset, length);
}

/**
 * check_leaks() - add all leaks to the findings
 * @check:	completed, without errors
 */
void check_leaks(struct check *check)
{
	check_each_leak(check, add_leak, &check->findings);
}
