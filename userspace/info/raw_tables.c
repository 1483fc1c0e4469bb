// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "info/raw_tables.h"

#include <stdlib.h>

#include "image/file.h"
#include "lib/alloc.h"
#include "lib/json.h"
#include "format/checksum.h"
#include "format/header.h"
#include "format/region.h"

static void add_guid(struct json_object *object, const char *key, const struct vhdx_guid *guid)
{
	char text[VHDX_GUID_TEXT_SIZE];

	vhdx_guid_text(guid, text);
	json_add_string(object, key, text);
}

static void add_hex(struct json_object *object, const char *key, u32 value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", value);
	json_add_string(object, key, text);
}

/* The stored checksum, and the right one. */
static void add_checksum(struct json_object *object, const void *data, u32 length)
{
	__le32 stored;

	memcpy(&stored, (const u8 *)data + VHDX_CHECKSUM_OFFSET, sizeof(stored));
	add_hex(object, "checksum", le32_to_cpu(stored));
	add_hex(object, "checksum-computed", vhdx_checksum(data, length));
}

/**
 * raw_tables_headers() - describe both headers
 * @file:	file of the image
 *
 * Return: an array of the headers that can be read
 */
struct json_object *raw_tables_headers(const struct image_file *file)
{
	static const u64 offsets[] = { VHDX_HEADER_1_OFFSET, VHDX_HEADER_2_OFFSET };
	struct vhdx_disk_header *raw = xcalloc(1, sizeof(*raw));
	struct json_object *list = json_object_new_array(), *object;
	struct vhdx_header ignored;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		if (!image_file_read(file, offsets[i], raw, sizeof(*raw)))
			continue;
		object = json_object_new_object();
		json_add_number(object, "offset", offsets[i]);
		json_add_bool(object, "valid", vhdx_header_decode(&ignored, raw));
		add_checksum(object, raw, sizeof(*raw));
		json_add_number(object, "sequence-number", le64_to_cpu(raw->sequence_number));
		add_guid(object, "file-write-guid", &raw->file_write_guid);
		add_guid(object, "data-write-guid", &raw->data_write_guid);
		add_guid(object, "log-guid", &raw->log_guid);
		json_add_number(object, "version", le16_to_cpu(raw->version));
		json_add_number(object, "log-version", le16_to_cpu(raw->log_version));
		json_add_number(object, "log-offset", le64_to_cpu(raw->log_offset));
		json_add_number(object, "log-length", le32_to_cpu(raw->log_length));
		json_object_array_add(list, object);
	}
	free(raw);
	return list;
}

static const struct vhdx_disk_region_entry *region_entries(const void *table)
{
	return (const void *)((const struct vhdx_disk_region_table *)table + 1);
}

static u32 region_count(const void *table)
{
	u32 count = le32_to_cpu(((const struct vhdx_disk_region_table *)table)->entry_count);

	return count < VHDX_REGION_MAX_ENTRIES ? count : VHDX_REGION_MAX_ENTRIES;
}

static struct json_object *region_json(const struct vhdx_disk_region_entry *entry)
{
	struct json_object *object = json_object_new_object();
	const char *name = NULL;

	if (vhdx_guid_equal(&entry->guid, &vhdx_guid_bat_region))
		name = "bat";
	else if (vhdx_guid_equal(&entry->guid, &vhdx_guid_metadata_region))
		name = "metadata";
	add_guid(object, "guid", &entry->guid);
	json_add_string(object, "name", name);
	json_add_number(object, "offset", le64_to_cpu(entry->file_offset));
	json_add_size(object, "length", le32_to_cpu(entry->length));
	json_add_bool(object, "required", le32_to_cpu(entry->flags) & VHDX_REGION_REQUIRED);
	return object;
}

static const u64 region_offsets[] = { VHDX_REGION_TABLE_1_OFFSET, VHDX_REGION_TABLE_2_OFFSET };

/**
 * raw_tables_regions() - describe both region tables
 * @file:	file of the image
 *
 * Return: an array of the tables that can be read; a damaged table is without its entries
 */
struct json_object *raw_tables_regions(const struct image_file *file)
{
	struct json_object *list = json_object_new_array(), *object, *entries;
	void *table = xcalloc(1, VHDX_REGION_TABLE_SIZE);
	unsigned int i;
	bool valid;
	u32 n;

	for (i = 0; i < ARRAY_SIZE(region_offsets); i++) {
		if (!image_file_read(file, region_offsets[i], table, VHDX_REGION_TABLE_SIZE))
			continue;
		object = json_object_new_object();
		entries = json_object_new_array();
		valid = vhdx_region_table_valid(table);
		json_add_number(object, "offset", region_offsets[i]);
		json_add_bool(object, "valid", valid);
		add_checksum(object, table, VHDX_REGION_TABLE_SIZE);
		for (n = 0; valid && n < region_count(table); n++)
			json_object_array_add(entries, region_json(region_entries(table) + n));
		json_add(object, "entries", entries);
		json_object_array_add(list, object);
	}
	free(table);
	return list;
}

