// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The log, on small rings: what its entries change.
 */
#include "suite.h"

#include "format/guid.h"
#include "smallring.h"

/* -- sizes -- */

struct size {
	const char *claim;
	u64 file, flushed, last;
	enum vhdx_reason reason;
	u64 limit;
};

static const struct size sizes[] = {
	{ "all sizes equal", FILE_SIZE, FILE_SIZE, FILE_SIZE, VHDX_OK, FILE_SIZE },
	{ "FlushedFileOffset 0", FILE_SIZE, 0, FILE_SIZE, VHDX_OK, FILE_SIZE },
	{ "rule 10: a file shorter than FlushedFileOffset by a byte", FILE_SIZE, FILE_SIZE + 1, FILE_SIZE,
	  VHDX_REASON_log_file_truncated },
	{ "rule 10: FlushedFileOffset of 64 bits", FILE_SIZE, TOP, FILE_SIZE,
	  VHDX_REASON_log_file_truncated },
	{ "a file longer than LastFileOffset", FILE_SIZE, MIB, 2 * MIB, VHDX_OK, FILE_SIZE },
	{ "LastFileOffset 0", FILE_SIZE, 0, 0, VHDX_OK, FILE_SIZE },
	{ "rule 12: a file to be made longer", FILE_SIZE, FILE_SIZE, 20 * MIB, VHDX_OK, 20 * MIB },
	{ "LastFileOffset of 256 TiB", FILE_SIZE, 0, 256 * TIB, VHDX_OK, 256 * TIB },
	{ "LastFileOffset of 256 TiB and a byte", FILE_SIZE, 0, 256 * TIB + 1,
	  VHDX_REASON_log_file_size },
	{ "LastFileOffset of 64 bits", FILE_SIZE, 0, TOP, VHDX_REASON_log_file_size },
	{ "a file of odd size", FILE_SIZE + 512, FILE_SIZE, FILE_SIZE, VHDX_OK, FILE_SIZE + MIB },
	{ "LastFileOffset of odd size", FILE_SIZE, FILE_SIZE, FILE_SIZE + 1, VHDX_OK, FILE_SIZE + MIB },
};

static void check_sizes(void **state)
{
	const struct size *row = *state;
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 9, .tail = 5 * SECTOR,
		.flushed_size = row->flushed, .last_size = row->last };

	ring_start(SECTORS, row->file);
	log_entry_encode(file.ring + 5 * SECTOR, &entry);
	assert_int_equal(ring_find(), row->reason);
	if (row->reason) {
		assert_int_equal(fault.offset, LOG_OFFSET + 5 * SECTOR);
		assert_int_equal(fault.value, row->reason == VHDX_REASON_log_file_size ?
				 row->last : row->flushed);
		return;
	}
	assert_int_equal(sequence.limit, row->limit);
	assert_int_equal(sequence.head.flushed_size, row->flushed);
	assert_int_equal(sequence.head.last_size, row->last);
}

struct length {
	const char *claim;
	u32 length;
	enum vhdx_reason reason;
};

static const struct length lengths[] = {
	{ "a log of 1 MiB is accepted", MIB },
	{ "a log of 1 GiB is accepted", 1024 * MIB },
	{ "a log of 1 GiB and 1 MiB is refused", 1025 * MIB, VHDX_REASON_log_too_large },
	{ "a log of nearly 4 GiB is refused", 4095 * MIB, VHDX_REASON_log_too_large },
};

static void check_length(void **state)
{
	const struct length *row = *state;
	struct vhdx_header header = { .log_guid = make_guid(1), .log_offset = 3 * MIB,
		.log_length = row->length };

	ring_start(SECTORS, FILE_SIZE);
	assert_int_equal(vhdx_log_init(&ring, &file.reader, &header, &fault), row->reason);
	if (row->reason) {
		assert_int_equal(fault.offset, 3 * MIB);
		assert_int_equal(fault.value, row->length);
		return;
	}
	assert_int_equal(ring.offset, 3 * MIB);
	assert_int_equal(ring.length, row->length);
	assert_true(vhdx_guid_equal(&ring.guid, &header.log_guid));
}

/* -- targets -- */

