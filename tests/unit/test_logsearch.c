// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The log, on small rings: which of its entries count.
 */
#include "suite.h"

#include "smallring.h"

/* -- the active sequence -- */

#define TORN 1
#define FOREIGN 2

struct placed {
	u8 at, sectors, tail, how;
	u64 sequence;
};

struct search {
	const char *claim;
	struct placed entries[10];
	bool none;
	u8 first, count, head;
};

static const struct search searches[] = {
	{ "an empty ring has no sequence", { { 0 } }, true },
	{ "one entry, Tail its own", { { 0, 2, 0, 0, 1 } }, false, 0, 1, 0 },
	{ "one entry anywhere", { { 9, 2, 9, 0, 77 } }, false, 9, 1, 9 },
	{ "one empty entry", { { 0, 1, 0, 0, 1 } }, false, 0, 1, 0 },
	{ "one entry over the ring's end", { { 15, 3, 15, 0, 4 } }, false, 15, 1, 15 },
	{ "one entry whose Tail is nowhere", { { 3, 2, 7, 0, 1 } }, true },
	{ "one entry whose Tail is in its own middle", { { 3, 2, 4, 0, 1 } }, true },
	{ "one entry of another log", { { 0, 2, 0, FOREIGN, 1 } }, true },
	{ "one torn entry", { { 0, 2, 0, TORN, 1 } }, true },
	{ "three entries", { { 2, 2, 2, 0, 5 }, { 4, 1, 2, 0, 6 }, { 5, 3, 2, 0, 7 } },
	  false, 2, 3, 5 },
	{ "Tail inside the run: what is before it does not count",
	  { { 2, 2, 2, 0, 5 }, { 4, 1, 2, 0, 6 }, { 5, 3, 4, 0, 7 } }, false, 4, 2, 5 },
	{ "Tail of the last is its own: it alone counts",
	  { { 2, 2, 2, 0, 5 }, { 4, 1, 2, 0, 6 }, { 5, 3, 5, 0, 7 } }, false, 5, 1, 5 },
	{ "entries over the ring's end, a border there", { { 14, 2, 14, 0, 5 }, { 0, 2, 14, 0, 6 } },
	  false, 14, 2, 0 },
	{ "entries over the ring's end, one across it",
	  { { 12, 3, 12, 0, 5 }, { 15, 3, 12, 0, 6 }, { 2, 1, 12, 0, 7 } }, false, 12, 3, 2 },
	{ "the newest ends exactly at the ring's end, an older one begins at its start",
	  { { 0, 2, 0, 0, 3 }, { 12, 2, 12, 0, 8 }, { 14, 2, 12, 0, 9 } }, false, 12, 2, 14 },
	{ "all sectors used, in a circle", { { 4, 6, 4, 0, 8 }, { 10, 6, 4, 0, 9 }, { 0, 4, 4, 0, 10 } },
	  false, 4, 3, 0 },
	{ "a circle whose first follows its last by place, not by number",
	  { { 0, 8, 0, 0, 8 }, { 8, 8, 0, 0, 9 } }, false, 0, 2, 8 },
	{ "an entry as large as the ring", { { 6, 16, 6, 0, 1 } }, false, 6, 1, 6 },
	{ "a stale lap behind a single newest entry",
	  { { 0, 2, 0, 0, 20 }, { 2, 2, 2, 0, 14 }, { 4, 2, 2, 0, 15 }, { 6, 2, 2, 0, 16 },
	    { 8, 2, 2, 0, 17 }, { 10, 6, 2, 0, 18 } }, false, 0, 1, 0 },
	{ "a stale lap that leads up to a single newest entry",
	  { { 0, 2, 0, 0, 19 }, { 2, 2, 2, 0, 14 }, { 4, 2, 2, 0, 15 }, { 6, 2, 2, 0, 16 },
	    { 8, 2, 2, 0, 17 }, { 10, 6, 2, 0, 18 } }, false, 0, 1, 0 },
	{ "the newest is torn: the state before it",
	  { { 2, 2, 2, 0, 5 }, { 4, 2, 2, 0, 6 }, { 6, 2, 2, TORN, 7 } }, false, 2, 2, 4 },
	{ "the newest but one is torn: the state before both",
	  { { 2, 2, 2, 0, 5 }, { 4, 2, 2, TORN, 6 }, { 6, 2, 2, 0, 7 } }, false, 2, 1, 2 },
	{ "the newest is complete by itself behind a torn one",
	  { { 2, 2, 2, 0, 5 }, { 4, 2, 2, TORN, 6 }, { 6, 2, 6, 0, 7 } }, false, 6, 1, 6 },
	{ "the oldest is torn, and still needed",
	  { { 2, 2, 2, TORN, 5 }, { 4, 2, 2, 0, 6 }, { 6, 2, 2, 0, 7 } }, true },
	{ "the oldest is torn, and not needed any more",
	  { { 2, 2, 2, TORN, 5 }, { 4, 2, 2, 0, 6 }, { 6, 2, 4, 0, 7 } }, false, 4, 2, 6 },
	{ "two complete sequences, the newer one behind",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, 0, 6 }, { 8, 2, 8, 0, 50 } }, false, 8, 1, 8 },
	{ "two complete sequences, the newer one in front",
	  { { 0, 2, 0, 0, 50 }, { 2, 2, 0, 0, 51 }, { 8, 2, 8, 0, 5 } }, false, 0, 2, 2 },
	{ "a newer sequence that is not complete does not count",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, 0, 6 }, { 8, 2, 12, 0, 50 } }, false, 0, 2, 2 },
	{ "the last sequence number decides, not the first, nor the count",
	  { { 0, 1, 0, 0, 5 }, { 1, 1, 0, 0, 6 }, { 2, 1, 0, 0, 7 }, { 8, 1, 8, 0, 8 } },
	  false, 8, 1, 8 },
	{ "adjacent entries whose numbers differ by two are two sequences",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, 0, 7 } }, false, 0, 1, 0 },
	{ "adjacent entries whose numbers are equal are two sequences",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 2, 0, 5 } }, false, 0, 1, 0 },
	{ "adjacent entries whose numbers fall are two sequences",
	  { { 0, 2, 0, 0, 6 }, { 2, 2, 2, 0, 5 } }, false, 0, 1, 0 },
	{ "consecutive entries with a gap between them are two sequences",
	  { { 0, 2, 0, 0, 5 }, { 3, 2, 0, 0, 6 } }, false, 0, 1, 0 },
	{ "an entry of another log between breaks a sequence",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, FOREIGN, 6 }, { 4, 2, 4, 0, 6 } }, false, 4, 1, 4 },
	{ "an entry of another log behind does not continue a sequence",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 2, FOREIGN, 6 } }, false, 0, 1, 0 },
	{ "sequence numbers are unsigned", { { 0, 2, 0, 0, 1 }, { 4, 2, 4, 0, 1ULL << 63 } },
	  false, 4, 1, 4 },
	{ "sequence numbers rise over 32 bits", { { 0, 2, 0, 0, 0xffffffff }, { 2, 2, 0, 0, 1ULL << 32 } },
	  false, 0, 2, 2 },
	{ "sequence numbers do not wrap", { { 0, 2, 0, 0, TOP - 1 }, { 2, 2, 0, 0, TOP },
	  { 4, 2, 4, 0, 1 } }, false, 0, 2, 2 },
	{ "the highest sequence number is not followed by an empty sector",
	  { { 0, 2, 0, 0, TOP - 1 }, { 2, 2, 0, 0, TOP } }, false, 0, 2, 2 },
};

