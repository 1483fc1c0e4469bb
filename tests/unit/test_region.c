// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Region tables: which is valid, and which regions are refused.
 */
#include "suite.h"

#include "format/checksum.h"
#include "format/guid.h"
#include "format/range.h"
#include "format/region.h"
#include "make.h"

#define FILE_SIZE (64 * MIB)
#define TABLE_AT VHDX_REGION_TABLE_2_OFFSET

static u8 table[VHDX_REGION_TABLE_SIZE];
static struct vhdx_layout layout;
static struct vhdx_regions regions;
static struct vhdx_fault fault;
static u32 warnings;

static void new_table(void)
{
	memset(table, 0, sizeof(table));
	layout.count = 0;
	vhdx_layout_add(&layout, 0, MIB);
	vhdx_layout_add(&layout, MIB, MIB);
	warnings = 0;
}

static enum vhdx_reason decode(void)
{
	return vhdx_region_table_decode(&regions, &layout, &warnings, table, TABLE_AT, FILE_SIZE,
					&fault);
}

static void valid(void **state)
{
	(void)state;
	new_table();
	assert_false(vhdx_region_table_valid(table));
	add_region(table, &vhdx_guid_bat_region, 2 * MIB, MIB, 1);
	stamp(table, sizeof(table));
	assert_true(vhdx_region_table_valid(table));
	table[sizeof(table) - 1] ^= 1;
	assert_false(vhdx_region_table_valid(table));
	stamp(table, sizeof(table));
	assert_true(vhdx_region_table_valid(table));
	table[3] = 'I';
	stamp(table, sizeof(table));
	assert_false(vhdx_region_table_valid(table));
}

/* Which GUID an entry has */
enum { END, BAT, META, OTHER, ANOTHER };

static struct vhdx_guid guid_of(int which)
{
	if (which == BAT)
		return vhdx_guid_bat_region;
	if (which == META)
		return vhdx_guid_metadata_region;
	return make_guid(which);
}

struct row {
	const char *claim;
	struct {
		int guid;
		u64 offset;
		u32 length;
		u32 flags;
	} entry[4];
	enum vhdx_reason reason;
	unsigned int at;		/* entry the fault points to */
	u64 value;
	u32 warnings;
};

#define GOOD_BAT { BAT, 3 * MIB, MIB, 1 }
#define GOOD_META { META, 2 * MIB, MIB, 1 }
#define BEYOND (1U << VHDX_WARNING_region_beyond)

