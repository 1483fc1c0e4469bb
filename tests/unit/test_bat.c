// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Entries of the BAT: states, offsets, what a reader of a child makes of them.
 */
#include "suite.h"

#include "format/bat.h"
#include "make.h"

/*
 * A file of 64 MiB: header section, log, metadata, BAT up to 4 MiB, and a region from 40 to
 * 42 MiB. Blocks of 2 MiB; the last is half used. Chunks of 2048 blocks.
 */
#define FILE_SIZE (64 * MIB)
#define BAT_AT (3 * MIB)
#define LAST 4099ULL			/* block; in the third chunk */

enum { PAYLOAD, BITMAP };		/* what @number counts */
enum { ALONE, CHILD };			/* with a parent */

#define AT(mib, state) ((u64)(mib) * MIB | (state))

struct row {
	const char *claim;
	int kind, parent;
	u64 number;
	u64 entry;
	enum vhdx_reason reason;
};

static const struct row rows[] = {
	/* states */
	{ "rule 37: NOT_PRESENT is accepted", PAYLOAD, ALONE, 0, AT(0, 0), 0 },
	{ "rule 37: UNDEFINED is accepted", PAYLOAD, ALONE, 0, AT(0, 1), 0 },
	{ "rule 37: ZERO is accepted", PAYLOAD, ALONE, 0, AT(0, 2), 0 },
	{ "rule 37: UNMAPPED is accepted", PAYLOAD, ALONE, 0, AT(0, 3), 0 },
	{ "rule 37: state 4 is refused", PAYLOAD, ALONE, 0, AT(0, 4), VHDX_REASON_payload_state },
	{ "rule 37: state 4 is refused with a good offset too", PAYLOAD, ALONE, 0, AT(10, 4),
	  VHDX_REASON_payload_state },
	{ "rule 37: state 5, UNMAPPED of the draft, is accepted", PAYLOAD, ALONE, 0, AT(0, 5), 0 },
	{ "rule 37: FULLY_PRESENT is accepted", PAYLOAD, ALONE, 0, AT(10, 6), 0 },
	{ "rule 38: PARTIALLY_PRESENT without a parent is refused", PAYLOAD, ALONE, 0, AT(10, 7),
	  VHDX_REASON_payload_partial_without_parent },
	{ "rule 38: PARTIALLY_PRESENT with a parent is accepted", PAYLOAD, CHILD, 0, AT(10, 7), 0 },
	{ "rule 37: FULLY_PRESENT with a parent is accepted", PAYLOAD, CHILD, 0, AT(10, 6), 0 },
	{ "rule 37: NOT_PRESENT with a parent is accepted", PAYLOAD, CHILD, 0, AT(0, 0), 0 },
	/* offsets that mean nothing */
	{ "the offset of NOT_PRESENT is ignored", PAYLOAD, ALONE, 0, AT(1, 0), 0 },
	{ "the offset of UNDEFINED may be anywhere", PAYLOAD, ALONE, 0, 0xfffffffffff00001, 0 },
	{ "the offset of ZERO is ignored, as of old QEMU", PAYLOAD, ALONE, 0, AT(10, 2), 0 },
	{ "the offset of UNMAPPED may be anywhere", PAYLOAD, ALONE, 0, 0xfffffffffff00003, 0 },
	{ "rule 36: reserved bits are ignored", PAYLOAD, ALONE, 0, AT(10, 6) | 0xffff8, 0 },
	/* places */
	{ "rule 41: FULLY_PRESENT at offset 0 is refused", PAYLOAD, ALONE, 0, AT(0, 6),
	  VHDX_REASON_payload_in_header_section },
	{ "rule 41: PARTIALLY_PRESENT at offset 0 is refused", PAYLOAD, CHILD, 0, AT(0, 7),
	  VHDX_REASON_payload_in_header_section },
	{ "rule 41: reserved bits do not lift a block out of the header section", PAYLOAD, ALONE, 0,
	  AT(0, 6) | 0xffff8, VHDX_REASON_payload_in_header_section },
	{ "rule 41: a block that ends where the file ends is accepted", PAYLOAD, ALONE, 0,
	  AT(62, 6), 0 },
	{ "rule 41: a block that ends 1 MiB behind the file is refused", PAYLOAD, ALONE, 0,
	  AT(63, 6), VHDX_REASON_payload_past_eof },
	{ "rule 41: a block that begins where the file ends is refused", PAYLOAD, ALONE, 0,
	  AT(64, 6), VHDX_REASON_payload_past_eof },
	{ "rule 43: a block at the end of 64 bits is refused", PAYLOAD, ALONE, 0,
	  0xfffffffffff00006, VHDX_REASON_payload_past_eof },
	{ "rule 43: a block at the end of all files is refused", PAYLOAD, ALONE, 0,
	  0x7ffffffffff00006, VHDX_REASON_payload_past_eof },
	{ "rule 41: the short last block may end with the disk", PAYLOAD, ALONE, LAST, AT(63, 6), 0 },
	{ "rule 41: the short last block must be there as far as used", PAYLOAD, ALONE, LAST,
	  AT(64, 6), VHDX_REASON_payload_past_eof },
	/* overlaps */
	{ "rule 42: a block on the log is refused", PAYLOAD, ALONE, 0, AT(1, 6),
	  VHDX_REASON_payload_overlap },
	{ "rule 42: a block on metadata is refused", PAYLOAD, ALONE, 0, AT(2, 6),
	  VHDX_REASON_payload_overlap },
	{ "rule 42: a block on the BAT is refused", PAYLOAD, ALONE, 0, AT(3, 6),
	  VHDX_REASON_payload_overlap },
	{ "rule 42: a block right behind the BAT is accepted", PAYLOAD, ALONE, 0, AT(4, 6), 0 },
	{ "rule 42: a block that ends at a region is accepted", PAYLOAD, ALONE, 0, AT(38, 6), 0 },
	{ "rule 42: a block that ends in a region is refused", PAYLOAD, ALONE, 0, AT(39, 6),
	  VHDX_REASON_payload_overlap },
	{ "rule 42: a block that begins in a region is refused", PAYLOAD, ALONE, 0, AT(41, 6),
	  VHDX_REASON_payload_overlap },
	{ "rule 42: a block that begins at the end of a region is accepted", PAYLOAD, ALONE, 0,
	  AT(42, 6), 0 },
	{ "rule 42: a PARTIALLY_PRESENT block on a region is refused", PAYLOAD, CHILD, 0, AT(40, 7),
	  VHDX_REASON_payload_overlap },
	{ "rule 42: all of the short last block is kept free of regions", PAYLOAD, ALONE, LAST,
	  AT(39, 6), VHDX_REASON_payload_overlap },
	/* behind the end */
	{ "rule 44: the first entry behind the disk is ignored", PAYLOAD, ALONE, LAST + 1,
	  ~0ULL, 0 },
	{ "rule 44: an entry far behind the disk is ignored", PAYLOAD, CHILD, LAST + 100000,
	  AT(0, 4), 0 },
	{ "rule 44: the bitmap entry of a chunk behind the disk is ignored", BITMAP, CHILD, 3,
	  AT(0, 4), 0 },
	/* bitmaps */
	{ "rule 39: no bitmap is accepted", BITMAP, CHILD, 0, AT(0, 0), 0 },
	{ "rule 39: a bitmap is accepted with a parent", BITMAP, CHILD, 0, AT(10, 6), 0 },
	{ "rule 39: a bitmap of the last chunk is accepted", BITMAP, CHILD, 2, AT(10, 6), 0 },
	{ "rule 39: bitmap state 1 is refused", BITMAP, CHILD, 0, AT(10, 1), VHDX_REASON_bitmap_state },
	{ "rule 39: bitmap state 2 is refused", BITMAP, CHILD, 0, AT(10, 2), VHDX_REASON_bitmap_state },
	{ "rule 39: bitmap state 3 is refused", BITMAP, CHILD, 0, AT(10, 3), VHDX_REASON_bitmap_state },
	{ "rule 39: bitmap state 4 is refused", BITMAP, CHILD, 0, AT(10, 4), VHDX_REASON_bitmap_state },
	{ "rule 39: bitmap state 5 is refused", BITMAP, CHILD, 0, AT(10, 5), VHDX_REASON_bitmap_state },
	{ "rule 39: bitmap state 7 is refused", BITMAP, CHILD, 0, AT(10, 7), VHDX_REASON_bitmap_state },
	{ "rule 39: a bitmap without a parent is ignored", BITMAP, ALONE, 0, AT(10, 6), 0 },
	{ "rule 39: junk in a bitmap slot without a parent is ignored", BITMAP, ALONE, 0, ~0ULL, 0 },
	{ "rule 41: a bitmap at offset 0 is refused", BITMAP, CHILD, 0, AT(0, 6),
	  VHDX_REASON_bitmap_in_header_section },
	{ "rule 41: a bitmap is 1 MiB long, whatever the block size", BITMAP, CHILD, 0, AT(63, 6), 0 },
	{ "rule 41: a bitmap behind the file is refused", BITMAP, CHILD, 0, AT(64, 6),
	  VHDX_REASON_bitmap_past_eof },
	{ "rule 43: a bitmap at the end of 64 bits is refused", BITMAP, CHILD, 0,
	  0xfffffffffff00006, VHDX_REASON_bitmap_past_eof },
	{ "rule 42: a bitmap right before a region is accepted", BITMAP, CHILD, 0, AT(39, 6), 0 },
	{ "rule 42: a bitmap on a region is refused", BITMAP, CHILD, 0, AT(40, 6),
	  VHDX_REASON_bitmap_overlap },
	{ "rule 42: a bitmap on the log is refused", BITMAP, CHILD, 0, AT(1, 6),
	  VHDX_REASON_bitmap_overlap },
};