struct target {
	const char *claim;
	u64 offset, zeros;		/* no zeros: a page */
	u64 last;			/* 0: as the file */
	enum vhdx_reason reason;
};

#define PROTECTED VHDX_REASON_log_target_protected
#define RANGE VHDX_REASON_log_target_range

static const struct target targets[] = {
	{ "rule 11: a page at 192 KiB", 192 * VHDX_KIB, 0 },
	{ "rule 11: a page at 188 KiB", 188 * VHDX_KIB, 0, 0, PROTECTED },
	{ "rule 11: a page over the file identifier", 0, 0, 0, PROTECTED },
	{ "rule 11: a page over header 1", 64 * VHDX_KIB, 0, 0, PROTECTED },
	{ "rule 11: a page over header 2", 128 * VHDX_KIB, 0, 0, PROTECTED },
	{ "rule 11: zeros from 192 KiB", 192 * VHDX_KIB, 64 * VHDX_KIB },
	{ "rule 11: zeros from 188 KiB", 188 * VHDX_KIB, 64 * VHDX_KIB, 0, PROTECTED },
	{ "rule 11: zeros over everything", 0, FILE_SIZE, 0, PROTECTED },
	{ "rule 11: the page before the ring", LOG_OFFSET - SECTOR, 0 },
	{ "rule 11: the first page of the ring", LOG_OFFSET, 0, 0, PROTECTED },
	{ "rule 11: the last page of the ring", RING_END - SECTOR, 0, 0, PROTECTED },
	{ "rule 11: the page behind the ring", RING_END, 0 },
	{ "rule 11: zeros up to the ring", LOG_OFFSET - 4 * SECTOR, 4 * SECTOR },
	{ "rule 11: zeros into the ring", LOG_OFFSET - 4 * SECTOR, 5 * SECTOR, 0, PROTECTED },
	{ "rule 11: zeros from inside the ring", RING_END - SECTOR, 2 * SECTOR, 0, PROTECTED },
	{ "rule 11: zeros over all of the ring", LOG_OFFSET - SECTOR, RING + 2 * SECTOR, 0, PROTECTED },
	{ "rule 11: zeros behind the ring to the end of the file", RING_END, FILE_SIZE - RING_END },
	{ "rule 11: the last page of the file", FILE_SIZE - SECTOR, 0 },
	{ "rule 11: the page behind the file", FILE_SIZE, 0, 0, RANGE },
	{ "rule 11: zeros to one page behind the file", FILE_SIZE - SECTOR, 2 * SECTOR, 0, RANGE },
	{ "rule 11: a page behind the file as it is, before its LastFileOffset", FILE_SIZE, 0, FILE_SIZE + MIB },
	{ "rule 11: the last page before LastFileOffset", FILE_SIZE + MIB - SECTOR, 0, FILE_SIZE + MIB },
	{ "rule 11: the page behind LastFileOffset", FILE_SIZE + MIB, 0, FILE_SIZE + MIB, RANGE },
	{ "rule 11: LastFileOffset counts in whole MiB", FILE_SIZE + MIB - SECTOR, 0, FILE_SIZE + 1 },
	{ "rule 11: a smaller LastFileOffset does not shrink the file", FILE_SIZE - SECTOR, 0, MIB },
	{ "rule 11: a page at the end of 64 bits", 0xfffffffffffff000, 0, 0, RANGE },
	{ "rule 11: a page at 2^63", 1ULL << 63, 0, 0, RANGE },
	{ "rule 11: zeros whose end overflows", 4 * MIB, 0xfffffffffffff000, 0, RANGE },
	{ "rule 11: zeros whose end is exactly 2^64", 0xfffffffffffff000, SECTOR, 0, RANGE },
	{ "rule 11: zeros whose end overflows into what is allowed", 0xffffffffffc00000, 8 * MIB, 0, RANGE },
};

static enum vhdx_reason keep_change(void *context, const struct vhdx_log_change *change,
				    struct vhdx_fault *f)
{
	(void)f;
	*(struct vhdx_log_change *)context = *change;
	return VHDX_OK;
}

