// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A log replayed in memory, against a model that replays it page by page.
 */
#include <errno.h>
#include <stdlib.h>

#include "suite.h"

#include "format/overlay.h"
#include "make.h"
#include "makelog.h"

#define SECTOR 4096U
#define SECTORS 40U
#define RING (SECTORS * SECTOR)
#define LOG_OFFSET MIB
#define GUID 7
#define BASE_SEED 20180912ULL
#define SEEDS 3000U

#define MAX_PAGES 1024U		/* of the model: 4 MiB */
#define MAX_CHANGES 256U

static struct ring_file file;
static struct vhdx_overlay overlay;
static struct vhdx_overlay_page overlay_pages[SECTORS];
static struct vhdx_overlay_zero overlay_zeros[VHDX_OVERLAY_MAX_ZEROS];
static struct vhdx_log_slot slots[SECTORS];
static struct vhdx_log_sequence sequence;
static struct vhdx_fault fault;
static u64 sector[SECTOR / sizeof(u64)];
static u8 over_page[SECTOR];
static struct vhdx_overlay_reader over = { &overlay, over_page };
static u8 encoded[SECTORS * SECTOR];

static void start(u32 sectors, u64 size)
{
	struct vhdx_header header = {
		.log_guid = make_guid(GUID), .log_offset = LOG_OFFSET, .log_length = sectors * SECTOR,
	};

	ring_file_free(&file);
	ring_file_init(&file, LOG_OFFSET, sectors * SECTOR, size);
	memset(&overlay, 0xa5, sizeof(overlay));
	assert_int_equal(vhdx_log_init(&overlay.log, &file.reader, &header, &fault), VHDX_OK);
	overlay.pages = overlay_pages;
	overlay.zeros = overlay_zeros;
}

static enum vhdx_reason build(void)
{
	enum vhdx_reason reason;

	reason = vhdx_log_find(&overlay.log, &sequence, slots, sector, &fault);
	if (!reason)
		reason = vhdx_overlay_build(&overlay, &sequence, sector, &fault);
	return reason;
}

/* Where the next entry goes, and its number */
static u32 head;
static u64 number;

static bool append(const struct log_change *changes, u32 count, u32 tail, u64 last)
{
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = number, .tail = tail,
		.last_size = last, .changes = changes, .count = count };
	u32 length = log_entry_length(&entry);

	if (length > RING)
		return false;
	log_entry_encode(encoded, &entry);
	ring_put(file.ring, RING, head, encoded, length);
	head = (head + length) % RING;
	number++;
	return true;
}

/* -- the model -- */

enum { IN_FILE = -1, ZEROED = -2 };

static int model[MAX_PAGES];		/* or the number of a page */
static bool touched[MAX_PAGES];
static u8 contents[MAX_CHANGES][SECTOR];
static u32 model_size, content_count;

static void model_apply(const struct log_change *change)
{
	u32 at = change->offset / SECTOR, i;

	if (change->page) {
		model[at] = (change->page - contents[0]) / SECTOR;
		touched[at] = true;
		return;
	}
	for (i = at; i < at + change->zeros / SECTOR; i++) {
		model[i] = ZEROED;
		touched[i] = true;
	}
}

static void model_page(u32 at, u8 *page)
{
	u64 offset = (u64)at * SECTOR, size = file.reader.size;
	u32 there;

	memset(page, 0, SECTOR);
	if (model[at] >= 0) {
		memcpy(page, contents[model[at]], SECTOR);
	} else if (model[at] == IN_FILE && offset < size) {
		there = size - offset < SECTOR ? size - offset : SECTOR;
		if (vhdx_range_inside(offset - LOG_OFFSET, SECTOR, RING))
			memcpy(page, file.ring + (offset - LOG_OFFSET), there);
		else
			ring_file_plain(offset, page, there);
	}
}

/* A place that may be changed, mostly one that was changed before */
static u64 any_target(u64 *seed, u64 limit)
{
	const u64 behind = LOG_OFFSET + RING;

	switch (chance_below(seed, 8)) {
	case 0:
		return 192 * VHDX_KIB + chance_below(seed, 4) * SECTOR;
	case 1:
		return LOG_OFFSET - SECTOR;
	case 2:
		return behind + chance_below(seed, (limit - behind) / SECTOR) * SECTOR;
	case 3:
		return limit - SECTOR;
	default:
		return behind + chance_below(seed, 12) * SECTOR;
	}
}

