// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The encoders: decoding gives back what was encoded. The bytes are those of files that Windows
 * and QEMU wrote.
 */
#include <stdlib.h>

#include "suite.h"

#include "format/checksum.h"
#include "format/guid.h"
#include "format/locator.h"
#include "format/locator_encode.h"
#include "format/metadata_edit.h"
#include "make.h"

static u32 stored_checksum(const void *structure)
{
	__le32 stored;

	memcpy(&stored, (const u8 *)structure + VHDX_CHECKSUM_OFFSET, sizeof(stored));
	return le32_to_cpu(stored);
}

static void identifier(void **state)
{
	static const u8 creator[] = "v\0h\0d\0x\0\0\0";
	struct vhdx_disk_identifier raw;
	char longest[300];

	(void)state;
	memset(&raw, 0xff, sizeof(raw));
	vhdx_identifier_encode(&raw, "vhdx");
	assert_true(vhdx_identifier_valid(&raw));
	assert_memory_equal(raw.creator, creator, sizeof(creator) - 1);
	assert_int_equal(raw.creator[255], 0);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	vhdx_identifier_encode(&raw, longest);
	assert_int_equal(le16_to_cpu(raw.creator[255]), 'x');
}

static void header_round_trip(void **state)
{
	const struct vhdx_header header = {
		.sequence_number = 0x1122334455667788,
		.file_write_guid = make_guid(1),
		.data_write_guid = make_guid(2),
		.log_guid = make_guid(3),
		.version = 0x1234,
		.log_version = 0x5678,
		.log_offset = 0xfedcba9876543210,
		.log_length = 0x9abcdef0,
	};
	struct vhdx_disk_header raw, again;
	struct vhdx_header decoded;

	(void)state;
	memset(&raw, 0xff, sizeof(raw));
	vhdx_header_encode(&raw, &header);
	assert_true(vhdx_header_decode(&decoded, &raw));
	memset(&again, 0, sizeof(again));
	vhdx_header_encode(&again, &decoded);
	assert_memory_equal(&raw, &again, sizeof(raw));
	assert_int_equal(decoded.sequence_number, header.sequence_number);
	assert_true(vhdx_guid_equal(&decoded.file_write_guid, &header.file_write_guid));
	assert_true(vhdx_guid_equal(&decoded.data_write_guid, &header.data_write_guid));
	assert_true(vhdx_guid_equal(&decoded.log_guid, &header.log_guid));
	assert_int_equal(decoded.version, header.version);
	assert_int_equal(decoded.log_version, header.log_version);
	assert_int_equal(decoded.log_offset, header.log_offset);
	assert_int_equal(decoded.log_length, header.log_length);
}

static const struct written_header {
	const char *claim;
	u64 sequence_number;
	struct vhdx_guid file_write, data_write, log;
	u32 checksum;
} written_headers[] = {
	{ "a header is encoded as Windows 10 wrote it", 9,
	  { { 0xbc, 0x91, 0x87, 0xb9, 0xd8, 0x45, 0x5b, 0x44,
	      0xad, 0xe6, 0x5c, 0xbe, 0x55, 0x0f, 0x22, 0x90 } },
	  { { 0xb8, 0x9d, 0xbc, 0x8f, 0xfd, 0x2c, 0xb8, 0x45,
	      0x96, 0x88, 0x1c, 0x6f, 0xed, 0xbc, 0x72, 0x30 } },
	  { { 0x3c, 0x74, 0xfc, 0xe6, 0xed, 0x81, 0xe8, 0x4f,
	      0xbf, 0x54, 0x69, 0x8e, 0xd5, 0x7b, 0xa0, 0xb8 } },
	  0xef9a95bf },
	{ "a header is encoded as QEMU wrote it", 0x1bec98df,
	  { { 0x32, 0x8a, 0x0f, 0x3e, 0x54, 0xe9, 0x45, 0x33,
	      0x94, 0xd4, 0x82, 0xe1, 0xf7, 0x89, 0x20, 0x57 } },
	  { { 0xf3, 0xad, 0x5b, 0x7f, 0xc7, 0x1a, 0x44, 0x73,
	      0x83, 0x11, 0x0d, 0x7c, 0x61, 0xf8, 0x97, 0xa9 } },
	  { { 0 } },
	  0xb7c5de96 },
};

static void header_as_written(void **state)
{
	const struct written_header *row = *state;
	const struct vhdx_header header = {
		.sequence_number = row->sequence_number,
		.file_write_guid = row->file_write,
		.data_write_guid = row->data_write,
		.log_guid = row->log,
		.version = 1,
		.log_offset = MIB,
		.log_length = MIB,
	};
	struct vhdx_disk_header raw;

	vhdx_header_encode(&raw, &header);
	assert_int_equal(stored_checksum(&raw), row->checksum);
}

