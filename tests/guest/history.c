// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

const char *history_fault_name(enum history_fault fault)
{
	static const char *const names[HISTORY_FAULTS] = {
		"right", "older than what was durable", "zeros that were not written",
		"not issued yet", "data of another sector", "data of another run",
		"one byte all over", "torn", "garbage",
	};

	return names[fault];
}

static void *grown(void *memory, u64 count, size_t size)
{
	/* doubled at each power of two */
	if (count & (count - 1))
		return memory;
	memory = realloc(memory, (count ? 2 * count : 1) * size);
	if (!memory)
		die("no memory");
	return memory;
}

static void *zeroed(u64 count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		die("no memory");
	return memory;
}

/* -- the journal -- */

static void read_issue(struct history *h, const char *line)
{
	struct op op = { .issued = h->events, .done = NEVER, .durable = NEVER };
	u64 generation;

	if (sscanf(line, "i %" SCNu64 " %c %" SCNu64 " %" SCNu64, &generation, &op.kind,
		   &op.sector, &op.count) != 4 || generation != h->nr_ops + 1)
		die("journal: not understood: %s", line);
	if (op.sector > h->bytes / STAMP_SIZE || op.count > h->bytes / STAMP_SIZE - op.sector)
		die("journal: beyond the disk: %s", line);
	h->nr_ops++;
	h->ops = grown(h->ops, h->nr_ops, sizeof(op));
	h->ops[h->nr_ops] = op;
}

static void read_completion(struct history *h, const char *line)
{
	u64 generation;
	int error;

	if (sscanf(line, "c %" SCNu64 " %d", &generation, &error) != 2 || !generation ||
	    generation > h->nr_ops)
		die("journal: not understood: %s", line);
	h->ops[generation].done = h->events;
	h->ops[generation].failed = error;
}

static void read_mark(struct history *h, const char *line)
{
	struct history_mark mark = { h->events, NEVER };
	u64 number;

	if (sscanf(line, "m %" SCNu64 " %" SCNu64, &number, &mark.entries) < 1 ||
	    number != h->nr_marks + 1)
		die("journal: not understood: %s", line);
	h->nr_marks++;
	h->marks = grown(h->marks, h->nr_marks, sizeof(mark));
	h->marks[h->nr_marks] = mark;
}

static void read_lines(struct history *h, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[200];

	if (!file)
		die_errno("%s", path);
	if (!fgets(line, sizeof(line), file) ||
	    sscanf(line, "writer %" SCNu64 " %" SCNu64, &h->seed, &h->bytes) != 2)
		die("%s is no journal", path);
	for (; fgets(line, sizeof(line), file); h->events++) {
		if (line[0] == 'i')
			read_issue(h, line);
		else if (line[0] == 'c')
			read_completion(h, line);
		else
			read_mark(h, line);
	}
	fclose(file);
}

/* -- what is durable when -- */

/* For each position: when the first flush to complete of those issued from there on did. */
static u64 *flushed_by_position(const struct history *h)
{
	u64 *flushed = zeroed(h->events + 1, sizeof(*flushed)), i;

	for (i = 0; i <= h->events; i++)
		flushed[i] = NEVER;
	for (i = 1; i <= h->nr_ops; i++)
		if (h->ops[i].kind == OP_FLUSH && !h->ops[i].failed)
			flushed[h->ops[i].issued] = h->ops[i].done;
	for (i = h->events; i--; )
		flushed[i] = min_u64(flushed[i], flushed[i + 1]);
	return flushed;
}

static int compare_durable(const void *left, const void *right, void *ops)
{
	u32 a = *(const u32 *)left, b = *(const u32 *)right;
	u64 x = ((struct op *)ops)[a].durable, y = ((struct op *)ops)[b].durable;

	return x != y ? (x < y ? -1 : 1) : (a > b) - (a < b);
}

static void find_durable(struct history *h)
{
	u64 *flushed = flushed_by_position(h), i;

	h->by_durable = zeroed(h->nr_ops, sizeof(*h->by_durable));
	for (i = 1; i <= h->nr_ops; i++) {
		struct op *op = &h->ops[i];

		h->by_durable[i - 1] = (u32)i;
		if (op->done == NEVER || op->failed)
			continue;
		op->durable = op->kind == OP_SYNC_WRITE ? op->done : flushed[op->done];
	}
	qsort_r(h->by_durable, h->nr_ops, sizeof(*h->by_durable), compare_durable, h->ops);
	free(flushed);
}

/* -- units -- */

static void add_to_units(struct history *h, u32 generation)
{
	const struct op *op = &h->ops[generation];
	u64 i, end = op->sector + op->count;

	for (i = op->sector / UNIT_SECTORS; i * UNIT_SECTORS < end; i++) {
		struct unit *unit = h->units[i];

		if (!unit)
			unit = h->units[i] = zeroed(1, sizeof(*unit));
		if (op->kind != OP_ZERO && op->kind != OP_DISCARD)
			continue;
		unit->nr_zeroing++;
		unit->zeroing = grown(unit->zeroing, unit->nr_zeroing, sizeof(u32));
		unit->zeroing[unit->nr_zeroing - 1] = generation;
	}
}

