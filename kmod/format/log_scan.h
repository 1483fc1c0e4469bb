/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The log: which entries are to be replayed, and what they change.
 */
#ifndef VHDX_FORMAT_LOG_SCAN_H
#define VHDX_FORMAT_LOG_SCAN_H

#include "log_entry.h"

/* Replay does not make files larger than this. */
#define VHDX_LOG_MAX_FILE_SIZE	(256 * VHDX_TIB)

/**
 * struct vhdx_log_sequence - the active sequence: the entries to be replayed
 * @first:	offset in the ring of the oldest entry, in bytes
 * @entries:	number of entries, at least one
 * @head:	the newest entry
 * @limit:	offset in the file that no change may reach beyond, in bytes
 */
struct vhdx_log_sequence {
	u32 first;
	u32 entries;
	struct vhdx_log_entry head;
	u64 limit;
};

/**
 * struct vhdx_log_change - one change that replay makes to the file
 * @entry:	the entry that has it
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

/* Visits a change. Return: VHDX_OK; a reason, with @fault filled, ends the walk */
typedef enum vhdx_reason (*vhdx_log_visit)(void *context, const struct vhdx_log_change *change,
					   struct vhdx_fault *fault);

/**
 * struct vhdx_log_slot - working memory of the search, for one sector of the ring
 * @sequence:	of the valid entry that starts there; 0 if none does
 * @length:	of that entry
 * @tail:	of that entry
 * @follows:	it continues the entry that ends at its start
 */
struct vhdx_log_slot {
	u64 sequence;
	u32 length;
	u32 tail : 31;
	u32 follows : 1;
};

enum vhdx_reason vhdx_log_find(const struct vhdx_log *log, struct vhdx_log_sequence *sequence,
			       struct vhdx_log_slot *slots, void *sector,
			       struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_walk(const struct vhdx_log *log,
			       const struct vhdx_log_sequence *sequence, void *sector,
			       vhdx_log_visit visit, void *context, struct vhdx_fault *fault);
enum vhdx_reason vhdx_log_read_page(const struct vhdx_log *log,
				    const struct vhdx_log_change *change, void *page,
				    struct vhdx_fault *fault);

#endif /* VHDX_FORMAT_LOG_SCAN_H */
