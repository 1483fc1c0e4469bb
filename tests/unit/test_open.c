// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Opening an image step by step: each step fails for its own reason.
 */
#include "suite.h"

#include "format/guid.h"
#include "make.h"

static struct image image;
static struct vhdx_super super;
static struct vhdx_fault fault;
static u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];

static enum vhdx_reason open_image(void)
{
	memset(&super, 0xa5, sizeof(super));
	memset(scratch, 0xa5, sizeof(scratch));
	memset(&fault, 0xa5, sizeof(fault));
	image.reads = 0;
	image.highest = 0;
	return vhdx_open(&super, &image.reader, scratch, &fault);
}

#define WARNING(name) (1U << VHDX_WARNING_##name)

static void all_right(void **state)
{
	struct vhdx_guid id = make_guid(103);
	struct vhdx_bat_rules rules;

	(void)state;
	image_make(&image);
	assert_int_equal(open_image(), VHDX_OK);
	assert_int_equal(super.file_size, IMAGE_SIZE);
	assert_int_equal(super.warnings, 0);
	assert_int_equal(super.header_slot, 1);
	assert_int_equal(super.header.sequence_number, 8);
	assert_memory_equal(super.creator, "t\0e\0s\0t\0\0\0", 10);
	assert_int_equal(super.regions.bat.offset, IMAGE_BAT);
	assert_int_equal(super.regions.bat.length, MIB);
	assert_int_equal(super.regions.metadata.offset, IMAGE_METADATA);
	assert_true(vhdx_guid_equal(&super.disk_id, &id));
	assert_int_equal(super.geometry.disk_size, 4 * MIB);
	assert_int_equal(super.geometry.block_size, MIB);
	assert_int_equal(super.geometry.logical_sector_size, 512);
	assert_int_equal(super.geometry.physical_sector_size, 4096);
	assert_int_equal(super.layout.count, 4);

	vhdx_open_bat_rules(&super, &rules);
	assert_ptr_equal(rules.geometry, &super.geometry);
	assert_ptr_equal(rules.layout, &super.layout);
	assert_int_equal(rules.bat_offset, IMAGE_BAT);
	assert_int_equal(rules.file_size, IMAGE_SIZE);
	image_free(&image);
}

/* Changes that are made to the image of image_make(), which is then stamped */

static void cut_below_minimum(void)
{
	image_set_size(&image, MIB - 1);
}

static void cut_to_nothing(void)
{
	image_set_size(&image, 0);
}

static void cut_to_header_section(void)
{
	image_set_size(&image, MIB);
}

static void no_signature(void)
{
	image.bytes[7] = 'E';
}

static void no_signature_in_1_mib(void)
{
	no_signature();
	cut_to_header_section();
}

static void vhd_at_start(void)
{
	memcpy(image.bytes, "conectix", 8);
}

static void vhd_at_end(void)
{
	no_signature();
	memcpy(image.bytes + IMAGE_SIZE - 512, "conectix", 8);
}

static void small_vhd(void)
{
	image_set_size(&image, 1024);
	memset(image.bytes, 0, 8);
	memcpy(image.bytes + 512, "conectix", 8);
}

static void footer_alone(void)
{
	image_set_size(&image, 512);
	vhd_at_start();
}

static void footer_cut(void)
{
	image_set_size(&image, 511);
	vhd_at_start();
}

static void vhdx_with_vhd_in_last_block(void)
{
	memcpy(image.bytes + IMAGE_SIZE - 512, "conectix", 8);
}

static void version_2(void)
{
	image_header(&image, 1)->version = cpu_to_le16(2);
}

static void version_2_of_the_older(void)
{
	image_header(&image, 0)->version = cpu_to_le16(2);
}

static void dirty(void)
{
	image_header(&image, 1)->log_guid = make_guid(55);
}

static void dirty_and_nonsense_below(void)
{
	dirty();
	memset(image_region_table(&image, 0), 0xff, VHDX_REGION_TABLE_SIZE);
	memset(image_region_table(&image, 1), 0xff, VHDX_REGION_TABLE_SIZE);
	memset(image_metadata_table(&image), 0xff, MIB);
}

static void dirty_before_the_newest(void)
{
	image_header(&image, 0)->log_guid = make_guid(55);
}

static void log_behind_file(void)
{
	image_header(&image, 1)->log_offset = cpu_to_le64(IMAGE_SIZE);
}

static void log_on_bat(void)
{
	image_header(&image, 1)->log_offset = cpu_to_le64(IMAGE_BAT);
}