static u64 any_zeros(u64 *seed, u64 offset, u64 limit)
{
	u64 most = (offset < LOG_OFFSET ? LOG_OFFSET : limit) - offset;
	u64 length = chance_below(seed, chance_below(seed, 8) ? 5 : 200) * SECTOR;

	return length < most ? length : most;
}

static u32 any_changes(u64 *seed, struct log_change *changes, u64 limit, u32 most)
{
	u32 count = chance_below(seed, most), i, k;

	for (i = 0; i < count; i++) {
		u64 at = any_target(seed, limit);

		changes[i] = (struct log_change){ at, NULL, any_zeros(seed, at, limit) };
		if (chance_below(seed, 3)) {
			assert_true(content_count < MAX_CHANGES);
			for (k = 0; k < SECTOR; k += 8) {
				u64 word = chance(seed);

				memcpy(contents[content_count] + k, &word, 8);
			}
			changes[i].page = contents[content_count++];
		}
	}
	return count;
}

/* A stale entry, whose changes must not be seen, then some that count. */
static u64 any_log(u64 *seed, u64 limit)
{
	u32 entries = 1 + chance_below(seed, 5), left = SECTORS, tail, i;
	struct log_change changes[8];
	u64 last = limit;

	head = chance_below(seed, SECTORS) * SECTOR;
	number = chance(seed) >> 1 | 1;
	if (chance_below(seed, 2)) {
		u32 count = any_changes(seed, changes, limit, 4);

		append(changes, count, head, limit);
		left -= 4;
	}
	tail = head;
	for (i = 0; i < entries; i++) {
		u32 count = any_changes(seed, changes, limit, 6), k;
		struct log_entry entry = { .changes = changes, .count = count };

		if (i && log_entry_length(&entry) / SECTOR > left)
			break;
		left -= log_entry_length(&entry) / SECTOR;
		for (k = 0; k < count; k++)
			model_apply(&changes[k]);
		/* only the last one's counts, and it is the largest */
		last = chance_below(seed, 2) ? limit : limit - chance_below(seed, MIB);
		append(changes, count, tail, last);
	}
	return last;
}

static void same_pages(void)
{
	const struct vhdx_overlay_page *page = NULL;
	u32 i;

	for (i = 0; i < model_size; i++) {
		enum vhdx_overlay_kind kind = vhdx_overlay_find(&overlay, (u64)i * SECTOR, &page);
		bool outside = (u64)i * SECTOR >= file.reader.size;

		if (model[i] >= 0)
			assert_int_equal(kind, VHDX_OVERLAY_LOG);
		else
			assert_int_equal(kind, model[i] == ZEROED || outside ? VHDX_OVERLAY_ZERO :
					 VHDX_OVERLAY_FILE);
		if (kind == VHDX_OVERLAY_LOG)
			assert_int_equal(page->offset, (u64)i * SECTOR);
	}
	for (i = 1; i < overlay.nr_pages; i++)
		assert_true(overlay.pages[i - 1].offset < overlay.pages[i].offset);
}

static void same_ranges(u64 *seed)
{
	u32 n, i;

	for (n = 0; n < 60; n++) {
		u64 offset = n % 3 ? chance_below(seed, overlay.file_size) :
				     any_target(seed, overlay.file_size & ~4095ULL) - SECTOR;
		u64 length = 1 + chance_below(seed, n % 2 ? 5 * SECTOR : 600);
		bool naive = false;

		if (n >= 40) {	/* borders */
			offset &= ~4095ULL;
			length = (1 + length / SECTOR) * SECTOR;
		}
		for (i = offset / SECTOR; i <= (offset + length - 1) / SECTOR && i < MAX_PAGES; i++)
			naive |= touched[i];
		assert_int_equal(vhdx_overlay_touches(&overlay, offset, length), naive);
	}
}

static void same_bytes(u64 *seed)
{
	static u8 seen[9 * SECTOR], page[SECTOR];
	u32 n, i;

	for (n = 0; n < 25; n++) {
		u64 offset = n % 2 ? chance_below(seed, overlay.file_size) :
				     any_target(seed, overlay.file_size & ~4095ULL);
		u32 length = 1 + chance_below(seed, n % 3 ? 8 * SECTOR : 64);

		if (length > overlay.file_size - offset)
			length = overlay.file_size - offset;
		memset(seen, 0xa5, sizeof(seen));
		assert_int_equal(vhdx_overlay_read(&over, offset, seen, length), 0);
		for (i = 0; i < length; i++) {
			if (!i || (offset + i) % SECTOR == 0)
				model_page((offset + i) / SECTOR, page);
			if (seen[i] != page[(offset + i) % SECTOR])
				assert_int_equal(seen[i], page[(offset + i) % SECTOR]);
		}
		assert_int_equal(seen[length], 0xa5);
	}
}

