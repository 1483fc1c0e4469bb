/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * One entry of the log: is it valid, and where are its parts?
 */
#ifndef VHDX_FORMAT_LOG_ENTRY_H
#define VHDX_FORMAT_LOG_ENTRY_H

#include "header.h"
#include "reader.h"

/* Longer logs are valid but do not occur. A search needs memory for each sector. */
#define VHDX_LOG_MAX_LENGTH	(1024 * VHDX_MIB)

/**
 * struct vhdx_log - a log that is not empty
 * @reader:	of the file as it is, without replay
 * @offset:	of the ring in the file, in bytes
 * @length:	of the ring, in bytes
 * @guid:	LogGuid of the entries that count; not null
 */
struct vhdx_log {
	const struct vhdx_reader *reader;
	u64 offset;
	u32 length;
	struct vhdx_guid guid;
};

/**
 * struct vhdx_log_entry - a valid entry: checksum, sectors and descriptors are right
 * @offset:	in the ring, in bytes; it may continue at the ring's start
 * @length:	bytes
 * @tail:	offset in the ring of the oldest entry needed if this one is the newest
 * @descriptors: number of its changes, perhaps none
 * @sequence:	sequence number, one more than that of the entry before; not 0
 * @flushed_size: the file had at least this many bytes on stable storage
 * @last_size:	the file must have at least this many bytes after replay
 */
struct vhdx_log_entry {
	u32 offset;
	u32 length;
	u32 tail;
	u32 descriptors;
	u64 sequence;
	u64 flushed_size;
	u64 last_size;
};

/* Number of sectors of the ring */
static inline u32 vhdx_log_sectors(const struct vhdx_log *log)
{
	return log->length / VHDX_LOG_SECTOR_SIZE;
}

enum vhdx_reason vhdx_log_init(struct vhdx_log *log, const struct vhdx_reader *reader,
			       const struct vhdx_header *header, struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_read_entry(const struct vhdx_log *log, u32 offset,
				     struct vhdx_log_entry *entry, void *sector, bool *valid,
				     struct vhdx_fault *fault);
void vhdx_log_restore_page(void *page, const u8 leading[8], const u8 trailing[4]);

u32 vhdx_log_after(const struct vhdx_log *log, u32 offset, u32 length);
enum vhdx_reason vhdx_log_read_sector(const struct vhdx_log *log, u32 offset, void *sector,
				      struct vhdx_fault *fault);
u64 vhdx_log_descriptor_area(u32 count);
void vhdx_log_descriptor_span(const struct vhdx_log_entry *entry, u32 index, u32 *first,
			      u32 *last);

#endif /* VHDX_FORMAT_LOG_ENTRY_H */
