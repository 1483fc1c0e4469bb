// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: how to write a log entry (2.3.1)
 *
 * An entry is encoded sector by sector, so that it need not be in one piece in memory:
 *
 *	1. Clear the descriptor sectors; fill in the header, checksum 0.
 *	2. For each change a descriptor, see vhdx_log_descriptor_sector(). For a page also
 *	   its data sector: a copy of the page, turned into it in place. They come in the
 *	   order of their descriptors.
 *	3. Checksum: begin, add every sector in the order in which they follow each other
 *	   in the ring, end. Nothing in the sectors may change after they are added.
 *
 * The rest of a descriptor sector, behind the last descriptor, must be zero.
 */
#include "log_encode.h"
#include "checksum.h"

/**
 * vhdx_log_entry_descriptor_sectors() - number of sectors for header and descriptors
 * @descriptors:	number of descriptors; may be 0, an entry has at least one sector
 *
 * Return: sectors of VHDX_LOG_SECTOR_SIZE
 */
u32 vhdx_log_entry_descriptor_sectors(u32 descriptors)
{
	u64 slots = (u64)descriptors + VHDX_LOG_DESCRIPTORS_IN_HEADER;

	return (slots + VHDX_LOG_DESCRIPTORS_PER_SECTOR - 1) / VHDX_LOG_DESCRIPTORS_PER_SECTOR;
}

/**
 * vhdx_log_encode_header() - fill in the header of an entry
 * @first_sector:	of the entry; only its first 64 bytes change
 * @stamp:		values of the header
 * @descriptors:	number of changes
 * @data_sectors:	how many of them replace a page
 *
 * The checksum is left 0 for vhdx_log_checksum_end().
 */
void vhdx_log_encode_header(void *first_sector, const struct vhdx_log_stamp *stamp,
			    u32 descriptors, u32 data_sectors)
{
	u32 sectors = vhdx_log_entry_descriptor_sectors(descriptors) + data_sectors;
	struct vhdx_disk_log_entry *raw = first_sector;

	memset(raw, 0, sizeof(*raw));
	memcpy(raw->signature, "loge", sizeof(raw->signature));
	raw->entry_length = cpu_to_le32(sectors * VHDX_LOG_SECTOR_SIZE);
	raw->tail = cpu_to_le32(stamp->tail);
	raw->sequence_number = cpu_to_le64(stamp->sequence);
	raw->descriptor_count = cpu_to_le32(descriptors);
	raw->log_guid = stamp->guid;
	raw->flushed_file_offset = cpu_to_le64(stamp->flushed_size);
	raw->last_file_offset = cpu_to_le64(stamp->last_size);
}

/**
 * vhdx_log_encode_data() - encode descriptor and data sector of a change that replaces a page
 * @descriptor:	VHDX_LOG_DESCRIPTOR_SIZE bytes, filled
 * @page:	a copy of the page, VHDX_PAGE_SIZE bytes; becomes the data sector
 * @offset:	of the page in the file, a multiple of VHDX_PAGE_SIZE
 * @sequence:	of the entry
 */
void vhdx_log_encode_data(void *descriptor, void *page, u64 offset, u64 sequence)
{
	struct vhdx_disk_log_data *data = descriptor;
	struct vhdx_disk_log_sector *sector = page;

	memcpy(data->signature, "desc", sizeof(data->signature));
	memcpy(data->leading, page, sizeof(data->leading));
	memcpy(data->trailing, &sector->sequence_low, sizeof(data->trailing));
	data->file_offset = cpu_to_le64(offset);
	data->sequence_number = cpu_to_le64(sequence);
	memcpy(sector->signature, "data", sizeof(sector->signature));
	sector->sequence_high = cpu_to_le32((u32)(sequence >> 32));
	sector->sequence_low = cpu_to_le32((u32)sequence);
}

/**
 * vhdx_log_encode_zero() - encode the descriptor of a change that zeroes a range
 * @descriptor:	VHDX_LOG_DESCRIPTOR_SIZE bytes, filled
 * @offset:	of the range in the file, a multiple of VHDX_PAGE_SIZE
 * @length:	bytes, a multiple of VHDX_PAGE_SIZE
 * @sequence:	of the entry
 */
void vhdx_log_encode_zero(void *descriptor, u64 offset, u64 length, u64 sequence)
{
	struct vhdx_disk_log_zero *zero = descriptor;

	memcpy(zero->signature, "zero", sizeof(zero->signature));
	zero->reserved = 0;
	zero->length = cpu_to_le64(length);
	zero->file_offset = cpu_to_le64(offset);
	zero->sequence_number = cpu_to_le64(sequence);
}

/**
 * vhdx_log_checksum_begin() - start the checksum of an entry
 *
 * Return: the checksum of no sectors, for vhdx_log_checksum_add()
 */
u32 vhdx_log_checksum_begin(void)
{
	return ~0U;
}

/**
 * vhdx_log_checksum_add() - add the next sector to the checksum
 * @crc:	checksum so far
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes, as they will be in the ring
 *
 * The checksum field of the first sector must still be 0.
 *
 * Return: the checksum so far
 */
u32 vhdx_log_checksum_add(u32 crc, const void *sector)
{
	return crc32c(crc, sector, VHDX_LOG_SECTOR_SIZE);
}

/**
 * vhdx_log_checksum_end() - store the checksum of an entry
 * @first_sector:	of the entry; only its checksum field changes
 * @crc:		checksum of all sectors
 */
void vhdx_log_checksum_end(void *first_sector, u32 crc)
{
	struct vhdx_disk_log_entry *raw = first_sector;

	raw->checksum = cpu_to_le32(~crc);
}
