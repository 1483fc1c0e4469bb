// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/usage.h"

#include <stdlib.h>

#include "lib/alloc.h"

static u64 units_of(u64 bytes)
{
	return bytes / VHDX_MIB + (bytes % VHDX_MIB != 0);
}

/**
 * claims_init() - nobody uses anything yet
 * @claims:	filled
 * @file_size:	bytes
 *
 * The kernel gives memory only for those pages of the bits that are touched.
 */
void claims_init(struct claims *claims, u64 file_size)
{
	unsigned int kind;

	claims->end = 0;
	claims->units = units_of(file_size < CLAIMS_LIMIT ? file_size : CLAIMS_LIMIT);
	for (kind = 0; kind < CLAIM_KINDS; kind++)
		claims->bits[kind] = xcalloc(claims->units / 8 + 1, 1);
}

void claims_free(struct claims *claims)
{
	unsigned int kind;

	for (kind = 0; kind < CLAIM_KINDS; kind++)
		free(claims->bits[kind]);
}

/* The end of a range, in units, no further than there are any. */
static u64 end_of(const struct claims *claims, u64 offset, u64 length)
{
	u64 end = units_of(offset + length);

	return end < claims->units ? end : claims->units;
}

/* Is any MiB of a range, which lies in the file, used like that? */
bool claims_any(const struct claims *claims, enum claim kind, u64 offset, u64 length)
{
	u64 end = end_of(claims, offset, length);
	const u8 *bits = claims->bits[kind];
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

void claims_set(struct claims *claims, enum claim kind, u64 offset, u64 length)
{
	u64 end = end_of(claims, offset, length);
	u64 unit;

	for (unit = offset / VHDX_MIB; unit < end; unit++)
		claims->bits[kind][unit / 8] |= (u8)(1U << (unit % 8));
}

/* Header section, log and regions. */
void claims_set_layout(struct claims *claims, const struct vhdx_layout *layout)
{
	u32 i;

	for (i = 0; i < layout->count; i++)
		claims_set(claims, CLAIM_USED, layout->extent[i].offset,
			   layout->extent[i].length);
}