static const struct row rows[] = {
	{ "BAT first, as by Windows, is accepted", { GOOD_BAT, GOOD_META } },
	{ "metadata first, as by disk2vhd, is accepted", { GOOD_META, GOOD_BAT } },
	{ "Required = 0 for known regions, as by QEMU, is accepted",
	  { { BAT, 3 * MIB, MIB, 0 }, { META, 2 * MIB, MIB, 0 } } },
	{ "rule 15: the same region twice is refused", { GOOD_BAT, GOOD_META, { BAT, 5 * MIB, MIB, 1 } },
	  VHDX_REASON_region_duplicate, 2 },
	{ "rule 15: an unknown region twice is refused",
	  { GOOD_BAT, GOOD_META, { OTHER, 5 * MIB, MIB, 0 }, { OTHER, 6 * MIB, MIB, 0 } },
	  VHDX_REASON_region_duplicate, 3 },
	{ "rule 16: an offset off by 4 KiB is refused", { GOOD_META, { BAT, 3 * MIB + 4096, MIB, 1 } },
	  VHDX_REASON_region_misaligned, 1, 3 * MIB + 4096 },
	{ "rule 16: a length off by one byte is refused", { GOOD_META, { BAT, 3 * MIB, MIB - 1, 1 } },
	  VHDX_REASON_region_misaligned, 1, MIB - 1 },
	{ "rule 16: length zero is refused", { { BAT, 3 * MIB, 0, 1 }, GOOD_META },
	  VHDX_REASON_region_empty, 0, 0 },
	{ "rule 16: length zero of an unknown region is refused",
	  { GOOD_BAT, GOOD_META, { OTHER, 5 * MIB, 0, 0 } }, VHDX_REASON_region_empty, 2, 0 },
	{ "rule 16: offset zero is refused", { { BAT, 0, MIB, 1 }, GOOD_META },
	  VHDX_REASON_region_in_header_section, 0, 0 },
	{ "rule 16: a sum that overflows 64 bits is refused",
	  { { BAT, 0xfffffffffff00000, MIB, 1 }, GOOD_META }, VHDX_REASON_region_range, 0,
	  0xfffffffffff00000 },
	{ "rule 43: a sum that overflows a file offset is refused",
	  { { BAT, 0x7ffffffffff00000, MIB, 1 }, GOOD_META }, VHDX_REASON_region_range, 0,
	  0x7ffffffffff00000 },
	{ "rule 43: the last place in any file is merely behind this one",
	  { { BAT, 0x7fffffffffe00000, MIB, 1 }, GOOD_META }, VHDX_REASON_region_past_eof, 0,
	  0x7fffffffffe00000 },
	{ "rule 17: a region that ends where the file ends is accepted",
	  { { BAT, FILE_SIZE - MIB, MIB, 1 }, GOOD_META } },
	{ "rule 17: a region that ends 1 MiB behind the file is refused",
	  { { BAT, FILE_SIZE - MIB, 2 * MIB, 1 }, GOOD_META }, VHDX_REASON_region_past_eof, 0,
	  FILE_SIZE - MIB },
	{ "rule 17: a region that begins where the file ends is refused",
	  { { BAT, FILE_SIZE, MIB, 1 }, GOOD_META }, VHDX_REASON_region_past_eof, 0, FILE_SIZE },
	{ "rule 17: a region of 4 GiB less 1 MiB is refused in a small file",
	  { { BAT, 3 * MIB, 0xfff00000, 1 }, GOOD_META }, VHDX_REASON_region_past_eof, 0, 3 * MIB },
	{ "rule 17: two regions at one place are refused", { { BAT, 2 * MIB, MIB, 1 }, GOOD_META },
	  VHDX_REASON_region_overlap, 1, 2 * MIB },
	{ "rule 17: the end of one region in the next is refused",
	  { GOOD_BAT, { META, 2 * MIB, 2 * MIB, 1 } }, VHDX_REASON_region_overlap, 1, 2 * MIB },
	{ "rule 17: one region around another is refused",
	  { { OTHER, 10 * MIB, MIB, 0 }, GOOD_BAT, { META, 5 * MIB, 20 * MIB, 1 } },
	  VHDX_REASON_region_overlap, 2, 5 * MIB },
	{ "rule 17: a region on the log is refused", { { BAT, MIB, MIB, 1 }, GOOD_META },
	  VHDX_REASON_region_overlap, 0, MIB },
	{ "rule 17: an unknown region on a known one is refused",
	  { GOOD_BAT, GOOD_META, { OTHER, 2 * MIB, MIB, 0 } }, VHDX_REASON_region_overlap, 2, 2 * MIB },
	{ "rule 18: an unknown optional region is accepted",
	  { GOOD_BAT, { OTHER, 9 * MIB, 3 * MIB, 0 }, GOOD_META } },
	{ "rule 18: an unknown optional region beyond the end of the file is accepted, "
	  "and blocks keep out",
	  { GOOD_BAT, { OTHER, FILE_SIZE + 5 * MIB, 3 * MIB, 0 }, GOOD_META }, .warnings = BEYOND },
	{ "rule 18: so is one in the last place of any file",
	  { GOOD_BAT, { OTHER, 0x7fffffffffe00000, MIB, 0 }, GOOD_META }, .warnings = BEYOND },
	{ "rule 18: and one of which only the beginning is in the file",
	  { GOOD_BAT, { OTHER, FILE_SIZE - MIB, 2 * MIB, 0 }, GOOD_META }, .warnings = BEYOND },
	{ "rule 17: two unknown regions beyond the end of the file at one place are refused",
	  { GOOD_BAT, { OTHER, FILE_SIZE, 2 * MIB, 0 }, { ANOTHER, FILE_SIZE + MIB, MIB, 0 }, GOOD_META },
	  VHDX_REASON_region_overlap, 2, FILE_SIZE + MIB },
	{ "rule 18: an unknown required region beyond the end of the file is refused",
	  { GOOD_BAT, { OTHER, FILE_SIZE, MIB, 1 }, GOOD_META },
	  VHDX_REASON_region_unknown_required, 1 },
	{ "rule 18: an unknown required region is refused",
	  { GOOD_BAT, { OTHER, 9 * MIB, 3 * MIB, 1 }, GOOD_META },
	  VHDX_REASON_region_unknown_required, 1 },
};

