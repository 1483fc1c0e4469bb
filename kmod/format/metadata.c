// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "metadata.h"
#include "guid.h"
#include "range.h"

/* Length 0: any. Flags 0: any, for items that are not used */
static const struct vhdx_known_item {
	struct vhdx_guid guid;
	u32 length;
	u32 flags;
} vhdx_known_items[VHDX_ITEM_COUNT] = {
	[VHDX_ITEM_FILE_PARAMETERS] = {		/* caa16737-fa36-4d43-b3b6-33f0aa44e76b */
		{ { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
		    0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b } },
		8, VHDX_METADATA_IS_REQUIRED,
	},
	[VHDX_ITEM_DISK_SIZE] = {		/* 2fa54224-cd1b-4876-b211-5dbed83bf4b8 */
		{ { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
		    0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 } },
		8, VHDX_METADATA_IS_REQUIRED | VHDX_METADATA_IS_VIRTUAL_DISK,
	},
	[VHDX_ITEM_DISK_ID] = {			/* beca12ab-b2e6-4523-93ef-c309e000c746 */
		{ { 0xab, 0x12, 0xca, 0xbe, 0xe6, 0xb2, 0x23, 0x45,
		    0x93, 0xef, 0xc3, 0x09, 0xe0, 0x00, 0xc7, 0x46 } },
		16, VHDX_METADATA_IS_REQUIRED | VHDX_METADATA_IS_VIRTUAL_DISK,
	},
	[VHDX_ITEM_LOGICAL_SECTOR_SIZE] = {	/* 8141bf1d-a96f-4709-ba47-f233a8faab5f */
		{ { 0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47,
		    0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f } },
		4, VHDX_METADATA_IS_REQUIRED | VHDX_METADATA_IS_VIRTUAL_DISK,
	},
	[VHDX_ITEM_PHYSICAL_SECTOR_SIZE] = {	/* cda348c7-445d-4471-9cc9-e9885251c556 */
		{ { 0xc7, 0x48, 0xa3, 0xcd, 0x5d, 0x44, 0x71, 0x44,
		    0x9c, 0xc9, 0xe9, 0x88, 0x52, 0x51, 0xc5, 0x56 } },
		4, VHDX_METADATA_IS_REQUIRED | VHDX_METADATA_IS_VIRTUAL_DISK,
	},
	[VHDX_ITEM_PARENT_LOCATOR] = {		/* a8d35f2d-b30b-454d-abf7-d3d84834ab0c */
		{ { 0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
		    0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c } },
		0, VHDX_METADATA_IS_REQUIRED,
	},
	[VHDX_ITEM_CHS_PARAMETERS] = {		/* da02d7bc-3d3a-423c-ac88-2a36ab21479b */
		{ { 0xbc, 0xd7, 0x02, 0xda, 0x3a, 0x3d, 0x3c, 0x42,
		    0xac, 0x88, 0x2a, 0x36, 0xab, 0x21, 0x47, 0x9b } },
		0, 0,
	},
	[VHDX_ITEM_PMEM_LABELS] = {		/* 10e1ae8a-4b7e-4169-a40f-cd70de928393 */
		{ { 0x8a, 0xae, 0xe1, 0x10, 0x7e, 0x4b, 0x69, 0x41,
		    0xa4, 0x0f, 0xcd, 0x70, 0xde, 0x92, 0x83, 0x93 } },
		0, 0,
	},
	[VHDX_ITEM_INCOMPLETE_FILE] = {		/* 71cc85f0-1b69-4e28-9558-c3bf83ae75d3 */
		{ { 0xf0, 0x85, 0xcc, 0x71, 0x69, 0x1b, 0x28, 0x4e,
		    0x95, 0x58, 0xc3, 0xbf, 0x83, 0xae, 0x75, 0xd3 } },
		0, 0,
	},
};

/**
 * vhdx_item_guid() - the id of a known metadata item
 * @item:	less than VHDX_ITEM_COUNT
 *
 * Return: a constant of the format core
 */
