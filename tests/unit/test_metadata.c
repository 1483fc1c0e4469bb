// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The metadata table and its items: what is read, and what is refused.
 */
#include "suite.h"

#include "format/guid.h"
#include "format/metadata.h"
#include "make.h"

#define REGION_AT (7 * MIB)
#define REGION_LENGTH (2 * MIB)

#define USER VHDX_METADATA_IS_USER
#define DISK VHDX_METADATA_IS_VIRTUAL_DISK
#define REQUIRED VHDX_METADATA_IS_REQUIRED

static u8 table[VHDX_METADATA_TABLE_SIZE];
static struct vhdx_items items;
static struct vhdx_fault fault;
static u32 warnings;

static void new_table(void)
{
	memset(table, 0, sizeof(table));
	warnings = 0;
}

static enum vhdx_reason decode(void)
{
	return vhdx_metadata_table_decode(&items, &warnings, table, REGION_AT, REGION_LENGTH,
					  &fault);
}

static void add_numbered(u32 number, u32 offset, u32 length, u32 flags)
{
	struct vhdx_guid guid = make_guid(number);

	add_item(table, &guid, offset, length, flags);
}

/* One entry besides the five mandatory ones; @item of it, or a number of no known item */
#define UNKNOWN (-1)
#define ANOTHER (-2)
#define NULL_ID (-3)

struct row {
	const char *claim;
	struct {
		int item;
		u32 offset;
		u32 length;
		u32 flags;
	} entry[2];			/* the second is there if its length or flags are */
	enum vhdx_reason reason;
	unsigned int at;		/* entry the fault points to, 0 being the first extra one */
	u64 value;			/* if the fault has no GUID */
	u32 warnings;
};

#define FLAGS_WARNING (1U << VHDX_WARNING_metadata_flags)

