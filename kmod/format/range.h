/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Ranges of the file. Unchecked offsets and lengths are added only here, without overflow.
 */
#ifndef VHDX_FORMAT_RANGE_H
#define VHDX_FORMAT_RANGE_H

#include "env.h"

/* The largest offset in a file on Linux (rule 43) */
#define VHDX_MAX_FILE_OFFSET 0x7fffffffffffffffULL

/* Does [offset, offset + length) lie within [0, limit)? Correct for any input. */
static inline bool vhdx_range_inside(u64 offset, u64 length, u64 limit)
{
	return length <= limit && offset <= limit - length;
}

/* Do two ranges share a byte? Both must lie within a file (vhdx_range_inside). */
static inline bool vhdx_ranges_overlap(u64 a, u64 a_length, u64 b, u64 b_length)
{
	return a < b + b_length && b < a + a_length;
}

static inline bool vhdx_is_aligned(u64 value, u64 power_of_two)
{
	return !(value & (power_of_two - 1));
}

#endif /* VHDX_FORMAT_RANGE_H */