/* -- replay into the file -- */

static u8 replayed[MAX_PAGES * SECTOR];
static u32 writes, fail_write;

static int write_zeros(void *context, u64 offset, u64 length)
{
	(void)context;
	if (++writes == fail_write)
		return -ENOSPC;
	memset(replayed + offset, 0, length);
	return 0;
}

static int write_page(void *context, u64 offset, void *page)
{
	(void)context;
	if (++writes == fail_write)
		return -ENOSPC;
	memcpy(replayed + offset, page, SECTOR);
	return 0;
}

/* The file as it is, then what is written to it, is the file after replay. */
static void same_file(u64 *seed)
{
	const struct vhdx_overlay_writer writer = {
		.zero = write_zeros, .write = write_page, .page = over_page,
	};
	u64 size = file.reader.size;
	u8 page[SECTOR];
	u32 i;

	memset(replayed, 0, sizeof(replayed));
	for (i = 0; i * SECTOR < size; i++)
		assert_int_equal(file.reader.read(file.reader.context, i * SECTOR,
						  replayed + i * SECTOR,
						  size - i * SECTOR < SECTOR ?
						  (u32)(size - i * SECTOR) : SECTOR), 0);
	writes = 0;
	fail_write = 0;
	assert_int_equal(vhdx_overlay_apply(&overlay, &writer), 0);
	for (i = 0; i < model_size; i++) {
		model_page(i, page);
		assert_memory_equal(replayed + i * SECTOR, page, SECTOR);
	}
	if (!writes)
		return;
	fail_write = 1 + chance_below(seed, writes);
	writes = 0;
	assert_int_equal(vhdx_overlay_apply(&overlay, &writer), -ENOSPC);
	assert_int_equal(writes, fail_write);
}

static void one_seed(u64 seed)
{
	u64 size = 2 * MIB + chance_below(&seed, 3) * SECTOR * 20 + chance_below(&seed, 3) * 512;
	u64 limit = 3 * MIB, last;
	u32 i;

	start(SECTORS, size);
	content_count = 0;
	model_size = limit / SECTOR;
	for (i = 0; i < MAX_PAGES; i++) {
		model[i] = IN_FILE;
		touched[i] = false;
	}
	last = any_log(&seed, limit);
	/* with a smaller limit, what lies beyond it would be refused */
	assert_true(last > 2 * MIB && last <= limit);
	assert_int_equal(build(), VHDX_OK);
	assert_int_equal(overlay.file_size, last > size ? last : size);
	same_pages();
	same_ranges(&seed);
	same_bytes(&seed);
	same_file(&seed);
}

static void any_changes_as_model(void **state)
{
	u32 i;

	(void)state;
	printf("# seeds %llu to %llu\n", BASE_SEED, BASE_SEED + SEEDS - 1);
	for (i = 0; i < SEEDS; i++)
		one_seed(BASE_SEED + i);
}

/* -- bounds -- */

struct bound {
	const char *claim;
	u32 zeros;
	enum vhdx_reason reason;
};

static const struct bound bounds[] = {
	{ "4095 ranges of zeros are kept", 4095, VHDX_OK },
	{ "4096 ranges of zeros are kept", 4096, VHDX_OK },
	{ "4097 ranges of zeros are refused", 4097, VHDX_REASON_log_too_many_changes },
};

static void zeros_are_bounded(void **state)
{
	const struct bound *row = *state;
	static struct log_change changes[2100];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(changes); i++)
		changes[i] = (struct log_change){ 512 * VHDX_KIB, NULL, SECTOR };
	start(SECTORS, 2 * MIB);
	head = 0;
	number = 1;
	assert_true(append(changes, 1900, 0, 0));
	assert_true(append(changes, 1900, 0, 0));
	assert_true(append(changes, row->zeros - 3800, 0, 0));
	assert_int_equal(build(), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.value, VHDX_OVERLAY_MAX_ZEROS);
		return;
	}
	assert_int_equal(overlay.nr_zeros, row->zeros);
	assert_int_equal(overlay.nr_pages, 0);
	assert_int_equal(overlay.entries, 3);
}

static void fill_with_pages(struct ring_file *f)
{
	struct log_change changes[SECTORS - 1];
	u32 i;

	(void)f;
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		changes[i] = (struct log_change){ 512 * VHDX_KIB, contents[0], 0 };
	head = 0;
	append(changes, ARRAY_SIZE(changes), 0, 0);
}

