// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include <errno.h>
#include <stdlib.h>

#include "suite.h"

#include "format/checksum.h"
#include "format/guid.h"
#include "make.h"

struct vhdx_guid make_guid(u32 number)
{
	struct vhdx_guid guid = { { 0 } };
	__le32 le = cpu_to_le32(number);

	memcpy(guid.bytes, &le, sizeof(le));
	if (number)
		guid.bytes[15] = 0x5a;
	return guid;
}

void stamp(void *structure, u32 length)
{
	__le32 checksum = cpu_to_le32(vhdx_checksum(structure, length));

	memcpy((u8 *)structure + VHDX_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

void make_header(struct vhdx_disk_header *header, u64 sequence_number)
{
	memset(header, 0, sizeof(*header));
	memcpy(header->signature, "head", 4);
	header->sequence_number = cpu_to_le64(sequence_number);
	header->file_write_guid = make_guid(101);
	header->data_write_guid = make_guid(102);
	header->version = cpu_to_le16(1);
	header->log_length = cpu_to_le32(MIB);
	header->log_offset = cpu_to_le64(IMAGE_LOG);
	stamp(header, sizeof(*header));
}

void add_region(void *table, const struct vhdx_guid *guid, u64 offset, u32 length, u32 flags)
{
	struct vhdx_disk_region_table *header = table;
	u32 count = le32_to_cpu(header->entry_count);
	struct vhdx_disk_region_entry entry = {
		.guid = *guid,
		.file_offset = cpu_to_le64(offset),
		.length = cpu_to_le32(length),
		.flags = cpu_to_le32(flags),
	};

	assert_true(count < VHDX_REGION_MAX_ENTRIES);
	memcpy(header->signature, "regi", 4);
	memcpy((u8 *)table + sizeof(*header) + count * sizeof(entry), &entry, sizeof(entry));
	header->entry_count = cpu_to_le32(count + 1);
}

void add_item(void *table, const struct vhdx_guid *guid, u32 offset, u32 length, u32 flags)
{
	struct vhdx_disk_metadata_table *header = table;
	u16 count = le16_to_cpu(header->entry_count);
	struct vhdx_disk_metadata_entry entry = {
		.item_id = *guid,
		.offset = cpu_to_le32(offset),
		.length = cpu_to_le32(length),
		.flags = cpu_to_le32(flags),
	};

	assert_true(count < VHDX_METADATA_MAX_ENTRIES);
	memcpy(header->signature, "metadata", 8);
	memcpy((u8 *)table + sizeof(*header) + count * sizeof(entry), &entry, sizeof(entry));
	header->entry_count = cpu_to_le16(count + 1);
}

void add_mandatory_items(void *table)
{
	const u32 disk = VHDX_METADATA_IS_REQUIRED | VHDX_METADATA_IS_VIRTUAL_DISK;

	add_item(table, vhdx_item_guid(VHDX_ITEM_FILE_PARAMETERS), 0x10000, 8,
		 VHDX_METADATA_IS_REQUIRED);
	add_item(table, vhdx_item_guid(VHDX_ITEM_DISK_SIZE), 0x10008, 8, disk);
	add_item(table, vhdx_item_guid(VHDX_ITEM_LOGICAL_SECTOR_SIZE), 0x10010, 4, disk);
	add_item(table, vhdx_item_guid(VHDX_ITEM_PHYSICAL_SECTOR_SIZE), 0x10014, 4, disk);
	add_item(table, vhdx_item_guid(VHDX_ITEM_DISK_ID), 0x10018, 16, disk);
}

static int image_read(void *context, u64 offset, void *buffer, u32 length)
{
	struct image *image = context;

	assert_true(length <= image->size && offset <= image->size - length);
	if (++image->reads == image->fail_at)
		return -EIO;
	if (offset + length > image->highest)
		image->highest = offset + length;
	memcpy(buffer, image->bytes + offset, length);
	return 0;
}

void image_make(struct image *image)
{
	static const u8 file_type[] = "vhdxfile" "t\0e\0s\0t\0";
	struct vhdx_guid id = make_guid(103);
	unsigned int slot;

	memset(image, 0, sizeof(*image));
	image->bytes = calloc(1, IMAGE_SIZE);
	assert_non_null(image->bytes);
	image_set_size(image, IMAGE_SIZE);
	image->reader.read = image_read;
	image->reader.context = image;

	memcpy(image->bytes, file_type, sizeof(file_type) - 1);
	for (slot = 0; slot < 2; slot++) {
		make_header(image_header(image, slot), 7 + slot);
		add_region(image_region_table(image, slot), &vhdx_guid_bat_region, IMAGE_BAT, MIB, 1);
		add_region(image_region_table(image, slot), &vhdx_guid_metadata_region,
			   IMAGE_METADATA, MIB, 1);
	}
	add_mandatory_items(image_metadata_table(image));
	image_put(image, IMAGE_BLOCK_SIZE, MIB, 4);
	image_put(image, IMAGE_DISK_SIZE, 4 * MIB, 8);
	image_put(image, IMAGE_LOGICAL, 512, 4);
	image_put(image, IMAGE_PHYSICAL, 4096, 4);
	memcpy(image->bytes + IMAGE_DISK_ID, id.bytes, sizeof(id.bytes));
	image_stamp(image);
}

void image_free(struct image *image)
{
	free(image->bytes);
	image->bytes = NULL;
}

void image_set_size(struct image *image, u64 size)
{
	assert_true(size <= IMAGE_SIZE);
	image->size = size;
	image->reader.size = size;
}

void image_stamp(struct image *image)
{
	unsigned int slot;

	for (slot = 0; slot < 2; slot++) {
		stamp(image_header(image, slot), VHDX_HEADER_SIZE);
		stamp(image_region_table(image, slot), VHDX_REGION_TABLE_SIZE);
	}
}

void image_put(struct image *image, u64 offset, u64 value, unsigned int bytes)
{
	__le64 le = cpu_to_le64(value);

	memcpy(image->bytes + offset, &le, bytes);
}

void set_count(void *table, u32 count)
{
	if (!memcmp(table, "regi", 4)) {
		struct vhdx_disk_region_table *header = table;

		header->entry_count = cpu_to_le32(count);
	} else {
		struct vhdx_disk_metadata_table *header = table;

		header->entry_count = cpu_to_le16(count);
	}
}

struct vhdx_disk_header *image_header(struct image *image, unsigned int slot)
{
	u64 offset = slot ? VHDX_HEADER_2_OFFSET : VHDX_HEADER_1_OFFSET;

	return (struct vhdx_disk_header *)(image->bytes + offset);
}

u8 *image_region_table(struct image *image, unsigned int slot)
{
	return image->bytes + (slot ? VHDX_REGION_TABLE_2_OFFSET : VHDX_REGION_TABLE_1_OFFSET);
}

u8 *image_metadata_table(struct image *image)
{
	return image->bytes + IMAGE_METADATA;
}