static void check_target(void **state)
{
	const struct target *row = *state;
	struct log_change change = { row->offset, row->zeros ? NULL : page_a, row->zeros };
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 1, .tail = 15 * SECTOR,
		.last_size = row->last ? row->last : FILE_SIZE, .changes = &change, .count = 1 };
	struct vhdx_log_change seen = { .offset = 1 };

	ring_start(SECTORS, FILE_SIZE);
	log_entry_encode(encoded, &entry);
	ring_put(file.ring, RING, 15 * SECTOR, encoded, log_entry_length(&entry));
	assert_int_equal(ring_find(), VHDX_OK);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, keep_change, &seen, &fault),
			 row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, RING_END - SECTOR);
		assert_int_equal(fault.value, row->offset);
		assert_int_equal(seen.offset, 1);	/* no callback was called */
		return;
	}
	assert_int_equal(seen.offset, row->offset);
	assert_int_equal(seen.length, row->zeros ? row->zeros : SECTOR);
	assert_int_equal(seen.zero, !!row->zeros);
	assert_int_equal(seen.sector, 0);
}

/* A target that is not allowed must not make an entry invalid: an older state would win. */
static void bad_target_no_fallback(void **state)
{
	struct log_change change = { 64 * VHDX_KIB, page_a, 0 };
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 1 };
	struct vhdx_log_change seen;

	(void)state;
	ring_start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring, &entry);
	entry.sequence = 2;
	entry.changes = &change;
	entry.count = 1;
	log_entry_encode(file.ring + SECTOR, &entry);
	assert_int_equal(ring_find(), VHDX_OK);
	assert_int_equal(sequence.head.sequence, 2);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, keep_change, &seen, &fault),
			 VHDX_REASON_log_target_protected);
	assert_int_equal(fault.offset, LOG_OFFSET + SECTOR);
}

/* -- the walk -- */

struct walked {
	u32 count;
	u32 stop_at;
	u64 offsets[16];
	u64 sequences[16];
	u8 pages[16][SECTOR];
};

static enum vhdx_reason note_change(void *context, const struct vhdx_log_change *change,
				    struct vhdx_fault *f)
{
	struct walked *walked = context;
	u32 i = walked->count++;

	if (walked->count == walked->stop_at)
		return vhdx_fault_set(f, VHDX_REASON_log_too_many_changes, 1, 2);
	assert_true(i < 16);
	walked->offsets[i] = change->offset;
	walked->sequences[i] = change->entry->sequence;
	if (change->zero)
		return VHDX_OK;
	return vhdx_log_read_page(&ring, change, walked->pages[i], f);
}

/* Three entries, the last two of them active, the second across the ring's end */
static void put_three(void)
{
	static struct log_change old = { 2 * MIB, NULL, SECTOR };
	static struct log_change changes[] = {
		{ 3 * MIB, page_a, 0 }, { 6 * MIB, NULL, 0 }, { 4 * MIB, NULL, MIB }, { 3 * MIB, page_b, 0 },
	};
	static struct log_change last = { 256 * VHDX_KIB, page_b, 0 };
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 100, .tail = 13 * SECTOR,
		.changes = &old, .count = 1 };

	ring_start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring + 13 * SECTOR, &entry);
	entry.sequence = 101;
	entry.changes = changes;
	entry.count = 4;
	log_entry_encode(encoded, &entry);
	ring_put(file.ring, RING, 14 * SECTOR, encoded, 3 * SECTOR);
	entry.sequence = 102;
	entry.tail = 14 * SECTOR;
	entry.changes = &last;
	entry.count = 1;
	log_entry_encode(file.ring + SECTOR, &entry);
}

static void walk_in_order(void **state)
{
	static struct walked walked;

	(void)state;
	memset(&walked, 0, sizeof(walked));
	put_three();
	assert_int_equal(ring_find(), VHDX_OK);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, note_change, &walked, &fault), VHDX_OK);
	assert_int_equal(walked.count, 4);
	assert_int_equal(walked.offsets[0], 3 * MIB);
	assert_int_equal(walked.offsets[1], 4 * MIB);
	assert_int_equal(walked.offsets[2], 3 * MIB);
	assert_int_equal(walked.offsets[3], 256 * VHDX_KIB);
	assert_int_equal(walked.sequences[2], 101);
	assert_int_equal(walked.sequences[3], 102);
	assert_memory_equal(walked.pages[0], page_a, SECTOR);
	assert_memory_equal(walked.pages[2], page_b, SECTOR);
	assert_memory_equal(walked.pages[3], page_b, SECTOR);
}