/*
 * Sets @region to the offset of the metadata region in the file, in bytes: from the first region
 * table with a valid checksum that names it, unchecked. Return: VHDX_METADATA_TABLE_SIZE bytes, to
 * be freed; NULL if there is no metadata table
 */
static void *read_metadata_table(const struct image_file *file, u64 *region)
{
	void *table = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);	/* has room for both kinds */
	const struct vhdx_disk_region_entry *entry = region_entries(table);
	bool found = false;
	unsigned int i;
	u32 n;

	for (i = 0; !found && i < ARRAY_SIZE(region_offsets); i++) {
		if (!image_file_read(file, region_offsets[i], table, VHDX_REGION_TABLE_SIZE) ||
		    !vhdx_region_table_valid(table))
			continue;
		for (n = 0; !found && n < region_count(table); n++) {
			*region = le64_to_cpu(entry[n].file_offset);
			found = vhdx_guid_equal(&entry[n].guid, &vhdx_guid_metadata_region);
		}
	}
	if (found && image_file_read(file, *region, table, VHDX_METADATA_TABLE_SIZE) &&
	    !memcmp(table, "metadata", 8))
		return table;
	free(table);
	return NULL;
}

static const struct vhdx_disk_metadata_entry *metadata_entries(const void *table)
{
	return (const void *)((const struct vhdx_disk_metadata_table *)table + 1);
}

static u32 metadata_count(const void *table)
{
	u32 count = le16_to_cpu(((const struct vhdx_disk_metadata_table *)table)->entry_count);

	return count < VHDX_METADATA_MAX_ENTRIES ? count : VHDX_METADATA_MAX_ENTRIES;
}

static enum vhdx_item item_of(const struct vhdx_disk_metadata_entry *entry)
{
	unsigned int item;

	for (item = 0; item < VHDX_ITEM_COUNT; item++)
		if (vhdx_guid_equal(&entry->item_id, vhdx_item_guid(item)))
			break;
	return item;
}

static const char *const item_names[VHDX_ITEM_COUNT] = {
	[VHDX_ITEM_FILE_PARAMETERS] = "file-parameters",
	[VHDX_ITEM_DISK_SIZE] = "virtual-disk-size",
	[VHDX_ITEM_DISK_ID] = "virtual-disk-id",
	[VHDX_ITEM_LOGICAL_SECTOR_SIZE] = "logical-sector-size",
	[VHDX_ITEM_PHYSICAL_SECTOR_SIZE] = "physical-sector-size",
	[VHDX_ITEM_PARENT_LOCATOR] = "parent-locator",
	[VHDX_ITEM_CHS_PARAMETERS] = "chs-parameters",
	[VHDX_ITEM_PMEM_LABELS] = "pmem-labels",
	[VHDX_ITEM_INCOMPLETE_FILE] = "incomplete-file",
};

/**
 * raw_tables_metadata() - describe the metadata table
 * @file:	file of the image
 *
 * Return: an array of its entries; empty if there is no table
 */
struct json_object *raw_tables_metadata(const struct image_file *file)
{
	struct json_object *list = json_object_new_array();
	u64 region;
	void *table = read_metadata_table(file, &region);
	u32 i;

	for (i = 0; table && i < metadata_count(table); i++) {
		const struct vhdx_disk_metadata_entry *entry = metadata_entries(table) + i;
		struct json_object *object = json_object_new_object();
		enum vhdx_item item = item_of(entry);
		u32 flags = le32_to_cpu(entry->flags);

		add_guid(object, "id", &entry->item_id);
		json_add_string(object, "name", item < VHDX_ITEM_COUNT ? item_names[item] : NULL);
		json_add_number(object, "offset", le32_to_cpu(entry->offset));
		json_add_number(object, "length", le32_to_cpu(entry->length));
		json_add_bool(object, "user", flags & VHDX_METADATA_IS_USER);
		json_add_bool(object, "virtual-disk", flags & VHDX_METADATA_IS_VIRTUAL_DISK);
		json_add_bool(object, "required", flags & VHDX_METADATA_IS_REQUIRED);
		json_object_array_add(list, object);
	}
	free(table);
	return list;
}

static u32 ring_distance(const struct vhdx_log *log, u32 from, u32 to)
{
	return to >= from ? to - from : to + log->length - from;
}

