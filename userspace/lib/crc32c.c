// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * CRC-32C (Castagnoli) for the format core, as crc32c() of the kernel: the caller inverts the
 * initial value and the result.
 */
#include "format/env.h"

/* The polynomial 0x1edc6f41 with its bits reversed */
#define POLYNOMIAL 0x82f63b78U

static u32 table[256];

/* Runs before main(), so the table is complete before any thread starts. */
__attribute__((constructor)) static void make_table(void)
{
	u32 value, i, bit;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		value = i;
		for (bit = 0; bit < 8; bit++)
			value = (value >> 1) ^ (value & 1 ? POLYNOMIAL : 0);
		table[i] = value;
	}
}

/**
 * crc32c() - add bytes to a checksum
 * @crc:	checksum so far
 * @buf:	bytes
 * @len:	number of bytes
 *
 * Return: the new checksum
 */
u32 crc32c(u32 crc, const void *buf, unsigned int len)
{
	const u8 *byte = buf;

	while (len--)
		crc = (crc >> 8) ^ table[(crc ^ *byte++) & 0xff];
	return crc;
}