static void walk_stops(void **state)
{
	static struct walked walked;

	(void)state;
	memset(&walked, 0, sizeof(walked));
	walked.stop_at = 2;
	put_three();
	assert_int_equal(ring_find(), VHDX_OK);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, note_change, &walked, &fault),
			 VHDX_REASON_log_too_many_changes);
	assert_int_equal(walked.count, 2);
}

/* All operations on a log: 0 if nothing failed, else the reason. */
static enum vhdx_reason do_all(struct walked *walked)
{
	enum vhdx_reason reason;

	memset(walked, 0, sizeof(*walked));
	reason = ring_find();
	if (!reason)
		reason = vhdx_log_walk(&ring, &sequence, sector, note_change, walked, &fault);
	return reason;
}

static void every_read_may_fail(void **state)
{
	static struct walked walked;
	u32 reads, n;

	(void)state;
	put_three();
	assert_int_equal(do_all(&walked), VHDX_OK);
	reads = file.reads;
	assert_true(reads > SECTORS);
	for (n = 1; n <= reads; n++) {
		put_three();
		file.fail_at = n;
		fault.reason = VHDX_OK;
		assert_int_equal(do_all(&walked), VHDX_REASON_read_failed);
		assert_int_equal(fault.reason, VHDX_REASON_read_failed);
		assert_int_equal(file.reads, n);
		assert_true(fault.offset >= LOG_OFFSET && fault.offset < RING_END);
	}
}

static void rot(struct ring_file *f)
{
	memset(f->ring + 14 * SECTOR, 0, 4);
	memset(f->ring + SECTOR, 0, 4);
}

/* Whatever is read, if the ring is not the same any more the answer is a failure or right. */
static void ring_changes_meanwhile(void **state)
{
	static struct walked walked;
	u32 n, refused = 0;

	(void)state;
	for (n = SECTORS; n < 80; n++) {
		enum vhdx_reason reason;

		put_three();
		file.change_at = n;
		file.change = rot;
		reason = do_all(&walked);
		if (reason) {
			assert_true(reason == VHDX_REASON_read_failed ||
				    reason == VHDX_REASON_log_no_sequence);
			assert_int_equal(fault.reason, reason);
			refused++;
		} else {
			assert_true(walked.count == 4 || sequence.head.sequence == 100);
		}
	}
	assert_true(refused);
}

static void log_beyond_file(void **state)
{
	(void)state;
	ring_start(SECTORS, LOG_OFFSET + 5 * SECTOR + 17);
	assert_int_equal(ring_find(), VHDX_REASON_read_short);
	assert_int_equal(fault.offset, LOG_OFFSET + 5 * SECTOR);
}

static void restored_ends(void **state)
{
	static const u8 leading[8] = "leading", trailing[4] = "end";
	u8 page[SECTOR];

	(void)state;
	memset(page, 'x', sizeof(page));
	vhdx_log_restore_page(page, leading, trailing);
	assert_memory_equal(page, leading, 8);
	assert_int_equal(page[8], 'x');
	assert_int_equal(page[SECTOR - 5], 'x');
	assert_memory_equal(page + SECTOR - 4, trailing, 4);
}

int main(void)
{
	ring_pages();
	SUITE_ADD_ROWS(sizes, check_sizes);
	SUITE_ADD_ROWS(lengths, check_length);
	SUITE_ADD_ROWS(targets, check_target);
	suite_add("rule 11: a bad target does not let an older state win", bad_target_no_fallback);
	suite_add("changes come oldest first, in the order of their descriptors", walk_in_order);
	suite_add("a visitor may end the walk", walk_stops);
	suite_add("every read that fails is a failure, and the last read", every_read_may_fail);
	suite_add("a ring that changes meanwhile does no harm", ring_changes_meanwhile);
	suite_add("a log beyond the end of its file is a failure", log_beyond_file);
	suite_add("a data sector gets both ends of its page back", restored_ends);
	return suite_run("logwalk");
}