static void put(const struct placed *p)
{
	static struct log_change changes[15];
	struct log_entry entry = {
		.guid = make_guid(p->how == FOREIGN ? GUID + 1 : GUID), .sequence = p->sequence,
		.tail = p->tail * SECTOR, .changes = changes, .count = p->sectors - 1,
		.flushed_size = FILE_SIZE, .last_size = FILE_SIZE,
	};
	u32 i;

	for (i = 0; i < entry.count; i++)
		changes[i] = (struct log_change){ 2 * MIB + p->at * 65536 + i * SECTOR, page_a, 0 };
	log_entry_encode(encoded, &entry);
	if (p->how == TORN)
		memset(encoded + (p->sectors - 1) * SECTOR + 2048, 0, 2048);
	ring_put(file.ring, RING, p->at * SECTOR, encoded, p->sectors * SECTOR);
}

static void search(void **state)
{
	const struct search *row = *state;
	u32 i;

	ring_start(SECTORS, FILE_SIZE);
	for (i = 0; i < ARRAY_SIZE(row->entries) && row->entries[i].sequence; i++)
		put(&row->entries[i]);
	assert_int_equal(ring_find(), row->none ? VHDX_REASON_log_no_sequence : VHDX_OK);
	assert_true(file.reads <= 4 * SECTORS);
	if (row->none) {
		assert_int_equal(fault.reason, VHDX_REASON_log_no_sequence);
		assert_int_equal(fault.offset, LOG_OFFSET);
		return;
	}
	assert_int_equal(sequence.first, row->first * SECTOR);
	assert_int_equal(sequence.entries, row->count);
	assert_int_equal(sequence.head.offset, row->head * SECTOR);
}