static void region_table(void **state)
{
	const struct vhdx_regions regions = { { 3 * MIB, MIB }, { 2 * MIB, MIB } };
	struct vhdx_layout *layout = calloc(1, sizeof(*layout));
	u8 *table = malloc(VHDX_REGION_TABLE_SIZE);
	struct vhdx_regions decoded;
	struct vhdx_fault fault;
	u32 warnings = 0;

	(void)state;
	memset(table, 0xff, VHDX_REGION_TABLE_SIZE);
	vhdx_region_table_encode(table, &regions);
	assert_int_equal(stored_checksum(table), 0xc66b8cae);
	assert_true(vhdx_region_table_valid(table));
	assert_int_equal(vhdx_region_table_decode(&decoded, layout, &warnings, table,
						  VHDX_REGION_TABLE_1_OFFSET, 4 * MIB, &fault),
			 VHDX_OK);
	assert_int_equal(warnings, 0);
	assert_memory_equal(&decoded, &regions, sizeof(regions));
	free(table);
	free(layout);
}

static void metadata_table(void **state)
{
	u8 *table = malloc(VHDX_METADATA_TABLE_SIZE);
	u8 *windows = calloc(1, VHDX_METADATA_TABLE_SIZE);
	struct vhdx_items items, decoded;
	struct vhdx_fault fault;
	u32 warnings = 0;

	(void)state;
	add_mandatory_items(windows);
	memset(table, 0xff, VHDX_METADATA_TABLE_SIZE);
	vhdx_items_place(&items, 0);
	vhdx_metadata_table_encode(table, &items);
	assert_memory_equal(table, windows, VHDX_METADATA_TABLE_SIZE);
	assert_int_equal(vhdx_metadata_table_decode(&decoded, &warnings, table, 2 * MIB, MIB,
						    &fault), VHDX_OK);
	assert_int_equal(warnings, 0);
	assert_memory_equal(&decoded, &items, sizeof(items));
	free(windows);
	free(table);
}

/* Hyper-V's locator of five pairs: 674 bytes at 0x10028 of the region */
static void metadata_table_of_child(void **state)
{
	u8 *table = malloc(VHDX_METADATA_TABLE_SIZE);
	struct vhdx_items items, decoded;
	struct vhdx_fault fault;
	u32 warnings = 0;

	(void)state;
	vhdx_items_place(&items, 674);
	vhdx_metadata_table_encode(table, &items);
	assert_int_equal(vhdx_metadata_table_decode(&decoded, &warnings, table, 2 * MIB, MIB,
						    &fault), VHDX_OK);
	assert_int_equal(warnings, 0);
	assert_int_equal(decoded.offset[VHDX_ITEM_PARENT_LOCATOR], 0x10028);
	assert_int_equal(decoded.length[VHDX_ITEM_PARENT_LOCATOR], 674);
	free(table);
}

/* An image whose every structure comes from the encoders */
static void encode_image(struct image *image, const struct vhdx_geometry_raw *raw,
			 const struct vhdx_guid *id)
{
	const struct vhdx_regions regions = { { IMAGE_BAT, MIB }, { IMAGE_METADATA, MIB } };
	struct vhdx_header header = { .version = 1, .log_offset = IMAGE_LOG, .log_length = MIB };
	struct vhdx_items items;
	unsigned int slot;

	image_make(image);
	memset(image->bytes, 0, IMAGE_SIZE);
	vhdx_identifier_encode((void *)image->bytes, "test");
	for (slot = 0; slot < 2; slot++) {
		header.sequence_number++;
		vhdx_header_encode(image_header(image, slot), &header);
		vhdx_region_table_encode(image_region_table(image, slot), &regions);
	}
	vhdx_items_place(&items, 0);
	vhdx_metadata_table_encode(image_metadata_table(image), &items);
	vhdx_metadata_values_encode(image_metadata_table(image) + VHDX_METADATA_TABLE_SIZE,
				    raw, id);
}

static void whole_image(void **state)
{
	const struct vhdx_geometry_raw raw = {
		.block_size = 2 * MIB,
		.parameter_flags = VHDX_PARAMS_LEAVE_ALLOCATED,
		.disk_size = 0x123456789000,
		.logical_sector_size = 4096,
		.physical_sector_size = 512,
	};
	struct vhdx_super *super = calloc(1, sizeof(*super));
	void *scratch = malloc(VHDX_OPEN_SCRATCH_SIZE);
	const struct vhdx_guid id = make_guid(7);
	struct vhdx_geometry expected;
	struct vhdx_fault fault;
	struct image image;

	(void)state;
	encode_image(&image, &raw, &id);
	assert_int_equal(vhdx_open(super, &image.reader, scratch, &fault),
			 VHDX_REASON_bat_too_small);	/* and nothing else is wrong */
	assert_int_equal(super->warnings, 0);
	assert_int_equal(super->header_slot, 1);
	assert_true(vhdx_guid_equal(&super->disk_id, &id));
	memset(&expected, 0, sizeof(expected));
	assert_int_equal(vhdx_geometry_make(&expected, &raw, &fault), VHDX_OK);
	assert_memory_equal(&super->geometry, &expected, sizeof(expected));
	image_free(&image);
	free(scratch);
	free(super);
}