static void no_log(void)
{
	image_header(&image, 1)->log_offset = 0;
	image_header(&image, 1)->log_length = 0;
}

static void tables_differ(void)
{
	image_region_table(&image, 1)[60000] = 1;
}

static void table_1_unsigned(void)
{
	memset(image_region_table(&image, 0), 0, VHDX_REGION_TABLE_SIZE);
}

static void table_2_unsigned(void)
{
	memset(image_region_table(&image, 1), 0, VHDX_REGION_TABLE_SIZE);
}

static void tables_unsigned(void)
{
	table_1_unsigned();
	table_2_unsigned();
}

static void table_2_alone_and_wrong(void)
{
	table_1_unsigned();
	set_count(image_region_table(&image, 1), 1);
}

static void metadata_behind_file(void)
{
	image_set_size(&image, IMAGE_METADATA);
	image_header(&image, 1)->log_offset = cpu_to_le64(MIB);
}

static void no_metadata(void)
{
	memset(image_metadata_table(&image), 0, 8);
}

static void no_block_size(void)
{
	image_put(&image, IMAGE_BLOCK_SIZE, 0, 4);
}

static void odd_file(void)
{
	image_set_size(&image, IMAGE_SIZE - 512);
}

static void with_parent(void)
{
	image_put(&image, IMAGE_FLAGS, VHDX_PARAMS_HAS_PARENT, 4);
}

static void with_parent_and_locator(void)
{
	with_parent();
	add_item(image_metadata_table(&image), vhdx_item_guid(VHDX_ITEM_PARENT_LOCATOR), 0x20000,
		 196, VHDX_METADATA_IS_REQUIRED);
}

static void with_locator_alone(void)
{
	with_parent_and_locator();
	image_put(&image, IMAGE_FLAGS, 0, 4);
}

static void disk_that_fills_bat(void)
{
	image_put(&image, IMAGE_DISK_SIZE, 131041 * MIB, 8);
}

static void disk_a_sector_too_large(void)
{
	image_put(&image, IMAGE_DISK_SIZE, 131041 * MIB + 512, 8);
}

/* 31 chunks with a parent need 31 * 4097 entries; 32 of them are more than 1 MiB holds */
static void child_of_31_chunks(void)
{
	with_parent_and_locator();
	image_put(&image, IMAGE_DISK_SIZE, 31 * 4 * GIB, 8);
}

static void child_without_last_bitmap(void)
{
	with_parent_and_locator();
	image_put(&image, IMAGE_DISK_SIZE, 131041 * MIB, 8);
}

static void nothing(void)
{
}

struct row {
	const char *claim;
	void (*change)(void);
	enum vhdx_reason reason;
	u32 warnings;
	u64 offset, value;		/* of the fault; 0 if of no interest */
};