const struct vhdx_guid *vhdx_item_guid(enum vhdx_item item)
{
	return &vhdx_known_items[item].guid;
}

/* The known item that an entry is; VHDX_ITEM_COUNT if none. User items are never known. */
static enum vhdx_item vhdx_item_find(const struct vhdx_disk_metadata_entry *entry)
{
	unsigned int item;

	if (le32_to_cpu(entry->flags) & VHDX_METADATA_IS_USER)
		return VHDX_ITEM_COUNT;
	for (item = 0; item < VHDX_ITEM_COUNT; item++)
		if (vhdx_guid_equal(&entry->item_id, &vhdx_known_items[item].guid))
			break;
	return item;
}

/* Rule 25 as far as it concerns one item alone; @at: of the entry, for @fault */
static enum vhdx_reason vhdx_item_check_place(u32 offset, u32 length, u64 region_length,
					      u64 at, struct vhdx_fault *fault)
{
	if (length > VHDX_METADATA_MAX_ITEM_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_metadata_item_size, at, length);
	if (length ? offset < VHDX_METADATA_TABLE_SIZE : offset != 0)
		return vhdx_fault_set(fault, VHDX_REASON_metadata_item_offset, at, offset);
	if (!vhdx_range_inside(offset, length, region_length))
		return vhdx_fault_set(fault, VHDX_REASON_metadata_item_outside, at, offset);
	return VHDX_OK;
}

/*
 * Compare an entry with all before it: rule 23 (unique) and rule 25 (no overlap). At most
 * 2047 entries, so the quadratic walk stays around two million cheap steps.
 */
static enum vhdx_reason vhdx_item_check_others(const struct vhdx_disk_metadata_entry *entries,
					       u32 index, u64 at, struct vhdx_fault *fault)
{
	const struct vhdx_disk_metadata_entry *entry = &entries[index];
	u32 user = le32_to_cpu(entry->flags) & VHDX_METADATA_IS_USER;
	u32 offset = le32_to_cpu(entry->offset);
	u32 length = le32_to_cpu(entry->length);
	u32 i;

	for (i = 0; i < index; i++) {
		const struct vhdx_disk_metadata_entry *other = &entries[i];

		if ((le32_to_cpu(other->flags) & VHDX_METADATA_IS_USER) == user &&
		    vhdx_guid_equal(&other->item_id, &entry->item_id))
			return vhdx_fault_set_guid(fault, VHDX_REASON_metadata_duplicate, at,
						   &entry->item_id);
		if (length && le32_to_cpu(other->length) &&
		    vhdx_ranges_overlap(offset, length, le32_to_cpu(other->offset),
					le32_to_cpu(other->length)))
			return vhdx_fault_set_guid(fault, VHDX_REASON_metadata_item_overlap, at,
						   &entry->item_id);
	}
	return VHDX_OK;
}

/* Record a known item, or refuse the entry: rules 26 and 27, and the exact lengths of rule 28 */
static enum vhdx_reason vhdx_item_accept(struct vhdx_items *items, u32 *warnings,
					 const struct vhdx_disk_metadata_entry *entry, u64 at,
					 struct vhdx_fault *fault)
{
	enum vhdx_item item = vhdx_item_find(entry);
	u32 flags = le32_to_cpu(entry->flags);
	u32 length = le32_to_cpu(entry->length);

	if (item == VHDX_ITEM_INCOMPLETE_FILE)
		return vhdx_fault_set_guid(fault, VHDX_REASON_metadata_incomplete_file, at,
					   &entry->item_id);
	if (item == VHDX_ITEM_COUNT) {
		if (flags & VHDX_METADATA_IS_REQUIRED)
			return vhdx_fault_set_guid(fault, VHDX_REASON_metadata_unknown_required,
						   at, &entry->item_id);
		return VHDX_OK;
	}
	if (vhdx_known_items[item].length && length != vhdx_known_items[item].length)
		return vhdx_fault_set_guid(fault, VHDX_REASON_metadata_item_length, at,
					   &entry->item_id);
	if (vhdx_known_items[item].flags && flags != vhdx_known_items[item].flags)
		*warnings |= 1U << VHDX_WARNING_metadata_flags;
	items->present |= 1U << item;
	items->offset[item] = le32_to_cpu(entry->offset);
	items->length[item] = length;
	return VHDX_OK;
}