static const struct row rows[] = {
	{ "rule 23: an item without id is refused", { { NULL_ID, 0x20000, 8, 0 } },
	  VHDX_REASON_metadata_null_id, 0, 0 },
	{ "rule 23: a mandatory item twice is refused",
	  { { VHDX_ITEM_DISK_ID, 0x20000, 16, DISK | REQUIRED } },
	  VHDX_REASON_metadata_duplicate, 0 },
	{ "rule 23: an unknown item twice is refused",
	  { { UNKNOWN, 0x20000, 8, 0 }, { UNKNOWN, 0x30000, 8, 0 } },
	  VHDX_REASON_metadata_duplicate, 1 },
	{ "rule 23: one id as a user and as a system item is accepted",
	  { { UNKNOWN, 0x20000, 8, 0 }, { UNKNOWN, 0x30000, 8, USER } } },
	{ "rule 23: a user item with the id of a known one is not that one",
	  { { VHDX_ITEM_DISK_SIZE, 0x20000, 3, USER } } },
	{ "rule 25: an item of 1 MiB is accepted", { { UNKNOWN, 0x20000, MIB, 0 } } },
	{ "rule 25: an item of 1 MiB and a byte is refused", { { UNKNOWN, 0x20000, MIB + 1, 0 } },
	  VHDX_REASON_metadata_item_size, 0, MIB + 1 },
	{ "rule 25: the longest length there is is refused", { { UNKNOWN, 0x20000, ~0U, 0 } },
	  VHDX_REASON_metadata_item_size, 0, ~0U },
	{ "rule 25: length 0 with offset 0 is accepted", { { UNKNOWN, 0, 0, 0 } } },
	{ "rule 25: length 0 with an offset is refused", { { UNKNOWN, 0x20000, 0, 0 } },
	  VHDX_REASON_metadata_item_offset, 0, 0x20000 },
	{ "rule 25: a length with offset 0 is refused", { { UNKNOWN, 0, 1, 0 } },
	  VHDX_REASON_metadata_item_offset, 0, 0 },
	{ "rule 25: the last byte of the table is no place for an item",
	  { { UNKNOWN, 0xffff, 1, 0 } }, VHDX_REASON_metadata_item_offset, 0, 0xffff },
	{ "rule 25: any alignment is accepted", { { UNKNOWN, 0x20001, 7, 0 } } },
	{ "rule 25: an item up to the end of the region is accepted",
	  { { UNKNOWN, REGION_LENGTH - 5, 5, 0 } } },
	{ "rule 25: an item a byte beyond the region is refused",
	  { { UNKNOWN, REGION_LENGTH - 4, 5, 0 } }, VHDX_REASON_metadata_item_outside, 0,
	  REGION_LENGTH - 4 },
	{ "rule 25: offset and length whose sum overflows 32 bits are refused",
	  { { UNKNOWN, 0xfffffff0, 0x10, 0 } }, VHDX_REASON_metadata_item_outside, 0, 0xfffffff0 },
	{ "rule 25: an item on another is refused", { { UNKNOWN, 0x10008, 8, 0 } },
	  VHDX_REASON_metadata_item_overlap, 0 },
	{ "rule 25: an item that covers the last byte of another is refused",
	  { { UNKNOWN, 0x20000, 8, 0 }, { ANOTHER, 0x20007, 1, USER } },
	  VHDX_REASON_metadata_item_overlap, 1 },
	{ "rule 25: items one behind the other are accepted",
	  { { UNKNOWN, 0x20000, 8, 0 }, { ANOTHER, 0x20008, 1, 0 } } },
	{ "rule 26: an unknown required item is refused", { { UNKNOWN, 0x20000, 8, REQUIRED } },
	  VHDX_REASON_metadata_unknown_required, 0 },
	{ "rule 26: a required user item is refused", { { UNKNOWN, 0x20000, 8, REQUIRED | USER } },
	  VHDX_REASON_metadata_unknown_required, 0 },
	{ "rule 26: CHS parameters may be required",
	  { { VHDX_ITEM_CHS_PARAMETERS, 0x20000, 8, REQUIRED } } },
	{ "rule 26: PMEM labels may be required, and of any length",
	  { { VHDX_ITEM_PMEM_LABELS, 0x20000, 0x20000, REQUIRED | DISK } } },
	{ "rule 27: an unfinished file is refused", { { VHDX_ITEM_INCOMPLETE_FILE, 0, 0, REQUIRED } },
	  VHDX_REASON_metadata_incomplete_file, 0 },
	{ "rule 27: an unfinished file is refused even if that is not required",
	  { { VHDX_ITEM_INCOMPLETE_FILE, 0, 0, 0 } }, VHDX_REASON_metadata_incomplete_file, 0 },
	{ "rule 29: a parent locator with the right flags is accepted",
	  { { VHDX_ITEM_PARENT_LOCATOR, 0x20000, 196, REQUIRED } } },
	{ "rule 29: a parent locator with IsVirtualDisk gets a warning",
	  { { VHDX_ITEM_PARENT_LOCATOR, 0x20000, 196, REQUIRED | DISK } },
	  .warnings = FLAGS_WARNING },
};

static struct vhdx_guid row_guid(int item)
{
	if (item >= 0)
		return *vhdx_item_guid(item);
	return make_guid(item == NULL_ID ? 0 : -item);
}

static void row_decode(void **state)
{
	const struct row *row = *state;
	u32 i;

	new_table();
	add_mandatory_items(table);
	for (i = 0; i < 2; i++) {
		struct vhdx_guid guid = row_guid(row->entry[i].item);

		if (i && !row->entry[i].length && !row->entry[i].flags)
			break;
		add_item(table, &guid, row->entry[i].offset, row->entry[i].length,
			 row->entry[i].flags);
	}
	assert_int_equal(decode(), row->reason);
	if (!row->reason) {
		assert_int_equal(warnings, row->warnings);
		assert_int_equal(items.offset[VHDX_ITEM_DISK_SIZE], 0x10008);
		assert_int_equal(items.length[VHDX_ITEM_DISK_SIZE], 8);
		return;
	}
	assert_int_equal(fault.reason, row->reason);
	assert_int_equal(fault.offset, REGION_AT + 32 + 32 * (5 + row->at));
	if (fault.has_guid) {
		struct vhdx_guid guid = row_guid(row->entry[row->at].item);

		assert_true(vhdx_guid_equal(&fault.guid, &guid));
	} else {
		assert_int_equal(fault.value, row->value);
	}
}