static const struct bat_region {
	const char *claim;
	u64 disk_size;
	u32 block_size, sector_size;
	u64 length;
} bat_regions[] = {
	{ "the BAT of 127 GiB in blocks of 32 MiB takes 1 MiB", 127 * GIB, 32 * MIB, 512, MIB },
	{ "the BAT of 64 TiB in blocks of 1 MiB takes 513 MiB", 64 * TIB, MIB, 512, 513 * MIB },
	{ "the BAT of one sector takes 1 MiB", 512, 256 * MIB, 512, MIB },
	{ "the BAT of 31 chunks of 4097 entries ends before 1 MiB", 31 * 4096 * MIB, MIB, 512, MIB },
	{ "the BAT has room for the bitmap slot of a short last chunk", 131041 * MIB, MIB, 512,
	  2 * MIB },
};

static void bat_region(void **state)
{
	const struct bat_region *row = *state;
	const struct vhdx_geometry_raw raw = {
		row->block_size, 0, row->disk_size, row->sector_size, 4096,
	};
	struct vhdx_geometry geometry;
	struct vhdx_fault fault;

	assert_int_equal(vhdx_geometry_make(&geometry, &raw, &fault), VHDX_OK);
	assert_int_equal(vhdx_bat_region_length(&geometry), row->length);
}

/* The first of two locators is followed by the second: nothing is written behind its end. */
static void locator_round_trip(void **state)
{
	static const u8 guid[] = "{\0" "f\0" "8\0" "8\0" "d\0" "4\0" "d\0" "9\0" "2\0" "-\0"
		"6\0" "f\0" "c\0" "c\0" "-\0" "4\0" "0\0" "8\0" "d\0" "-\0" "9\0" "b\0" "e\0"
		"f\0" "-\0" "9\0" "b\0" "7\0" "c\0" "8\0" "9\0" "f\0" "1\0" "5\0" "c\0" "8\0"
		"9\0" "}";
	static const u8 path[] = ".\0" "\\\0" "p";
	static const struct vhdx_locator_field fields[] = {
		{ "parent_linkage", guid, 76 }, { "relative_path", path, 6 },
	};
	u8 item[512] = { 0 };
	u32 length = vhdx_locator_length(fields, 2);
	struct vhdx_locator locator;
	struct vhdx_fault fault;
	char text[VHDX_GUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(length, 20 + 2 * 12 + 28 + 76 + 26 + 6);
	item[length] = 0x5a;
	vhdx_locator_encode(item, fields, 2);
	assert_int_equal(item[length], 0x5a);
	assert_int_equal(vhdx_locator_decode(&locator, item, length, 0, &fault), VHDX_OK);
	vhdx_guid_text(&locator.linkage, text);
	assert_string_equal(text, "f88d4d92-6fcc-408d-9bef-9b7c89f15c89");
	assert_int_equal(locator.relative_path.length, 6);
	assert_memory_equal(item + locator.relative_path.offset, path, 6);
	assert_int_equal(locator.volume_path.length, 0);
}

static void moved_item(void **state)
{
	u8 *table = test_malloc(VHDX_METADATA_TABLE_SIZE);
	struct vhdx_items items;
	struct vhdx_fault fault;
	u32 warnings = 0;

	(void)state;
	vhdx_items_place(&items, 200);
	vhdx_metadata_table_encode(table, &items);
	assert_int_equal(vhdx_metadata_table_end(table), 65536 + 40 + 200);
	assert_true(vhdx_metadata_table_move(table, VHDX_ITEM_PARENT_LOCATOR, 65536 + 240, 300));
	assert_int_equal(vhdx_metadata_table_end(table), 65536 + 540);
	assert_false(vhdx_metadata_table_move(table, VHDX_ITEM_CHS_PARAMETERS, 65536, 1));
	assert_int_equal(vhdx_metadata_table_decode(&items, &warnings, table, MIB, MIB, &fault),
			 VHDX_OK);
	assert_int_equal(items.offset[VHDX_ITEM_PARENT_LOCATOR], 65536 + 240);
	assert_int_equal(items.length[VHDX_ITEM_PARENT_LOCATOR], 300);
	test_free(table);
}

int main(void)
{
	suite_add("an identifier has its signature and the creator, cut off at 256", identifier);
	suite_add("a header decodes to what was encoded", header_round_trip);
	SUITE_ADD_ROWS(written_headers, header_as_written);
	suite_add("a region table is encoded as Windows writes it, and decodes", region_table);
	suite_add("a metadata table is encoded as Windows writes it, and decodes", metadata_table);
	suite_add("a child's locator is placed where Hyper-V places it", metadata_table_of_child);
	suite_add("an image made by the encoders opens with the same values", whole_image);
	SUITE_ADD_ROWS(bat_regions, bat_region);
	suite_add("an item that was moved is where it was moved to", moved_item);
	suite_add("a parent locator decodes to what was encoded", locator_round_trip);
	return suite_run("encode");
}