static enum vhdx_reason vhdx_metadata_decode_entry(struct vhdx_items *items, u32 *warnings,
						   const struct vhdx_disk_metadata_entry *entries,
						   u32 index, u64 at, u64 region_length,
						   struct vhdx_fault *fault)
{
	const struct vhdx_disk_metadata_entry *entry = &entries[index];
	enum vhdx_reason reason;

	if (vhdx_guid_is_null(&entry->item_id))
		return vhdx_fault_set(fault, VHDX_REASON_metadata_null_id, at, 0);
	reason = vhdx_item_check_place(le32_to_cpu(entry->offset), le32_to_cpu(entry->length),
				       region_length, at, fault);
	if (!reason)
		reason = vhdx_item_check_others(entries, index, at, fault);
	if (!reason)
		reason = vhdx_item_accept(items, warnings, entry, at, fault);
	if (entry->reserved)
		*warnings |= 1U << VHDX_WARNING_metadata_reserved;
	return reason;
}

/* Rule 24 */
static u32 vhdx_metadata_count_user(const struct vhdx_disk_metadata_entry *entries, u32 count)
{
	u32 users = 0;
	u32 i;

	for (i = 0; i < count; i++)
		if (le32_to_cpu(entries[i].flags) & VHDX_METADATA_IS_USER)
			users++;
	return users;
}

static enum vhdx_reason vhdx_metadata_check_mandatory(const struct vhdx_items *items, u64 at,
						      struct vhdx_fault *fault)
{
	unsigned int item;

	for (item = 0; item < VHDX_ITEM_MANDATORY_COUNT; item++)
		if (!vhdx_item_present(items, item))
			return vhdx_fault_set_guid(fault, VHDX_REASON_metadata_item_missing, at,
						   vhdx_item_guid(item));
	return VHDX_OK;
}

/**
 * vhdx_metadata_table_decode() - decode the metadata table (2.6.1, rules 21 to 29)
 * @items:	filled on success
 * @warnings:	gets bits
 * @table:	the first VHDX_METADATA_TABLE_SIZE bytes of the metadata region
 * @region_offset: where in the file the region is, for @fault
 * @region_length: bytes
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_metadata_table_decode(struct vhdx_items *items, u32 *warnings,
					    const void *table, u64 region_offset,
					    u64 region_length, struct vhdx_fault *fault)
{
	const struct vhdx_disk_metadata_table *header = table;
	const struct vhdx_disk_metadata_entry *entries = (const void *)(header + 1);
	static const __le32 zero[ARRAY_SIZE(header->reserved2)];
	u32 count = le16_to_cpu(header->entry_count);
	enum vhdx_reason reason;
	u32 i;

	memset(items, 0, sizeof(*items));
	if (memcmp(header->signature, "metadata", sizeof(header->signature)))
		return vhdx_fault_set(fault, VHDX_REASON_metadata_signature, region_offset, 0);
	if (count > VHDX_METADATA_MAX_ENTRIES)
		return vhdx_fault_set(fault, VHDX_REASON_metadata_count, region_offset, count);
	if (vhdx_metadata_count_user(entries, count) > VHDX_METADATA_MAX_USER_ENTRIES)
		return vhdx_fault_set(fault, VHDX_REASON_metadata_user_count, region_offset,
				      count);
	if (header->reserved || memcmp(header->reserved2, zero, sizeof(zero)))
		*warnings |= 1U << VHDX_WARNING_metadata_reserved;
	for (i = 0; i < count; i++) {
		u64 at = region_offset + sizeof(*header) + i * sizeof(*entries);

		reason = vhdx_metadata_decode_entry(items, warnings, entries, i, at,
						    region_length, fault);
		if (reason)
			return reason;
	}
	return vhdx_metadata_check_mandatory(items, region_offset, fault);
}

/*
 * Order of the items in a new file, both in the table and in the region. It is that of Windows, not
 * that of enum vhdx_item.
 */