static void signature(void **state)
{
	u32 i;

	(void)state;
	new_table();
	assert_int_equal(decode(), VHDX_REASON_metadata_signature);
	assert_int_equal(fault.offset, REGION_AT);
	add_mandatory_items(table);
	assert_int_equal(decode(), VHDX_OK);
	for (i = 0; i < 8; i++) {
		table[i] ^= 0x20;
		assert_int_equal(decode(), VHDX_REASON_metadata_signature);
		table[i] ^= 0x20;
	}
}

static void too_many(void **state)
{
	(void)state;
	new_table();
	add_mandatory_items(table);
	set_count(table, 2048);
	assert_int_equal(decode(), VHDX_REASON_metadata_count);
	assert_int_equal(fault.value, 2048);
	set_count(table, 65535);
	assert_int_equal(decode(), VHDX_REASON_metadata_count);
}

static void full_table(void **state)
{
	u32 i;

	(void)state;
	new_table();
	for (i = 0; i < 1024; i++)
		add_numbered(1000 + i, 0x20000 + 2 * i, 2, USER);
	for (i = 0; i < 1018; i++)
		add_numbered(5000 + i, 0, 0, 0);
	add_mandatory_items(table);
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(items.present, (1U << VHDX_ITEM_MANDATORY_COUNT) - 1);
}

static void users(void **state)
{
	u32 i;

	(void)state;
	new_table();
	add_mandatory_items(table);
	for (i = 0; i < 1024; i++)
		add_numbered(1000 + i, 0, 0, USER);
	assert_int_equal(decode(), VHDX_OK);
	add_numbered(999, 0, 0, USER);
	assert_int_equal(decode(), VHDX_REASON_metadata_user_count);
}

static void reserved_warn(void **state)
{
	static const u32 places[] = { 8, 9, 12, 31, 32 + 28, 32 + 31 };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		new_table();
		add_mandatory_items(table);
		table[places[i]] = 1;
		assert_int_equal(decode(), VHDX_OK);
		assert_int_equal(warnings, 1U << VHDX_WARNING_metadata_reserved);
	}
	new_table();
	add_mandatory_items(table);
	memset(table + 32 + 5 * 32, 0xff, 32);
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, 0);
}

struct mandatory {
	const char *claim;
	unsigned int entry;		/* number in add_mandatory_items() */
	enum vhdx_item item;
	u32 length;
};

static const struct mandatory mandatory[] = {
	{ "rule 28: file parameters must be there, 8 bytes", 0, VHDX_ITEM_FILE_PARAMETERS, 8 },
	{ "rule 28: the disk size must be there, 8 bytes", 1, VHDX_ITEM_DISK_SIZE, 8 },
	{ "rule 28: the logical sector size must be there, 4 bytes", 2,
	  VHDX_ITEM_LOGICAL_SECTOR_SIZE, 4 },
	{ "rule 28: the physical sector size must be there, 4 bytes", 3,
	  VHDX_ITEM_PHYSICAL_SECTOR_SIZE, 4 },
	{ "rule 28: the disk id must be there, 16 bytes", 4, VHDX_ITEM_DISK_ID, 16 },
};

static void row_mandatory(void **state)
{
	const struct mandatory *row = *state;
	u8 *entry = table + 32 + 32 * row->entry;

	new_table();
	add_mandatory_items(table);
	assert_int_equal(entry[20], row->length);
	assert_int_equal(decode(), VHDX_OK);
	assert_true(vhdx_item_present(&items, row->item));

	entry[20] = row->length - 1;
	assert_int_equal(decode(), VHDX_REASON_metadata_item_length);
	assert_true(vhdx_guid_equal(&fault.guid, vhdx_item_guid(row->item)));
	entry[20] = 0;
	memset(entry + 16, 0, 4);
	assert_int_equal(decode(), VHDX_REASON_metadata_item_length);

	/* longer, where it overlaps nothing */
	entry[18] = 8;
	entry[20] = row->length + 1;
	assert_int_equal(decode(), VHDX_REASON_metadata_item_length);

	/* turned into a harmless unknown item */
	memset(entry, 0x77, 16);
	entry[24] = 0;
	assert_int_equal(decode(), VHDX_REASON_metadata_item_missing);
	assert_int_equal(fault.offset, REGION_AT);
	assert_true(vhdx_guid_equal(&fault.guid, vhdx_item_guid(row->item)));
}