static struct json_object *log_entry_json(const struct vhdx_log *log,
					  const struct vhdx_header *header,
					  const struct vhdx_log_sequence *active,
					  const struct vhdx_log_entry *entry)
{
	struct json_object *object = json_object_new_object();
	/* Valid entries do not overlap, so one that starts inside the active sequence is active. */
	const bool is_active = active && vhdx_guid_equal(&log->guid, &header->log_guid) &&
			       ring_distance(log, active->first, entry->offset) <
			       ring_distance(log, active->first, active->head.offset) +
			       active->head.length;

	json_add_number(object, "offset", entry->offset);
	json_add_number(object, "length", entry->length);
	json_add_bool(object, "active", is_active);
	add_guid(object, "guid", &log->guid);
	json_add_number(object, "sequence-number", entry->sequence);
	json_add_number(object, "tail", entry->tail);
	json_add_number(object, "changes", entry->descriptors);
	json_add_number(object, "flushed-file-size", entry->flushed_size);
	json_add_number(object, "last-file-size", entry->last_size);
	return object;
}

/**
 * raw_tables_log() - describe all valid log entries, those already applied included
 * @file:	file of the image
 * @header:	the current header
 * @active:	the sequence that must be replayed, or NULL
 *
 * Return: an array; empty if there is no log, or if its location is invalid
 */
struct json_object *raw_tables_log(const struct image_file *file, const struct vhdx_header *header,
				   const struct vhdx_log_sequence *active)
{
	u8 *sector = xcalloc(1, VHDX_LOG_SECTOR_SIZE);
	struct json_object *list = json_object_new_array();
	struct vhdx_log_entry entry;
	struct vhdx_fault fault;
	struct vhdx_log log;
	u32 offset;
	bool valid;

	if (vhdx_header_check(header, 0, file->reader.size, &fault) ||
	    vhdx_log_init(&log, &file->reader, header, &fault))
		log.length = 0;
	for (offset = 0; offset < log.length; offset += VHDX_LOG_SECTOR_SIZE) {
		if (vhdx_read(log.reader, log.offset + offset, sector, VHDX_LOG_SECTOR_SIZE,
			      &fault))
			continue;
		/* Read an entry with any GUID, not only with the one in the header. */
		log.guid = ((const struct vhdx_disk_log_entry *)(const void *)sector)->log_guid;
		if (!vhdx_log_read_entry(&log, offset, &entry, sector, &valid, &fault) && valid)
			json_object_array_add(list, log_entry_json(&log, header, active, &entry));
	}
	free(sector);
	return list;
}

static u32 get_le32(const u8 *data)
{
	__le32 value;

	memcpy(&value, data, sizeof(value));
	return le32_to_cpu(value);
}

/**
 * raw_tables_read_values() - read metadata values of an image that the format core refuses
 * @values:	zeroed before; filled as far as possible
 * @file:	file of the image
 */
void raw_tables_read_values(struct table_values *values, const struct image_file *file)
{
	static const u32 lengths[VHDX_ITEM_MANDATORY_COUNT] = { 8, 8, 16, 4, 4 };
	u8 data[VHDX_ITEM_MANDATORY_COUNT][VHDX_ITEM_MANDATORY_MAX_SIZE] = { 0 };
	u8 buffer[VHDX_ITEM_MANDATORY_MAX_SIZE];
	u64 region;
	void *table = read_metadata_table(file, &region);
	u32 i, flags;

	for (i = 0; table && i < metadata_count(table); i++) {
		const struct vhdx_disk_metadata_entry *entry = metadata_entries(table) + i;
		enum vhdx_item item = item_of(entry);

		if (item < VHDX_ITEM_MANDATORY_COUNT &&
		    le32_to_cpu(entry->length) == lengths[item] &&
		    image_file_read(file, region + le32_to_cpu(entry->offset), buffer,
				    lengths[item])) {
			memcpy(data[item], buffer, lengths[item]);
			values->known |= 1U << item;
		}
	}
	free(table);
	flags = get_le32(data[VHDX_ITEM_FILE_PARAMETERS] + 4);
	values->block_size = get_le32(data[VHDX_ITEM_FILE_PARAMETERS]);
	values->leave_allocated = flags & VHDX_PARAMS_LEAVE_ALLOCATED;
	values->has_parent = flags & VHDX_PARAMS_HAS_PARENT;
	values->disk_size = get_le32(data[VHDX_ITEM_DISK_SIZE]) |
			    (u64)get_le32(data[VHDX_ITEM_DISK_SIZE] + 4) << 32;
	memcpy(&values->disk_id, data[VHDX_ITEM_DISK_ID], sizeof(values->disk_id));
	values->logical_sector_size = get_le32(data[VHDX_ITEM_LOGICAL_SECTOR_SIZE]);
	values->physical_sector_size = get_le32(data[VHDX_ITEM_PHYSICAL_SECTOR_SIZE]);
}
