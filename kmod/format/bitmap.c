// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "bitmap.h"

/**
 * vhdx_bitmap_run() - how many bits from one on are the same?
 * @word:	64 bits of a sector bitmap
 * @first:	0 to 63
 * @set:	set to what they are
 *
 * Return: 1 to 64 - @first
 */
u32 vhdx_bitmap_run(u64 word, u32 first, bool *set)
{
	u64 rest = word >> first;

	*set = rest & 1;
	if (*set)
		rest = ~rest;
	if (!rest)
		return VHDX_BITMAP_WORD_BITS - first;
	/* never more than there are: inverted, what was shifted in at the top is set */
	return (u32)__builtin_ctzll(rest);
}

/**
 * vhdx_bitmap_mask() - the word whose bits from one up to another are set
 * @first:	0 to 63
 * @end:	the one behind the last, @first + 1 to 64
 *
 * Return: the word in cpu byte order
 */
u64 vhdx_bitmap_mask(u32 first, u32 end)
{
	return ~0ULL >> (VHDX_BITMAP_WORD_BITS - (end - first)) << first;
}