static const enum vhdx_item vhdx_items_written[] = {
	VHDX_ITEM_FILE_PARAMETERS, VHDX_ITEM_DISK_SIZE, VHDX_ITEM_LOGICAL_SECTOR_SIZE,
	VHDX_ITEM_PHYSICAL_SECTOR_SIZE, VHDX_ITEM_DISK_ID, VHDX_ITEM_PARENT_LOCATOR,
};

/**
 * vhdx_items_place() - choose the places of the items of a new file
 * @items:	filled
 * @locator_length: bytes of the parent locator; 0 for a file without a parent
 */
void vhdx_items_place(struct vhdx_items *items, u32 locator_length)
{
	u32 offset = VHDX_METADATA_TABLE_SIZE;
	unsigned int i;

	memset(items, 0, sizeof(*items));
	for (i = 0; i < ARRAY_SIZE(vhdx_items_written); i++) {
		enum vhdx_item item = vhdx_items_written[i];
		u32 length = item == VHDX_ITEM_PARENT_LOCATOR ? locator_length :
			     vhdx_known_items[item].length;

		if (!length)
			continue;
		items->present |= 1U << item;
		items->offset[item] = offset;
		items->length[item] = length;
		offset += length;
	}
}

/**
 * vhdx_metadata_table_encode() - encode the metadata table of a new file
 * @table:	VHDX_METADATA_TABLE_SIZE bytes, filled
 * @items:	by vhdx_items_place()
 */
void vhdx_metadata_table_encode(void *table, const struct vhdx_items *items)
{
	struct vhdx_disk_metadata_table *header = table;
	struct vhdx_disk_metadata_entry *entry = (void *)((u8 *)table + sizeof(*header));
	unsigned int i;
	u16 count = 0;

	memset(table, 0, VHDX_METADATA_TABLE_SIZE);
	memcpy(header->signature, "metadata", sizeof(header->signature));
	for (i = 0; i < ARRAY_SIZE(vhdx_items_written); i++) {
		enum vhdx_item item = vhdx_items_written[i];

		if (!vhdx_item_present(items, item))
			continue;
		entry->item_id = vhdx_known_items[item].guid;
		entry->offset = cpu_to_le32(items->offset[item]);
		entry->length = cpu_to_le32(items->length[item]);
		entry->flags = cpu_to_le32(vhdx_known_items[item].flags);
		entry++;
		count++;
	}
	header->entry_count = cpu_to_le16(count);
}

static u8 *vhdx_put_le32(u8 *to, u32 value)
{
	__le32 raw = cpu_to_le32(value);

	memcpy(to, &raw, sizeof(raw));
	return to + sizeof(raw);
}

/**
 * vhdx_metadata_values_encode() - encode the mandatory items of a new file
 * @values:	VHDX_ITEMS_MANDATORY_SIZE bytes, filled; their place is right behind the table, see
 *		vhdx_items_place()
 * @geometry:	the sizes
 * @disk_id:	Virtual Disk ID
 */
void vhdx_metadata_values_encode(void *values, const struct vhdx_geometry_raw *geometry,
				 const struct vhdx_guid *disk_id)
{
	u8 *to = values;

	to = vhdx_put_le32(to, geometry->block_size);
	to = vhdx_put_le32(to, geometry->parameter_flags);
	to = vhdx_put_le32(to, (u32)geometry->disk_size);
	to = vhdx_put_le32(to, (u32)(geometry->disk_size >> 32));
	to = vhdx_put_le32(to, geometry->logical_sector_size);
	to = vhdx_put_le32(to, geometry->physical_sector_size);
	memcpy(to, disk_id, sizeof(*disk_id));
}