static const struct row rows[] = {
	{ "an image in order opens", nothing },
	{ "rule 1: an empty file is too small", cut_to_nothing, VHDX_REASON_file_too_small },
	{ "rule 1: a byte less than 1 MiB is too small", cut_below_minimum,
	  VHDX_REASON_file_too_small, .value = MIB - 1 },
	{ "rule 1: another signature is refused", no_signature, VHDX_REASON_file_signature },
	{ "rule 1: a file of exactly 1 MiB is large enough for a signature", no_signature_in_1_mib,
	  VHDX_REASON_file_signature },
	{ "rule 1: a VHD is named as such by the copy of its footer", vhd_at_start,
	  VHDX_REASON_file_is_vhd1 },
	{ "rule 1: a VHD is named as such by its footer", vhd_at_end, VHDX_REASON_file_is_vhd1 },
	{ "rule 1: a VHD of less than 1 MiB is named as such too", small_vhd,
	  VHDX_REASON_file_is_vhd1 },
	{ "rule 1: a VHD footer alone is named as such", footer_alone, VHDX_REASON_file_is_vhd1 },
	{ "rule 1: less than a VHD footer is too small to be anything", footer_cut,
	  VHDX_REASON_file_too_small },
	{ "rule 1: a VHDX whose last block looks like a VHD footer is a VHDX",
	  vhdx_with_vhd_in_last_block },
	{ "rule 4: an unknown version is refused", version_2, VHDX_REASON_header_version,
	  .offset = VHDX_HEADER_2_OFFSET, .value = 2 },
	{ "rule 4: the version of the older header does not matter", version_2_of_the_older },
	{ "rule 6: a log behind the file is refused", log_behind_file, VHDX_REASON_log_past_eof,
	  .offset = VHDX_HEADER_2_OFFSET, .value = IMAGE_SIZE },
	{ "rule 6: a file of 1 MiB has no room for its log", cut_to_header_section,
	  VHDX_REASON_log_past_eof },
	{ "rule 7: no log is accepted", no_log },
	{ "rule 8: a dirty log is not passed over", dirty, VHDX_REASON_log_dirty,
	  .offset = IMAGE_LOG },
	{ "rule 8: nothing is read below a dirty log", dirty_and_nonsense_below,
	  VHDX_REASON_log_dirty },
	{ "rule 8: a log that only the older header calls dirty is clean", dirty_before_the_newest },
	{ "rule 13: table 1 alone is used", table_2_unsigned, 0, WARNING(region_2_damaged) },
	{ "rule 13: table 2 alone is used", table_1_unsigned, 0, WARNING(region_1_damaged) },
	{ "rule 13: no valid table is refused", tables_unsigned, VHDX_REASON_region_none_valid,
	  .offset = VHDX_REGION_TABLE_1_OFFSET },
	{ "rule 13: a fault in table 2 is reported with its place", table_2_alone_and_wrong,
	  VHDX_REASON_region_metadata_missing, .offset = VHDX_REGION_TABLE_2_OFFSET },
	{ "rule 17: a region on the log of the current header is refused", log_on_bat,
	  VHDX_REASON_region_overlap, .offset = VHDX_REGION_TABLE_1_OFFSET + 16, .value = IMAGE_BAT },
	{ "rule 17: regions behind the file are refused", metadata_behind_file,
	  VHDX_REASON_region_past_eof },
	{ "rule 20: tables that differ get a warning, the first is used", tables_differ, 0,
	  WARNING(region_differ) },
	{ "rule 21: a region without metadata in it is refused", no_metadata,
	  VHDX_REASON_metadata_signature, .offset = IMAGE_METADATA },
	{ "rule 30: items are judged after they are found", no_block_size, VHDX_REASON_block_size },
	{ "rule 34: a parent without locator is refused", with_parent, VHDX_REASON_locator_missing },
	{ "rule 34: a parent with locator is accepted", with_parent_and_locator },
	{ "rule 34: a locator without parent gets a warning", with_locator_alone, 0,
	  WARNING(locator_unneeded) },
	{ "rule 35: a disk that needs all of the BAT is accepted", disk_that_fills_bat },
	{ "rule 35: a disk of one sector more is refused", disk_a_sector_too_large,
	  VHDX_REASON_bat_too_small, .offset = IMAGE_BAT, .value = MIB },
	{ "rule 35: a child whose BAT holds its last bitmap entry is accepted", child_of_31_chunks },
	{ "rule 35: a child whose BAT lacks only that one is accepted",
	  child_without_last_bitmap },
	{ "rule 51: a file of odd size gets a warning", odd_file, 0, WARNING(file_size) },
};

static void row_open(void **state)
{
	const struct row *row = *state;

	image_make(&image);
	row->change();
	image_stamp(&image);
	assert_int_equal(open_image(), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		if (row->offset)
			assert_int_equal(fault.offset, row->offset);
		if (row->value)
			assert_int_equal(fault.value, row->value);
	} else {
		assert_int_equal(super.warnings, row->warnings);
	}
	image_free(&image);
}

/* Checksums not repaired */
static void damaged_headers(void **state)
{
	(void)state;
	image_make(&image);
	image_header(&image, 1)->reserved[0] ^= 1;
	assert_int_equal(open_image(), VHDX_OK);
	assert_int_equal(super.header_slot, 0);
	assert_int_equal(super.warnings, WARNING(header_2_damaged));
	image_header(&image, 0)->reserved[0] ^= 1;
	assert_int_equal(open_image(), VHDX_REASON_header_none_valid);
	image_header(&image, 1)->reserved[0] ^= 1;
	assert_int_equal(open_image(), VHDX_OK);
	assert_int_equal(super.header_slot, 1);
	assert_int_equal(super.warnings, WARNING(header_1_damaged));
	image_free(&image);
}

/* Steps 1 to 3 stay within identifier and headers: the rest may be half written. */
static void headers_first(void **state)
{
	(void)state;
	image_make(&image);
	dirty_and_nonsense_below();
	image_stamp(&image);
	assert_int_equal(vhdx_open_headers(&super, &image.reader, scratch, &fault), VHDX_OK);
	assert_true(image.highest <= VHDX_HEADER_2_OFFSET + VHDX_HEADER_SIZE);
	assert_int_equal(super.header_slot, 1);
	assert_int_equal(open_image(), VHDX_REASON_log_dirty);
	assert_true(image.highest <= VHDX_HEADER_2_OFFSET + VHDX_HEADER_SIZE);
	image_free(&image);
}

