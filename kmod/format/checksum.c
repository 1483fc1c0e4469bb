// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "checksum.h"

/**
 * vhdx_checksum() - CRC-32C of a structure, its own checksum field taken as zero (2.2.2)
 * @data:	the structure; its checksum is at VHDX_CHECKSUM_OFFSET
 * @length:	bytes, more than VHDX_CHECKSUM_OFFSET + 4
 *
 * Works around the field instead of clearing it, so that @data may be const and shared.
 *
 * Return: the checksum in cpu byte order
 */
u32 vhdx_checksum(const void *data, u32 length)
{
	static const u8 zero[4];
	const u8 *bytes = data;
	u32 crc = ~0U;

	crc = crc32c(crc, bytes, VHDX_CHECKSUM_OFFSET);
	crc = crc32c(crc, zero, sizeof(zero));
	crc = crc32c(crc, bytes + VHDX_CHECKSUM_OFFSET + 4, length - VHDX_CHECKSUM_OFFSET - 4);
	return ~crc;
}

/**
 * vhdx_checksum_valid() - does a structure have the right checksum?
 * @data:	the structure
 * @length:	bytes
 *
 * Return: true if the stored checksum is the computed one
 */
bool vhdx_checksum_valid(const void *data, u32 length)
{
	__le32 stored;

	memcpy(&stored, (const u8 *)data + VHDX_CHECKSUM_OFFSET, sizeof(stored));
	return le32_to_cpu(stored) == vhdx_checksum(data, length);
}

/**
 * vhdx_checksum_stamp() - set the checksum of a structure
 * @data:	the structure, otherwise complete
 * @length:	bytes
 */
void vhdx_checksum_stamp(void *data, u32 length)
{
	__le32 checksum = cpu_to_le32(vhdx_checksum(data, length));

	memcpy((u8 *)data + VHDX_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}