static void row_decode(void **state)
{
	const struct row *row = *state;
	u32 i;

	new_table();
	for (i = 0; i < ARRAY_SIZE(row->entry) && row->entry[i].guid; i++) {
		struct vhdx_guid guid = guid_of(row->entry[i].guid);

		add_region(table, &guid, row->entry[i].offset, row->entry[i].length,
			   row->entry[i].flags);
	}
	assert_int_equal(decode(), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, TABLE_AT + 16 + 32 * row->at);
		if (fault.has_guid) {
			struct vhdx_guid guid = guid_of(row->entry[row->at].guid);

			assert_true(vhdx_guid_equal(&fault.guid, &guid));
		} else {
			assert_int_equal(fault.value, row->value);
		}
		return;
	}
	assert_int_equal(layout.count, i + 2);
	assert_int_equal(warnings, row->warnings);
	for (i = 0; i < ARRAY_SIZE(row->entry) && row->entry[i].guid; i++) {
		const struct vhdx_range *known = NULL;

		assert_true(vhdx_layout_overlaps(&layout, row->entry[i].offset, 1));
		if (row->entry[i].guid == BAT)
			known = &regions.bat;
		if (row->entry[i].guid == META)
			known = &regions.metadata;
		if (known) {
			assert_int_equal(known->offset, row->entry[i].offset);
			assert_int_equal(known->length, row->entry[i].length);
		}
	}
}

static void missing(void **state)
{
	(void)state;
	new_table();
	memcpy(table, "regi", 4);
	assert_int_equal(decode(), VHDX_REASON_region_bat_missing);
	new_table();
	add_region(table, &vhdx_guid_metadata_region, 2 * MIB, MIB, 1);
	assert_int_equal(decode(), VHDX_REASON_region_bat_missing);
	new_table();
	add_region(table, &vhdx_guid_bat_region, 2 * MIB, MIB, 1);
	assert_int_equal(decode(), VHDX_REASON_region_metadata_missing);
}

static void too_many(void **state)
{
	static const u32 counts[] = { 2048, 65536, 0x80000000, 0xffffffff };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		new_table();
		memcpy(table, "regi", 4);
		set_count(table, counts[i]);
		assert_int_equal(decode(), VHDX_REASON_region_count);
		assert_int_equal(fault.value, counts[i]);
		assert_int_equal(fault.offset, TABLE_AT);
	}
}