static void row_flags(void **state)
{
	const struct mandatory *row = *state;
	u8 *flags = table + 32 + 32 * row->entry + 24;

	new_table();
	add_mandatory_items(table);
	*flags ^= DISK;
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, FLAGS_WARNING);
	*flags ^= DISK | REQUIRED;
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, FLAGS_WARNING);
}

static const struct mandatory odd_flags[] = {
	{ "rule 29: file parameters with odd flags get a warning", 0, 0, 0 },
	{ "rule 29: a disk size with odd flags gets a warning", 1, 0, 0 },
	{ "rule 29: a logical sector size with odd flags gets a warning", 2, 0, 0 },
	{ "rule 29: a physical sector size with odd flags gets a warning", 3, 0, 0 },
	{ "rule 29: a disk id with odd flags gets a warning", 4, 0, 0 },
};

/* Windows packs them in this order from 64 KiB on; add_mandatory_items() does so too. */
static void encode_as_windows(void **state)
{
	static u8 expected[VHDX_METADATA_TABLE_SIZE];
	struct vhdx_items placed;

	(void)state;
	memset(expected, 0, sizeof(expected));
	add_mandatory_items(expected);
	memset(&placed, 0xa5, sizeof(placed));
	vhdx_items_place(&placed, 0);
	memset(table, 0xa5, sizeof(table));
	vhdx_metadata_table_encode(table, &placed);
	assert_memory_equal(table, expected, sizeof(table));
	warnings = 0;
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, 0);
	assert_memory_equal(&items, &placed, sizeof(items));
}

/* Hyper-V's locators are at 0x10028. */
static void encode_with_locator(void **state)
{
	struct vhdx_items placed;

	(void)state;
	vhdx_items_place(&placed, 674);
	assert_int_equal(placed.offset[VHDX_ITEM_PARENT_LOCATOR], 0x10028);
	assert_int_equal(placed.length[VHDX_ITEM_PARENT_LOCATOR], 674);
	vhdx_metadata_table_encode(table, &placed);
	warnings = 0;
	assert_int_equal(decode(), VHDX_OK);
	assert_int_equal(warnings, 0);
	assert_memory_equal(&items, &placed, sizeof(items));
}

static void encode_values(void **state)
{
	static const u8 expected[VHDX_ITEMS_MANDATORY_SIZE] = {
		0, 0, 0, 2, 1, 0, 0, 0,			/* 32 MiB, fixed */
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0, 2, 0, 0, 0, 0x10, 0, 0,		/* 512, 4096 */
		7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x5a,
	};
	const struct vhdx_geometry_raw geometry = {
		.block_size = 32 * MIB,
		.parameter_flags = VHDX_PARAMS_LEAVE_ALLOCATED,
		.disk_size = 0x1122334455667788,
		.logical_sector_size = 512,
		.physical_sector_size = 4096,
	};
	u8 values[VHDX_ITEMS_MANDATORY_SIZE + 1];
	struct vhdx_guid id = make_guid(7);

	(void)state;
	memset(values, 0xa5, sizeof(values));
	vhdx_metadata_values_encode(values, &geometry, &id);
	assert_memory_equal(values, expected, sizeof(expected));
	assert_int_equal(values[sizeof(expected)], 0xa5);
}

int main(void)
{
	suite_add("rule 21: the table begins with \"metadata\"", signature);
	suite_add("rule 21: 2048 entries and more are refused", too_many);
	suite_add("rule 21: 2047 entries are accepted", full_table);
	suite_add("rule 22: reserved fields get a warning, junk behind the entries none", reserved_warn);
	suite_add("rule 24: 1024 user entries are accepted, 1025 refused", users);
	SUITE_ADD_ROWS(rows, row_decode);
	SUITE_ADD_ROWS(mandatory, row_mandatory);
	SUITE_ADD_ROWS(odd_flags, row_flags);
	suite_add("the table of a new file is the one Windows writes", encode_as_windows);
	suite_add("a new file's parent locator is where Hyper-V puts it", encode_with_locator);
	suite_add("the values of a new file are packed as Windows packs them", encode_values);
	return suite_run("metadata");
}
