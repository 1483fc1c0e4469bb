// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "check/usage.h"

#include <stdlib.h>

#include "lib/alloc.h"

static u64 units_of(u64 bytes)
{
	return bytes / VHDX_MIB + (bytes % VHDX_MIB != 0);
}

/**
 * usage_init() - initialize the use of a file, with all bits clear
 * @usage:	filled
 * @file_size:	in bytes
 *
 * Untouched pages of the bits occupy no memory.
 */
void usage_init(struct usage *usage, u64 file_size)
{
	unsigned int kind;

	usage->end = 0;
	usage->units = units_of(file_size < USAGE_LIMIT ? file_size : USAGE_LIMIT);
	for (kind = 0; kind < USAGE_KINDS; kind++)
		usage->bits[kind] = xcalloc(usage->units / 8 + 1, 1);
}

/**
 * usage_free() - free the bits
 * @usage:	initialized
 */
void usage_free(struct usage *usage)
{
	unsigned int kind;

	for (kind = 0; kind < USAGE_KINDS; kind++)
		free(usage->bits[kind]);
}

/* The end of a range, in MiB, at most @usage->units */
static u64 end_of(const struct usage *usage, u64 offset, u64 length)
{
	u64 end = units_of(offset + length);

	return end < usage->units ? end : usage->units;
}

/**
 * usage_any() - test whether any MiB of a range has a kind of use
 * @usage:	initialized
 * @kind:	kind of use
 * @offset:	in bytes, inside the file
 * @length:	in bytes
 *
 * Return: true if one has
 */
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

/**
 * usage_set() - set a kind of use for all MiB of a range
 * @usage:	initialized
 * @kind:	kind of use
 * @offset:	in bytes, inside the file
 * @length:	in bytes
 */
void usage_set(struct usage *usage, enum usage_kind kind, u64 offset, u64 length)
{
	u64 end = end_of(usage, offset, length);
	u64 unit;

	for (unit = offset / VHDX_MIB; unit < end; unit++)
		usage->bits[kind][unit / 8] |= (u8)(1U << (unit % 8));
}

/**
 * usage_set_layout() - mark header section, log and regions as used
 * @usage:	initialized
 * @layout:	of the image
 */
void usage_set_layout(struct usage *usage, const struct vhdx_layout *layout)
{
	u32 i;

	for (i = 0; i < layout->count; i++)
		usage_set(usage, USAGE_USED, layout->range[i].offset,
			  layout->range[i].length);
}