static void check(void **state)
{
	static struct vhdx_layout layout;
	const struct row *row = *state;
	const struct vhdx_geometry_raw raw = {
		.block_size = 2 * MIB,
		.parameter_flags = row->parent == CHILD ? VHDX_PARAMS_HAS_PARENT : 0,
		.disk_size = LAST * 2 * MIB + MIB,
		.logical_sector_size = 512,
		.physical_sector_size = 4096,
	};
	struct vhdx_geometry geometry;
	const struct vhdx_bat_rules rules = {
		.geometry	= &geometry,
		.layout		= &layout,
		.bat_offset	= BAT_AT,
		.bat_length	= VHDX_MIB,
		.file_size	= FILE_SIZE,
	};
	struct vhdx_fault fault;
	u64 index;

	layout.count = 0;
	assert_true(vhdx_layout_add(&layout, 0, 4 * MIB));
	assert_true(vhdx_layout_add(&layout, 40 * MIB, 2 * MIB));
	assert_int_equal(vhdx_geometry_make(&geometry, &raw, &fault), VHDX_OK);
	assert_int_equal(geometry.payload_blocks, LAST + 1);
	assert_int_equal(geometry.chunks, 3);

	index = row->kind == BITMAP ? vhdx_bitmap_index(&geometry, row->number) :
				      vhdx_payload_index(&geometry, row->number);
	assert_int_equal(vhdx_bat_check(&rules, index, row->entry, &fault), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, BAT_AT + 8 * index);
		assert_int_equal(fault.value, row->entry);
	}
}