static void tables_after_replay(void **state)
{
	(void)state;
	image_make(&image);
	dirty();
	image_stamp(&image);
	assert_int_equal(vhdx_open_headers(&super, &image.reader, scratch, &fault), VHDX_OK);
	assert_int_equal(vhdx_open_tables(&super, &image.reader, scratch, &fault), VHDX_OK);
	assert_int_equal(super.geometry.disk_size, 4 * MIB);
	image_free(&image);
}

struct failing {
	const char *claim;
	void (*change)(void);
};

static const struct failing failings[] = {
	{ "a read that fails anywhere fails the open, and nothing else", nothing },
	{ "the same when region table 1 is damaged", table_1_unsigned },
	{ "the same when region table 2 is damaged", table_2_unsigned },
	{ "the same with a parent locator", with_parent_and_locator },
};

static void failing_reader(void **state)
{
	const struct failing *row = *state;
	u32 reads, n;

	image_make(&image);
	row->change();
	image_stamp(&image);
	assert_int_equal(open_image(), VHDX_OK);
	reads = image.reads;
	assert_in_range(reads, 10, 20);
	for (n = 1; n <= reads; n++) {
		image.fail_at = n;
		assert_int_equal(open_image(), VHDX_REASON_read_failed);
		assert_int_equal(fault.reason, VHDX_REASON_read_failed);
		assert_int_equal(image.reads, n);
	}
	image.fail_at = reads + 1;
	assert_int_equal(open_image(), VHDX_OK);
	image_free(&image);
}

/* A file that is no VHDX and cannot be read further: still an answer. */
static void failing_probe(void **state)
{
	(void)state;
	image_make(&image);
	no_signature();
	for (image.fail_at = 2; image.fail_at < 4; image.fail_at++)
		assert_int_equal(open_image(), VHDX_REASON_file_signature);
	image_free(&image);
}

/* The reader of the test asserts that no read leaves the file. */
static void every_size(void **state)
{
	u64 size;

	(void)state;
	image_make(&image);
	for (size = 0; size < IMAGE_SIZE; size += 32768) {
		enum vhdx_reason reason;

		image_set_size(&image, size);
		reason = open_image();
		if (size < MIB)
			assert_int_equal(reason, VHDX_REASON_file_too_small);
		else if (size < IMAGE_LOG + MIB)
			assert_int_equal(reason, VHDX_REASON_log_past_eof);
		else if (size < IMAGE_BAT + MIB)
			assert_int_equal(reason, VHDX_REASON_region_past_eof);
		else
			assert_int_equal(reason, VHDX_OK);
	}
	image_free(&image);
}

/* -- the parent locator of a whole image -- */

#define LINKAGE "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}"
#define LOCATOR_AT (IMAGE_METADATA + 0x20000)
#define VALUE_AT (LOCATOR_AT + 20 + 12 + 28)

static void put_utf16(u64 offset, const char *ascii)
{
	for (; *ascii; offset += 2)
		image_put(&image, offset, *ascii++, 2);
}

/* One pair, parent_linkage; @length is what the metadata table says. */
static void make_locator(u32 length)
{
	memcpy(image.bytes + LOCATOR_AT, vhdx_guid_locator_type.bytes, 16);
	image_put(&image, LOCATOR_AT + 18, 1, 2);
	image_put(&image, LOCATOR_AT + 20, 20 + 12, 4);
	image_put(&image, LOCATOR_AT + 24, VALUE_AT - LOCATOR_AT, 4);
	image_put(&image, LOCATOR_AT + 28, 28, 2);
	image_put(&image, LOCATOR_AT + 30, 2 * strlen(LINKAGE), 2);
	put_utf16(LOCATOR_AT + 20 + 12, "parent_linkage");
	put_utf16(VALUE_AT, LINKAGE);
	with_parent();
	add_item(image_metadata_table(&image), vhdx_item_guid(VHDX_ITEM_PARENT_LOCATOR), 0x20000,
		 length, VHDX_METADATA_IS_REQUIRED);
}

static const struct vhdx_guid linkage = { {
	0xc3, 0x0e, 0xed, 0x83, 0xc8, 0x24, 0xa6, 0x49, 0xa9, 0x59, 0x5e, 0x4b, 0xf1, 0x28, 0x8b, 0xfb,
} };