/*
 * Each page has a sector of its own, so the memory is enough: unless the ring is not the one
 * that was searched. What is behind the array must not be written then either.
 */
static void pages_are_bounded(void **state)
{
	static struct vhdx_overlay_page pages[3 * SECTORS], guard;
	struct log_change change = { 512 * VHDX_KIB, contents[0], 0 };
	enum vhdx_reason reason;
	u32 n, refused = 0;

	(void)state;
	memset(&guard, 0xa5, sizeof(guard));
	for (n = 1; n < 4 * SECTORS; n++) {
		start(SECTORS, 2 * MIB);
		memset(pages, 0xa5, sizeof(pages));
		overlay.pages = pages;
		head = 0;
		number = 1;
		append(&change, 1, 0, 0);
		append(&change, 1, 0, 0);
		append(&change, 1, 0, 0);
		file.change_at = n;
		file.change = fill_with_pages;
		number = 1;
		reason = build();
		refused += reason == VHDX_REASON_read_failed;
		assert_memory_equal(&pages[SECTORS], &guard, sizeof(guard));
	}
	assert_true(refused);
}

/* -- failures -- */

static void every_read_may_fail(void **state)
{
	struct log_change changes[] = {
		{ 512 * VHDX_KIB, contents[0], 0 }, { 516 * VHDX_KIB, NULL, SECTOR },
	};
	static u8 seen[4 * SECTOR];
	u32 n, reads;

	(void)state;
	memset(contents[0], 0x77, SECTOR);
	start(SECTORS, 2 * MIB);
	head = 5 * SECTOR;
	number = 1;
	append(changes, 2, head, 0);
	assert_int_equal(build(), VHDX_OK);
	reads = file.reads;
	for (n = 1; n <= reads; n++) {
		file.reads = 0;
		file.fail_at = n;
		assert_int_equal(build(), VHDX_REASON_read_failed);
	}
	file.fail_at = 0;
	assert_int_equal(build(), VHDX_OK);
	/* one page from the file, one from the log, one of zeros, one from the file */
	for (n = 1; n <= 4; n++) {
		file.reads = 0;
		file.fail_at = n;
		assert_int_equal(vhdx_overlay_read(&over, 508 * VHDX_KIB, seen, sizeof(seen)),
				 n <= 3 ? -EIO : 0);
	}
	assert_int_equal(seen[SECTOR], 0x77);
	assert_int_equal(seen[2 * SECTOR - 1], 0x77);
	assert_int_equal(seen[2 * SECTOR], 0);
}

static void empty_overlay(void **state)
{
	const struct vhdx_overlay_page *page = NULL;
	u8 seen[16], plain[16];

	(void)state;
	start(SECTORS, 2 * MIB);
	head = 0;
	number = 1;
	append(NULL, 0, 0, 3 * MIB);
	assert_int_equal(build(), VHDX_OK);
	assert_int_equal(overlay.nr_pages + overlay.nr_zeros, 0);
	assert_int_equal(overlay.entries, 1);
	assert_int_equal(overlay.file_size, 3 * MIB);
	assert_false(vhdx_overlay_touches(&overlay, 0, 3 * MIB));
	assert_int_equal(vhdx_overlay_find(&overlay, 0, &page), VHDX_OVERLAY_FILE);
	assert_int_equal(vhdx_overlay_find(&overlay, 2 * MIB - SECTOR, &page), VHDX_OVERLAY_FILE);
	assert_int_equal(vhdx_overlay_find(&overlay, 2 * MIB, &page), VHDX_OVERLAY_ZERO);
	assert_null(page);
	assert_int_equal(vhdx_overlay_read(&over, 2 * MIB - 8, seen, 16), 0);
	ring_file_plain(2 * MIB - 8, plain, 8);
	memset(plain + 8, 0, 8);
	assert_memory_equal(seen, plain, 16);
	assert_int_equal(vhdx_overlay_read(&over, 0, NULL, 0), 0);
}

int main(void)
{
	suite_add("an overlay without changes is the file, and zeros behind it", empty_overlay);
	suite_add("any changes give what a page by page replay gives", any_changes_as_model);
	SUITE_ADD_ROWS(bounds, zeros_are_bounded);
	suite_add("more pages than the ring has sectors are never kept", pages_are_bounded);
	suite_add("every read that fails is a failure", every_read_may_fail);
	return suite_run("overlay");
}
