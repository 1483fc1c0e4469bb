/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What a disk may show after a power cut, or at the end, by the journal of its writer.
 *
 * No two operations on one sector overlap in time, so that each sector has a history: the
 * generations that wrote it, one after the other. Durable is what completed before a flush
 * was issued that completed, and a synced write that completed. A sector must show the
 * newest durable one of its history or any newer one issued before the cut. A discard leaves
 * what was there, or zeros.
 */
#ifndef VHDX_TESTS_HISTORY_H
#define VHDX_TESTS_HISTORY_H

#include "stamp.h"

#define UNIT_BYTES MIB
#define UNIT_SECTORS (UNIT_BYTES / STAMP_SIZE)

/* A position in the journal that is never reached */
#define NEVER UINT64_MAX

/**
 * struct op - an operation of the journal
 * @kind:	an enum op_kind
 * @failed:	it was completed with an error: its effect is unknown
 * @sector:	first, in units of STAMP_SIZE
 * @count:	of sectors
 * @issued:	position in the journal
 * @done:	position in the journal, or NEVER
 * @durable:	position in the journal of what made it durable, or NEVER
 */
struct op {
	char kind;
	bool failed;
	u64 sector;
	u64 count;
	u64 issued;
	u64 done;
	u64 durable;
};

/**
 * struct history_mark - a point known to both journal and recording
 * @position:	in the journal
 * @entries:	recorded before it, or NEVER: the recording has the mark
 */
struct history_mark {
	u64 position;
	u64 entries;
};

/**
 * struct unit - a MiB of the disk that was touched
 * @data:	by sector, the newest durable generation but for discards; 0: none
 * @discard:	by sector, the newest durable discard; 0: none
 * @zeroing:	generations of all operations on it that may leave zeros, in order
 * @nr_zeroing:	how many
 * @version:	changes whenever the others do
 */
struct unit {
	u32 data[UNIT_SECTORS];
	u32 discard[UNIT_SECTORS];
	u32 *zeroing;
	u32 nr_zeroing;
	u32 version;
};

/* Is this what the disk showed at @sector before all? */
typedef bool (*history_base)(void *context, u64 sector, const u8 *data);

/*
 * struct history - a journal, read
 * @ops:	by generation; that at 0 is not used
 * @marks:	by number, likewise
 * @events:	positions in the journal: lines after the first
 * @by_durable:	generations in the order in which they got durable
 * @nr_applied:	how many of these units know of
 * @units:	each MiB of the disk; NULL if never touched
 */
struct history {
	u64 seed;
	u64 bytes;
	struct op *ops;
	u64 nr_ops;
	struct history_mark *marks;
	u64 nr_marks;
	u64 events;
	u32 *by_durable;
	u64 nr_applied;
	struct unit **units;
	u64 nr_units;
	history_base base;
	void *context;
};

enum history_fault {
	HISTORY_RIGHT,
	HISTORY_LOST,		/* older than what was durable */
	HISTORY_ZEROS,		/* zeros that were not written */
	HISTORY_EARLY,		/* what was not yet issued: the journal is of another run */
	HISTORY_ELSEWHERE,	/* data of another sector */
	HISTORY_OTHER_RUN,	/* data of another run */
	HISTORY_FILLED,		/* one byte all over: what was on the device before all */
	HISTORY_TORN,		/* neither the one nor the other */
	HISTORY_GARBAGE,
	HISTORY_FAULTS
};

/*
 * struct history_finding - a sector that is wrong
 * @stamp:	what it says, if it says anything
 * @wanted:	the generation that it must show, if not a newer one; 0: as it was at first
 */
struct history_finding {
	enum history_fault fault;
	u64 sector;
	struct stamp stamp;
	u64 wanted;
};

void history_read(struct history *history, const char *path);
void history_advance(struct history *history, u64 position);
void history_settle(struct history *history);
u64 history_check(const struct history *history, u64 sector, const u8 *data, u64 count,
		  u64 until, struct history_finding *finding);
const char *history_fault_name(enum history_fault fault);

#endif /* VHDX_TESTS_HISTORY_H */