/* The layout has room for exactly these, the header section and the log. */
static void full_table(void **state)
{
	u32 i;

	(void)state;
	new_table();
	for (i = 0; i < VHDX_REGION_MAX_ENTRIES - 2; i++) {
		struct vhdx_guid guid = make_guid(1000 + i);

		/* from the end, so that each goes to the front of the layout */
		add_region(table, &guid, (u64)(4000 - i) * MIB, MIB, 0);
	}
	add_region(table, &vhdx_guid_bat_region, 5000 * MIB, MIB, 1);
	add_region(table, &vhdx_guid_metadata_region, 2 * MIB, MIB, 1);
	assert_int_equal(vhdx_region_table_decode(&regions, &layout, &warnings, table, TABLE_AT,
						  6000 * MIB, &fault), VHDX_OK);
	assert_int_equal(layout.count, ARRAY_SIZE(layout.range));
	for (i = 1; i < layout.count; i++)
		assert_true(layout.range[i - 1].offset + layout.range[i - 1].length <=
			    layout.range[i].offset);
}

static void reserved_warn(void **state)
{
	const u32 expected = 1U << VHDX_WARNING_region_reserved;

	(void)state;
	new_table();
	add_region(table, &vhdx_guid_bat_region, 3 * MIB, MIB, 1);
	add_region(table, &vhdx_guid_metadata_region, 2 * MIB, MIB, 0xfffffff1);
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, expected);
	new_table();
	add_region(table, &vhdx_guid_bat_region, 3 * MIB, MIB, 1);
	add_region(table, &vhdx_guid_metadata_region, 2 * MIB, MIB, 1);
	table[12] = 1;
	memset(table + 16 + 2 * 32, 0xff, 1000);
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, expected);
}

static void encode_as_windows(void **state)
{
	const struct vhdx_regions wanted = { { 3 * MIB, MIB }, { 2 * MIB, MIB } };

	(void)state;
	new_table();
	memset(table, 0xa5, sizeof(table));
	vhdx_region_table_encode(table, &wanted);
	assert_true(vhdx_region_table_valid(table));
	assert_int_equal(vhdx_checksum(table, sizeof(table)), 0xc66b8cae);
}

static void encode_largest(void **state)
{
	const struct vhdx_regions wanted = { { 3 * MIB, 513 * MIB }, { 2 * TIB, 4095 * MIB } };

	(void)state;
	new_table();
	vhdx_region_table_encode(table, &wanted);
	assert_int_equal(vhdx_region_table_decode(&regions, &layout, &warnings, table, TABLE_AT,
						  3 * TIB, &fault), VHDX_OK);
	assert_memory_equal(&regions, &wanted, sizeof(wanted));
	assert_int_equal(warnings, 0);
}

/* [10, 20) is taken; lengths and offsets in MiB */
struct overlap {
	const char *claim;
	u64 offset, length;
	bool overlaps;
};

static const struct overlap overlaps[] = {
	{ "a range that ends where a taken one begins is free", 5, 5, false },
	{ "a range that begins where a taken one ends is free", 20, 5, false },
	{ "a range that reaches into a taken one is not free", 5, 6, true },
	{ "a range that begins in a taken one is not free", 19, 5, true },
	{ "a range inside a taken one is not free", 12, 3, true },
	{ "a range around a taken one is not free", 5, 30, true },
	{ "a taken range itself is not free", 10, 10, true },
	{ "a range at the end of all files is free", 0x7fffffffffe, 1, false },
	{ "a range at the beginning is free", 0, 10, false },
};

static void row_overlap(void **state)
{
	const struct overlap *row = *state;
	bool added;

	layout.count = 0;
	assert_true(vhdx_layout_add(&layout, 10 * MIB, 10 * MIB));
	assert_int_equal(vhdx_layout_overlaps(&layout, row->offset * MIB, row->length * MIB),
			 row->overlaps);
	added = vhdx_layout_add(&layout, row->offset * MIB, row->length * MIB);
	assert_int_equal(added, !row->overlaps);
	assert_int_equal(layout.count, 1 + added);
	assert_true(vhdx_layout_overlaps(&layout, 10 * MIB, 10 * MIB));
}

struct free_place {
	const char *claim;
	u64 offset, length, expected;
};

