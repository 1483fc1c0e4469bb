// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Space that the file takes up on its disk although nothing in it refers to that space.
 *
 * Free space as such is no fault: whoever opens an image finds it by itself. A hole costs
 * nothing. What is left are former blocks, and whatever a crash left behind.
 */
#include <errno.h>
#include <unistd.h>

#include "check/check.h"

/* The next range of data at @offset or behind it; false at the end of the file. */
static bool find_data(const struct image_file *file, u64 offset, u64 *start, u64 *end)
{
	off_t data = lseek(file->fd, (off_t)offset, SEEK_DATA);
	off_t hole;

	if (data < 0 && errno == ENXIO)
		return false;
	if (data < 0)		/* cannot tell: take all for data */
		data = (off_t)offset;
	hole = lseek(file->fd, data, SEEK_HOLE);
	*start = (u64)data;
	*end = hole > data ? (u64)hole : file->reader.size;
	return *start < *end;
}

/**
 * struct leak - what is being collected
 * @length:	0: nothing yet
 * @visit:	called for each leak
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

/* Does anything refer to the MiB at @offset? */
bool check_is_used(const struct usage *usage, u64 offset)
{
	return usage_any(usage, USAGE_USED, offset, 1) ||
	       usage_any(usage, USAGE_ANCHOR, offset, 1) ||
	       usage_any(usage, USAGE_STRAY, offset, 1);
}

/*
 * Behind it nothing refers to anything. It may be behind the end of the file: the last block of a
 * disk owns its whole length, even if the file ends where the disk does.
 */
u64 check_end_of_use(const struct usage *usage)
{
	u64 unit = usage->units;

	while (unit && !check_is_used(usage, (unit - 1) * VHDX_MIB))
		unit--;
	return unit * VHDX_MIB > usage->end ? unit * VHDX_MIB : usage->end;
}

/* The MiB of a range of data, each at most once though two ranges may share one. */
static void add_range(struct check *check, struct leak *leak, u64 start, u64 end, u64 *done)
{
	u64 offset = start - start % VHDX_MIB;

	if (offset < *done)
		offset = *done;
	for (; offset < end; offset += VHDX_MIB) {
		if (check_is_used(&check->usage, offset))
			continue;
		if (leak->offset + leak->length != offset)
			flush(leak);
		if (!leak->length)
			leak->offset = offset;
		leak->length += VHDX_MIB;
	}
	*done = offset > *done ? offset : *done;
}

/**
 * check_each_leak() - find space that nothing refers to
 * @check:	everything claimed, no errors
 * @visit:	called for each range
 * @context:	for @visit
 *
 * Only whole MiB count: some programs leave half a sector at the end. A block device is
 * larger than its image for reasons of its own, and a fixed image keeps the space of all
 * its blocks whatever their state.
 */
void check_each_leak(struct check *check, void (*visit)(void *context, u64 offset, u64 length),
		     void *context)
{
	u64 limit = check->usage.units * VHDX_MIB;
	u64 size = check->file.reader.size;
	u64 offset = 0, done = 0, start, end;
	struct leak leak = { .visit = visit, .context = context };

	if (!S_ISREG(check->file.stat.st_mode) || check->super->geometry.leave_allocated)
		return;
	size -= size % VHDX_MIB;
	if (size < limit)
		limit = size;
	while (offset < limit && find_data(&check->file, offset, &start, &end)) {
		add_range(check, &leak, start, end < limit ? end : limit, &done);
		offset = end;
	}
	flush(&leak);
}

static void add_leak(void *context, u64 offset, u64 length)
{
	findings_add_leak(context, offset, length);
}

/* Tell of all of them. */
void check_leaks(struct check *check)
{
	check_each_leak(check, add_leak, &check->findings);
}
