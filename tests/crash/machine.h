/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A writer of a log, and the disk that it writes to.
 */
#ifndef VHDX_CRASH_MACHINE_H
#define VHDX_CRASH_MACHINE_H

#include "makelog.h"

#define SECTOR 4096U
#define MAX_SECTORS 28U
#define PAGES 7U
#define MAX_ENTRIES 400U
#define MAX_PENDING 2048U
#define RING_OFFSET VHDX_MIB

/* Each page is alone in a MiB of the file, so that new ones need a longer file. */
#define PAGE_OFFSET(page) ((2 + (u64)(page)) * VHDX_MIB)
#define PAGE_NEEDS(page) (PAGE_OFFSET(page) + VHDX_MIB)

/* What a writer may do wrong */
struct writer {
	const char *name;
	bool reuses_early;	/* space that the Tail on the disk still covers */
	bool forgets_early;	/* Tail passes what was applied but not flushed */
	bool applies_early;	/* entries that are not flushed */
};

/* What a file shows: which contents each page has (0: zeros), and how long it is */
struct state {
	u32 page[PAGES];
	u64 size;
};

struct live_entry {
	u32 offset;
	u32 length;
	u32 tail;
	u64 sequence;
	u32 count;
	u32 page[4];
	u32 contents[4];
	u64 size;
	bool durable, applied, stable;
};

/* A write that may or may not arrive */
struct pending {
	bool to_ring;
	u32 at;			/* sector of the ring, or page */
	u8 bytes[SECTOR];
};

struct disk {
	u8 ring[MAX_SECTORS * SECTOR];
	u8 page[PAGES][SECTOR];
	u64 size;
};

struct machine {
	const struct writer *writer;
	bool trace;
	u64 seed;
	u32 sectors;
	struct vhdx_guid guid;

	struct disk disk;	/* what is on it for certain */
	u32 nr_pending;
	u64 pending_size;

	struct live_entry entries[MAX_ENTRIES];	/* those before @first are not needed */
	u32 first, end;
	u32 head;
	u32 tail, durable_tail;
	u64 first_sequence, sequence, durable_sequence;

	struct state now;
	struct state after[MAX_ENTRIES];	/* each of entries */
	u32 next_contents;
	struct pending pending[MAX_PENDING];	/* last: not cleared */
};

/* Use the machine, for a while. */
void machine_run(struct machine *m, const struct writer *writer, u64 seed, bool trace);

/* Cut the power: m->disk is what is left. */
void machine_crash(struct machine *m);

/* Write to a page or sector of the disk, as a power cut leaves it. */
void write_or_not(u64 *seed, u8 *to, const u8 *from);

/* The bytes of @contents */
void fill(u8 page[SECTOR], u32 contents);

#endif /* VHDX_CRASH_MACHINE_H */