/* Taken are 10 to 20, 22 to 30 and 30 to 31 MiB. */
static const struct free_place free_places[] = {
	{ "a block that touches nothing stays where it is", 0, 10, 0 },
	{ "a block that reaches into what is taken goes behind it", 5, 6, 31 },
	{ "a block that begins in what is taken goes to the next gap", 12, 2, 20 },
	{ "a block that is too large for the gap goes behind the next as well", 12, 3, 31 },
	{ "a block behind everything stays where it is", 31, 256, 31 },
};

static void row_free_place(void **state)
{
	const struct free_place *row = *state;

	layout.count = 0;
	assert_true(vhdx_layout_add(&layout, 10 * MIB, 10 * MIB));
	assert_true(vhdx_layout_add(&layout, 22 * MIB, 8 * MIB));
	assert_true(vhdx_layout_add(&layout, 30 * MIB, MIB));
	assert_int_equal(vhdx_layout_find_free(&layout, row->offset * MIB, row->length * MIB),
			 row->expected * MIB);
}

static void empty_layout(void **state)
{
	(void)state;
	layout.count = 0;
	assert_false(vhdx_layout_overlaps(&layout, 0, ~0ULL >> 1));
	assert_true(vhdx_layout_add(&layout, MIB, 0));
	assert_int_equal(layout.count, 0);
}

/* Every order of insertion gives the same sorted, disjoint list. */
static void any_order(void **state)
{
	u32 step, i;

	(void)state;
	for (step = 1; step < 101; step++) {
		layout.count = 0;
		for (i = 0; i < 101; i++)	/* 101 is prime: each number once */
			assert_true(vhdx_layout_add(&layout, (u64)(i * step % 101) * 2 * MIB, MIB));
		assert_int_equal(layout.count, 101);
		for (i = 0; i < 101; i++) {
			assert_int_equal(layout.range[i].offset, i * 2 * MIB);
			assert_true(vhdx_layout_overlaps(&layout, i * 2 * MIB, 1));
			assert_false(vhdx_layout_overlaps(&layout, (2 * i + 1) * MIB, MIB));
		}
	}
}

struct inside {
	const char *claim;
	u64 offset, length, limit;
	bool inside;
};

static const struct inside insides[] = {
	{ "all of the limit is inside", 0, 100, 100, true },
	{ "nothing at the limit is inside", 100, 0, 100, true },
	{ "nothing behind the limit is outside", 101, 0, 100, false },
	{ "a byte at the limit is outside", 100, 1, 100, false },
	{ "a byte too long is outside", 0, 101, 100, false },
	{ "an offset that overflows is outside", ~0ULL, 2, 100, false },
	{ "a length that overflows is outside", 2, ~0ULL, 100, false },
	{ "both at the end of 64 bits are outside", ~0ULL, ~0ULL, ~0ULL, false },
};

static void row_inside(void **state)
{
	const struct inside *row = *state;

	assert_int_equal(vhdx_range_inside(row->offset, row->length, row->limit), row->inside);
}

int main(void)
{
	suite_add("rule 13: a table needs signature and checksum", valid);
	suite_add("rule 14: 2048 entries and more are refused", too_many);
	suite_add("rule 14: 2047 entries are accepted, and fit the layout", full_table);
	suite_add("rule 14: reserved bits get a warning, junk behind the entries none", reserved_warn);
	SUITE_ADD_ROWS(rows, row_decode);
	suite_add("rule 19: BAT and metadata must be there", missing);
	SUITE_ADD_ROWS(overlaps, row_overlap);
	SUITE_ADD_ROWS(free_places, row_free_place);
	suite_add("an empty layout overlaps nothing, an empty range takes nothing", empty_layout);
	suite_add("a layout is sorted whatever the order of adding", any_order);
	SUITE_ADD_ROWS(insides, row_inside);
	suite_add("the table of the usual layout is the one Windows writes", encode_as_windows);
	suite_add("an encoded table can be decoded again", encode_largest);
	return suite_run("region");
}