static void take_apart(void **state)
{
	(void)state;
	assert_int_equal(vhdx_bat_state(0x0000000000300006), VHDX_BLOCK_FULLY_PRESENT);
	assert_int_equal(vhdx_bat_offset(0x0000000000300006), 3 * MIB);
	assert_int_equal(vhdx_bat_offset(0x00000000003ffffe), 3 * MIB);
	assert_int_equal(vhdx_bat_state(0xfffffffffffffff8), 0);
	assert_int_equal(vhdx_bat_offset(~0ULL), 0xfffffffffff00000);
	assert_int_equal(vhdx_bat_entry(VHDX_BLOCK_PARTIALLY_PRESENT, 5 * GIB), 5 * GIB | 7);
}

static void former(void **state)
{
	static const u64 places[] = { 0, 3 * MIB, 0, 3 * MIB, 0, 3 * MIB, 0, 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(vhdx_bat_former(3 * MIB | i), places[i]);
}

static void names(void **state)
{
	static const char *const expected[] = {
		"NOT_PRESENT", "UNDEFINED", "ZERO", "UNMAPPED",
		"reserved", "UNMAPPED (draft)", "FULLY_PRESENT", "PARTIALLY_PRESENT",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_string_equal(vhdx_block_state_name(i), expected[i]);
}

static void shows(void **state)
{
	static const enum vhdx_block_shows alone[] = {
		VHDX_SHOWS_ZEROS, VHDX_SHOWS_ZEROS, VHDX_SHOWS_ZEROS, VHDX_SHOWS_ZEROS,
		VHDX_SHOWS_ZEROS, VHDX_SHOWS_ZEROS, VHDX_SHOWS_DATA, VHDX_SHOWS_DATA,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_int_equal(vhdx_bat_shows(AT(5, i), false), alone[i]);
		assert_int_equal(vhdx_bat_shows(AT(5, i), true), i ? alone[i] : VHDX_SHOWS_PARENT);
	}
}

/* Chunks of four blocks: entries 4, 9 and 14 are those of sector bitmap blocks. */
struct chunk {
	const char *claim;
	const char *states;		/* one digit an entry */
	const char *lacking;		/* BAT indices of the blocks named */
};

static const struct chunk chunks[] = {
	{ "rule 40: a chunk without partially present blocks needs no sector bitmap", "6000000000", "" },
	{ "rule 40: a chunk with one and its sector bitmap is in order", "0706600000", "" },
	{ "rule 40: the first of the blocks without a sector bitmap is named", "0707000000", "1" },
	{ "rule 40: the sector bitmap of another chunk does not count", "0070000006", "2" },
	{ "rule 40: nor does that of the chunk before", "0000670000", "5" },
	{ "rule 40: each chunk is named", "7000070000", "05" },
	{ "rule 40: the BAT may end before the sector bitmap's entry", "00006007", "7" },
};

static void chunk_lacks(void **state)
{
	const struct vhdx_geometry geometry = {
		.chunk_shift = 2, .payload_blocks = 12, .chunks = 3, .has_parent = true,
	};
	const struct vhdx_bat_rules rules = { .geometry = &geometry, .bat_offset = BAT_AT };
	const struct chunk *row = *state;
	unsigned int holes, i, found;

	for (holes = 0; holes < 2; holes++) {	/* entries of zeros may be left out */
		struct vhdx_bat_chunk chunk = { .partial = false };
		struct vhdx_fault fault;

		for (i = found = 0; row->states[i]; i++)
			if ((row->states[i] != '0' || !holes) &&
			    vhdx_bat_chunk_next(&chunk, &rules, i, row->states[i] - '0', &fault))
				assert_int_equal(fault.offset,
						 BAT_AT + 8 * (row->lacking[found++] - '0'));
		if (vhdx_bat_chunk_end(&chunk, &rules, &fault))
			assert_int_equal(fault.offset, BAT_AT + 8 * (row->lacking[found++] - '0'));
		assert_int_equal(row->lacking[found], 0);
	}
}

int main(void)
{
	SUITE_ADD_ROWS(chunks, chunk_lacks);
	suite_add("what each state shows, with a parent and without", shows);
	suite_add("an entry is 3 bits of state, 17 reserved, 44 of MiB", take_apart);
	suite_add("UNDEFINED and UNMAPPED name the place that a block had", former);
	suite_add("every state has its name in the format's words", names);
	SUITE_ADD_ROWS(rows, check);
	return suite_run("bat");
}
