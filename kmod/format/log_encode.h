/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Encoding of log entries: the inverse of log_entry.h.
 */
#ifndef VHDX_FORMAT_LOG_ENCODE_H
#define VHDX_FORMAT_LOG_ENCODE_H

#include "disk.h"

/* Descriptors per sector; the first sector holds the entry's header as well. */
#define VHDX_LOG_DESCRIPTORS_PER_SECTOR	(VHDX_LOG_SECTOR_SIZE / VHDX_LOG_DESCRIPTOR_SIZE)
#define VHDX_LOG_DESCRIPTORS_IN_HEADER \
	((u32)sizeof(struct vhdx_disk_log_entry) / VHDX_LOG_DESCRIPTOR_SIZE)

/**
 * struct vhdx_log_stamp - values of the header of an entry
 * @sequence:	one more than that of the entry before it; not 0
 * @tail:	offset in the ring of the oldest entry that must still be replayed; that of
 *		the entry itself if it stands alone
 * @guid:	the LogGuid of the current header
 * @flushed_size: the file has at least this many bytes on stable storage
 * @last_size:	the file must have at least this many bytes after replay
 */
struct vhdx_log_stamp {
	u64 sequence;
	u32 tail;
	struct vhdx_guid guid;
	u64 flushed_size;
	u64 last_size;
};

/**
 * vhdx_log_descriptor_sector() - in which sector of its entry is a descriptor?
 * @i:	which one, from 0
 *
 * Return: number of the sector, from 0
 */
static inline u32 vhdx_log_descriptor_sector(u32 i)
{
	return ((u64)i + VHDX_LOG_DESCRIPTORS_IN_HEADER) / VHDX_LOG_DESCRIPTORS_PER_SECTOR;
}

/**
 * vhdx_log_descriptor_offset() - where in that sector is it, in bytes?
 * @i:	which one, from 0
 *
 * Return: bytes from the start of the sector
 */
static inline u32 vhdx_log_descriptor_offset(u32 i)
{
	return (i + VHDX_LOG_DESCRIPTORS_IN_HEADER) % VHDX_LOG_DESCRIPTORS_PER_SECTOR *
	       VHDX_LOG_DESCRIPTOR_SIZE;
}

u32 vhdx_log_entry_descriptor_sectors(u32 descriptors);
void vhdx_log_encode_header(void *first_sector, const struct vhdx_log_stamp *stamp,
			    u32 descriptors, u32 data_sectors);
void vhdx_log_encode_data(void *descriptor, void *page, u64 offset, u64 sequence);
void vhdx_log_encode_zero(void *descriptor, u64 offset, u64 length, u64 sequence);
u32 vhdx_log_checksum_begin(void);
u32 vhdx_log_checksum_add(u32 crc, const void *sector);
void vhdx_log_checksum_end(void *first_sector, u32 crc);

#endif /* VHDX_FORMAT_LOG_ENCODE_H */