static struct vhdx_locator locator;

static enum vhdx_reason open_locator(void)
{
	assert_int_equal(open_image(), VHDX_OK);
	memset(scratch, 0xa5, sizeof(scratch));
	memset(&locator, 0xa5, sizeof(locator));
	image.reads = 0;
	return vhdx_open_locator(&super, &image.reader, scratch, &locator, &fault);
}

struct locator_row {
	const char *claim;
	u32 length;
	u64 change;			/* a byte of the item that is wrong; 0: none */
	enum vhdx_reason reason;
	u32 reads;
};

static const struct locator_row locator_rows[] = {
	{ "a locator without path is enough if the parent is given", 20 + 12 + 28 + 76, 0,
	  VHDX_OK, 1 },
	{ "a locator of 64 KiB is read", 65536, 0, VHDX_OK, 1 },
	{ "a locator of a byte more is not read at all", 65537, 0, VHDX_REASON_locator_too_long, 0 },
	{ "nor is one of 1 MiB less its offset", MIB - 0x20000, 0, VHDX_REASON_locator_too_long, 0 },
	{ "a locator of another type is refused with its own reason", 200, 3,
	  VHDX_REASON_locator_type, 1 },
	{ "a linkage that is no GUID is", 200, VALUE_AT - LOCATOR_AT + 2, VHDX_REASON_locator_linkage, 1 },
	{ "a locator cut short is", 20 + 11, 0, VHDX_REASON_locator_short, 1 },
};

static void row_locator(void **state)
{
	const struct locator_row *row = *state;

	image_make(&image);
	make_locator(row->length);
	if (row->change)
		image.bytes[LOCATOR_AT + row->change] ^= 0x40;
	assert_int_equal(open_locator(), row->reason);
	assert_int_equal(image.reads, row->reads);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, LOCATOR_AT);
	} else {
		assert_true(vhdx_guid_equal(&locator.linkage, &linkage));
		assert_int_equal(locator.relative_path.length, 0);
		/* its texts are still there */
		assert_memory_equal(scratch, image.bytes + LOCATOR_AT, row->length);
	}
	if (row->reason == VHDX_REASON_locator_too_long)
		assert_int_equal(fault.value, row->length);
	image_free(&image);
}

static void unreadable_locator(void **state)
{
	(void)state;
	image_make(&image);
	make_locator(200);
	assert_int_equal(open_image(), VHDX_OK);
	image.fail_at = image.reads + 1;
	assert_int_equal(vhdx_open_locator(&super, &image.reader, scratch, &locator, &fault),
			 VHDX_REASON_read_failed);
	assert_int_equal(fault.offset, LOCATOR_AT);
	image_free(&image);
}

struct bounds {
	const char *claim;
	u64 offset;
	u32 length;
	enum vhdx_reason reason;
};

static const struct bounds bounds[] = {
	{ "the last bytes of the file can be read", IMAGE_SIZE - 16, 16, 0 },
	{ "a byte more cannot", IMAGE_SIZE - 15, 16, VHDX_REASON_read_short },
	{ "what begins where the file ends cannot be read", IMAGE_SIZE, 16, VHDX_REASON_read_short },
	{ "an offset that overflows cannot be read", ~0ULL - 7, 16, VHDX_REASON_read_short },
};

static void row_read(void **state)
{
	const struct bounds *row = *state;

	image_make(&image);
	assert_int_equal(vhdx_read(&image.reader, row->offset, scratch, row->length, &fault),
			 row->reason);
	assert_int_equal(image.reads, !row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, row->offset);
		assert_int_equal(fault.value, row->length);
	}
	image_free(&image);
}

int main(void)
{
	suite_add("an image opens with all its values in their places", all_right);
	SUITE_ADD_ROWS(rows, row_open);
	suite_add("rule 2: one damaged header gets a warning, two are refused", damaged_headers);
	suite_add("rule 8: before replay only identifier and headers are read", headers_first);
	suite_add("rule 8: after replay, opening goes on with the tables", tables_after_replay);
	SUITE_ADD_ROWS(failings, failing_reader);
	suite_add("a failing look for other formats does not hide that it is no VHDX", failing_probe);
	suite_add("a file cut anywhere is refused, and never read behind its end", every_size);
	SUITE_ADD_ROWS(locator_rows, row_locator);
	suite_add("a locator that cannot be read is no locator", unreadable_locator);
	SUITE_ADD_ROWS(bounds, row_read);
	return suite_run("open");
}
