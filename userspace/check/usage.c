// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/usage.h"

#include <stdlib.h>

#include "lib/alloc.h"

static u64 units_of(u64 bytes)
{
	return bytes / VHDX_MIB + (bytes % VHDX_MIB != 0);
}

/**
 * usage_init() - nobody uses anything yet
 * @usage:	filled
 * @file_size:	bytes
 *
 * The kernel gives memory only for those pages of the bits that are touched.
 */
void usage_init(struct usage *usage, u64 file_size)
{
	unsigned int kind;

	usage->end = 0;
	usage->units = units_of(file_size < USAGE_LIMIT ? file_size : USAGE_LIMIT);
	for (kind = 0; kind < USAGE_KINDS; kind++)
		usage->bits[kind] = xcalloc(usage->units / 8 + 1, 1);
}

void usage_free(struct usage *usage)
{
	unsigned int kind;

	for (kind = 0; kind < USAGE_KINDS; kind++)
		free(usage->bits[kind]);
}

/* The end of a range, in units, no further than there are any. */
static u64 end_of(const struct usage *usage, u64 offset, u64 length)
{
	u64 end = units_of(offset + length);

	return end < usage->units ? end : usage->units;
}

/* Is any MiB of a range, which lies in the file, used like that? */
bool usage_any(const struct usage *usage, enum usage_kind kind, u64 offset, u64 length)
{
	u64 end = end_of(usage, offset, length);
	const u8 *bits = usage->bits[kind];
	u64 unit = offset / VHDX_MIB;

	while (unit < end) {
		if (!(unit % 8) && end - unit >= 8 && !bits[unit / 8]) {
			unit += 8;
			continue;
		}
		if (bits[unit / 8] & (1U << (unit % 8)))
			return true;
		unit++;
	}
	return false;
}

void usage_set(struct usage *usage, enum usage_kind kind, u64 offset, u64 length)
{
	u64 end = end_of(usage, offset, length);
	u64 unit;

	for (unit = offset / VHDX_MIB; unit < end; unit++)
		usage->bits[kind][unit / 8] |= (u8)(1U << (unit % 8));
}

/* Header section, log and regions. */
void usage_set_layout(struct usage *usage, const struct vhdx_layout *layout)
{
	u32 i;

	for (i = 0; i < layout->count; i++)
		usage_set(usage, USAGE_USED, layout->range[i].offset,
			  layout->range[i].length);
}
