// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "bitmap.h"

/**
 * vhdx_bitmap_run() - count the bits that have the same value, from one on
 * @word:	64 bits of a sector bitmap
 * @first:	0 to 63
 * @set:	set to that value
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
	/* at most 64 - @first: if inverted, the bits shifted in at the top are ones */
	return (u32)__builtin_ctzll(rest);
}

/**
 * vhdx_bitmap_mask() - make a word in which a range of bits is set
 * @first:	0 to 63
 * @end:	the bit behind the last one, @first + 1 to 64
 *
 * Return: the word in cpu byte order
 */
u64 vhdx_bitmap_mask(u32 first, u32 end)
{
	return ~0ULL >> (VHDX_BITMAP_WORD_BITS - (end - first)) << first;
}
