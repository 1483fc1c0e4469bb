/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The log: which entries are to be replayed, and what they would change.
 */
#ifndef VHDX_FORMAT_LOG_SCAN_H
#define VHDX_FORMAT_LOG_SCAN_H

#include "header.h"
#include "reader.h"

/* Larger ones are valid but never seen; searching one needs memory for each sector. */
#define VHDX_LOG_MAX_LENGTH	(1024 * VHDX_MIB)

/* No file gets larger than this by replay. */
#define VHDX_LOG_MAX_FILE_SIZE	(256 * VHDX_TIB)

/**
 * struct vhdx_log - a log that is not empty
 * @reader:	the file as it is, nothing replayed
 * @offset:	of the ring in the file, in bytes
 * @length:	of the ring, in bytes
 * @guid:	which entries count; not null
 */
struct vhdx_log {
	const struct vhdx_reader *reader;
	u64 offset;
	u32 length;
	struct vhdx_guid guid;
};

/**
 * struct vhdx_log_entry - an entry that is whole: checksum, sectors, descriptors
 * @offset:	in the ring, in bytes; it may continue at the ring's start
 * @length:	bytes
 * @tail:	offset in the ring of the oldest entry needed if this one is the newest
 * @descriptors: how many changes it makes, perhaps none
 * @sequence:	one more than the entry's before it; not 0
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

/**
 * struct vhdx_log_sequence - the active sequence: what is to be replayed
 * @first:	offset in the ring of the oldest entry
 * @entries:	how many, at least one
 * @head:	the newest entry
 * @limit:	no change reaches beyond this offset in the file
 */
struct vhdx_log_sequence {
	u32 first;
	u32 entries;
	struct vhdx_log_entry head;
	u64 limit;
};

/**
 * struct vhdx_log_change - one thing that replay does to the file
 * @entry:	which entry demands it
 * @offset:	in the file, a multiple of VHDX_PAGE_SIZE
 * @length:	bytes, a multiple of VHDX_PAGE_SIZE; one page unless @zero
 * @zero:	the range becomes zeros; otherwise the page is replaced
 * @sector:	offset in the ring of the data sector, unless @zero
 * @leading:	the page's first 8 bytes, unless @zero
 * @trailing:	its last 4 bytes, unless @zero
 */
struct vhdx_log_change {
	const struct vhdx_log_entry *entry;
	u64 offset;
	u64 length;
	bool zero;
	u32 sector;
	u8 leading[8];
	u8 trailing[4];
};

typedef enum vhdx_reason (*vhdx_log_visit)(void *context, const struct vhdx_log_change *change,
					   struct vhdx_fault *fault);

/**
 * struct vhdx_log_slot - memory for the search, one for each sector of the ring
 * @sequence:	of the valid entry that starts there; 0 if none does
 * @length:	of that entry
 * @tail:	of that entry
 * @follows:	it continues the entry that ends where it starts
 */
struct vhdx_log_slot {
	u64 sequence;
	u32 length;
	u32 tail : 31;
	u32 follows : 1;
};

static inline u32 vhdx_log_sectors(const struct vhdx_log *log)
{
	return log->length / VHDX_LOG_SECTOR_SIZE;
}

enum vhdx_reason vhdx_log_init(struct vhdx_log *log, const struct vhdx_reader *reader,
			       const struct vhdx_header *header, struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_read_entry(const struct vhdx_log *log, u32 offset,
				     struct vhdx_log_entry *entry, void *sector, bool *valid,
				     struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_find(const struct vhdx_log *log, struct vhdx_log_sequence *sequence,
			       struct vhdx_log_slot *slots, void *sector,
			       struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_walk(const struct vhdx_log *log,
			       const struct vhdx_log_sequence *sequence, void *sector,
			       vhdx_log_visit visit, void *context, struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_read_page(const struct vhdx_log *log,
				    const struct vhdx_log_change *change, void *page,
				    struct vhdx_fault *fault);
void vhdx_log_restore_page(void *page, const u8 leading[8], const u8 trailing[4]);

#endif /* VHDX_FORMAT_LOG_SCAN_H */