static void make_units(struct history *h)
{
	u64 i;

	h->nr_units = (h->bytes + UNIT_BYTES - 1) / UNIT_BYTES;
	h->units = zeroed(h->nr_units, sizeof(*h->units));
	for (i = 1; i <= h->nr_ops; i++)
		if (h->ops[i].count)
			add_to_units(h, (u32)i);
}

/**
 * history_read() - read a journal or die
 * @history:	filled
 * @path:	its file
 */
void history_read(struct history *history, const char *path)
{
	memset(history, 0, sizeof(*history));
	read_lines(history, path);
	if (history->nr_ops >= UINT32_MAX)
		die("journal: too long");
	find_durable(history);
	make_units(history);
}

static void apply(struct history *h, u32 generation)
{
	const struct op *op = &h->ops[generation];
	u64 sector, end = op->sector + op->count;

	for (sector = op->sector; sector < end; sector++) {
		struct unit *unit = h->units[sector / UNIT_SECTORS];
		u32 *now = op->kind == OP_DISCARD ? unit->discard : unit->data;

		now += sector % UNIT_SECTORS;
		if (*now >= generation)
			continue;
		*now = generation;
		unit->version++;
	}
}

/**
 * history_advance() - go on in time
 * @history:	what is durable at @position is required from now on
 * @position:	not before the last one
 */
void history_advance(struct history *history, u64 position)
{
	while (history->nr_applied < history->nr_ops) {
		u32 generation = history->by_durable[history->nr_applied];

		if (history->ops[generation].durable > position)
			return;
		apply(history, generation);
		history->nr_applied++;
	}
}

/**
 * history_settle() - no power cut: whatever was completed is required
 * @history:	at any point
 */
void history_settle(struct history *history)
{
	u64 i;

	for (i = 1; i <= history->nr_ops; i++)
		if (history->ops[i].done != NEVER && !history->ops[i].failed)
			apply(history, (u32)i);
}

/* -- sectors -- */

static bool covers(const struct op *op, u64 sector)
{
	return sector >= op->sector && sector - op->sector < op->count;
}

static bool base_shows(const struct history *h, u64 sector, const u8 *data, bool zeros)
{
	return h->base ? h->base(h->context, sector, data) : zeros;
}

static bool zeros_allowed(const struct history *h, const struct unit *unit, u64 sector,
			  u64 until)
{
	u32 i = unit->nr_zeroing, data = unit->data[sector % UNIT_SECTORS];

	if (unit->discard[sector % UNIT_SECTORS] > data)
		return true;
	if (data && h->ops[data].kind == OP_ZERO)
		return true;
	while (i-- && unit->zeroing[i] > data) {
		const struct op *op = &h->ops[unit->zeroing[i]];

		if (covers(op, sector) && op->issued < until)
			return true;
	}
	return false;
}

static enum history_fault judge_stamp(const struct history *h, u64 sector, u64 generation,
				      u64 wanted, u64 until)
{
	const struct op *op = &h->ops[generation];

	if (!generation || generation > h->nr_ops || !covers(op, sector))
		return HISTORY_GARBAGE;
	if (generation < wanted)
		return HISTORY_LOST;
	return op->issued < until ? HISTORY_RIGHT : HISTORY_EARLY;
}

static enum history_fault fault_of(enum stamp_kind kind)
{
	switch (kind) {
	case STAMP_ZEROS:
		return HISTORY_ZEROS;
	case STAMP_ELSEWHERE:
		return HISTORY_ELSEWHERE;
	case STAMP_OTHER_RUN:
		return HISTORY_OTHER_RUN;
	case STAMP_FILLED:
		return HISTORY_FILLED;
	case STAMP_TORN:
		return HISTORY_TORN;
	default:
		return HISTORY_GARBAGE;
	}
}

static enum history_fault judge_sector(const struct history *h, u64 sector, const u8 *data,
				       u64 until, struct history_finding *finding)
{
	const struct unit *unit = h->units[sector / UNIT_SECTORS];
	enum stamp_kind kind;

	memset(&finding->stamp, 0, sizeof(finding->stamp));
	kind = stamp_read(data, h->seed, sector, &finding->stamp);
	finding->sector = sector;
	finding->wanted = unit ? unit->data[sector % UNIT_SECTORS] : 0;
	if (kind == STAMP_RIGHT)
		return judge_stamp(h, sector, finding->stamp.generation, finding->wanted, until);
	if (kind == STAMP_ZEROS && unit && zeros_allowed(h, unit, sector, until))
		return HISTORY_RIGHT;
	if (!finding->wanted && base_shows(h, sector, data, kind == STAMP_ZEROS))
		return HISTORY_RIGHT;
	return fault_of(kind);
}

/**
 * history_check() - may the disk show this?
 * @history:	advanced to the last mark before the cut
 * @sector:	first, in units of STAMP_SIZE
 * @data:	what it shows
 * @count:	of sectors
 * @until:	position in the journal: what was issued from there on cannot be there yet
 * @finding:	filled for the first sector that is wrong
 *
 * Return: how many sectors are wrong
 */
u64 history_check(const struct history *history, u64 sector, const u8 *data, u64 count,
		  u64 until, struct history_finding *finding)
{
	struct history_finding one = { 0 };
	u64 wrong = 0;

	for (; count; count--, sector++, data += STAMP_SIZE) {
		one.fault = judge_sector(history, sector, data, until, &one);
		if (one.fault && !wrong++)
			*finding = one;
	}
	return wrong;
}