/* Which entries are found must not depend on where in the ring they are. */
static void search_turned(void **state)
{
	const struct search *row;
	u32 turn, i;

	(void)state;
	for (row = searches; row < searches + ARRAY_SIZE(searches); row++) {
		for (turn = 1; turn < SECTORS; turn++) {
			ring_start(SECTORS, FILE_SIZE);
			for (i = 0; i < ARRAY_SIZE(row->entries) && row->entries[i].sequence; i++) {
				struct placed p = row->entries[i];

				p.at = (p.at + turn) % SECTORS;
				p.tail = (p.tail + turn) % SECTORS;
				put(&p);
			}
			assert_int_equal(ring_find(), row->none ? VHDX_REASON_log_no_sequence : VHDX_OK);
			/* of two with the same number either may count */
			if (row->none || strstr(row->claim, "are equal"))
				continue;
			assert_int_equal(sequence.first, (row->first + turn) % SECTORS * SECTOR);
			assert_int_equal(sequence.entries, row->count);
			assert_int_equal(sequence.head.offset, (row->head + turn) % SECTORS * SECTOR);
		}
	}
}

/* A ring made to hurt: every sector is the start of an entry that might be the whole ring. */
static void search_is_linear(void **state)
{
	struct log_change changes[14];
	struct log_entry entry = { .guid = make_guid(GUID), .changes = changes, .count = 14 };
	u32 i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		changes[i] = (struct log_change){ 2 * MIB, page_a, 0 };
	ring_start(512, FILE_SIZE);
	for (n = 1; n <= 15; n++) {
		for (i = 0; i + n <= 512; i += n) {
			entry.sequence = 3;
			log_entry_encode(encoded, &entry);
			memcpy(file.ring + i * SECTOR, encoded, n * SECTOR);
		}
		file.reads = 0;
		assert_int_equal(ring_find(), n == 15 ? VHDX_OK : VHDX_REASON_log_no_sequence);
		assert_true(file.reads <= 2 * 512 + 15);
	}
}

/* A page that is itself an entry lies in the ring as a data sector, and is none. */
static void entry_in_page(void **state)
{
	struct log_change change = { 2 * MIB, NULL, 0 };
	struct log_entry inner = { .guid = make_guid(GUID), .sequence = 1000, .tail = SECTOR };
	struct log_entry outer = { .guid = make_guid(GUID), .sequence = 5, .changes = &change,
		.count = 1 };
	static u8 page[SECTOR];

	(void)state;
	log_entry_encode(page, &inner);
	change.page = page;
	ring_start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring, &outer);
	assert_int_equal(ring_find(), VHDX_OK);
	assert_int_equal(sequence.head.sequence, 5);
}

int main(void)
{
	ring_pages();
	SUITE_ADD_ROWS(searches, search);
	suite_add("all of these are found wherever in the ring they begin", search_turned);
	suite_add("the search reads a sector twice at most, whatever stands there", search_is_linear);
	suite_add("a page that is an entry is none while it is logged", entry_in_page);
	return suite_run("logsearch");
}
