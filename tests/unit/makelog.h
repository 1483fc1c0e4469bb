/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Log entries as a writer makes them: right, until a test changes them.
 */
#ifndef VHDX_TEST_MAKELOG_H
#define VHDX_TEST_MAKELOG_H

#include "format/log_scan.h"

/* One change: a page, or if that is NULL, @zeros bytes of zeros */
struct log_change {
	u64 offset;
	const u8 *page;
	u64 zeros;
};

struct log_entry {
	struct vhdx_guid guid;
	u64 sequence;
	u32 tail;
	u64 flushed_size;
	u64 last_size;
	const struct log_change *changes;
	u32 count;
};

/* Bytes of an entry, whole sectors */
u32 log_entry_length(const struct log_entry *entry);

/* Encode into @bytes, which has log_entry_length() of them; with its checksum. */
void log_entry_encode(u8 *bytes, const struct log_entry *entry);

/* Put an entry into a ring; it continues at the ring's start if it must. */
void ring_put(u8 *ring, u32 ring_length, u32 offset, const u8 *bytes, u32 length);

/*
 * A file in memory of which only the ring exists; elsewhere each 8 bytes are their offset,
 * inverted. What the core must never read, everything beyond the file, stops the program.
 */
struct ring_file {
	u8 *ring;
	u32 length;
	u64 offset;		/* of the ring in the file */
	u32 reads;		/* so far */
	u32 fail_at;		/* the n-th read fails; 0: none */
	u32 change_at;		/* before the n-th read... */
	void (*change)(struct ring_file *file);	/* ...this happens, once */
	struct vhdx_reader reader;
};

void ring_file_init(struct ring_file *file, u64 offset, u32 length, u64 size);
void ring_file_free(struct ring_file *file);

/* What stands in the file outside the ring */
void ring_file_plain(u64 offset, u8 *to, u32 length);

/* Numbers that depend on their seed only; splitmix64 */
u64 chance(u64 *seed);
u32 chance_below(u64 *seed, u32 limit);

#endif /* VHDX_TEST_MAKELOG_H */
