// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "region.h"
#include "checksum.h"
#include "guid.h"
#include "range.h"

/* The first range that ends behind @offset; count if there is none. */
static u32 vhdx_layout_find(const struct vhdx_layout *layout, u64 offset)
{
	u32 low = 0, high = layout->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct vhdx_range *range = &layout->range[middle];

		if (range->offset + range->length > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * vhdx_layout_overlaps() - does a range touch the header section, the log or a region?
 * @layout:	parts of the file that are in use
 * @offset:	bytes
 * @length:	bytes; @offset + @length must not overflow
 *
 * Return: true if a byte is taken
 */
bool vhdx_layout_overlaps(const struct vhdx_layout *layout, u64 offset, u64 length)
{
	u32 i = vhdx_layout_find(layout, offset);

	return i < layout->count &&
	       vhdx_ranges_overlap(layout->range[i].offset, layout->range[i].length,
				   offset, length);
}

/**
 * vhdx_layout_add() - add a range of the file to the layout
 * @layout:	stays sorted and disjoint; must have room for another range
 * @offset:	bytes
 * @length:	bytes; 0 is no range and adds nothing
 *
 * Return: false, and nothing added, if the range overlaps another one
 */
bool vhdx_layout_add(struct vhdx_layout *layout, u64 offset, u64 length)
{
	u32 i = vhdx_layout_find(layout, offset);

	if (!length)
		return true;
	if (vhdx_layout_overlaps(layout, offset, length))
		return false;
	memmove(&layout->range[i + 1], &layout->range[i],
		(layout->count - i) * sizeof(layout->range[0]));
	layout->range[i].offset = offset;
	layout->range[i].length = length;
	layout->count++;
	return true;
}

/**
 * vhdx_layout_find_free() - find the first place for a block that overlaps nothing
 * @layout:	parts of the file that are in use
 * @offset:	where to begin to look, in bytes, a multiple of 1 MiB
 * @length:	bytes; @offset + @length and the end of @layout must not overflow
 *
 * Return: @offset, or the end of the last range in the way, in bytes
 */
u64 vhdx_layout_find_free(const struct vhdx_layout *layout, u64 offset, u64 length)
{
	u32 i = vhdx_layout_find(layout, offset);

	for (; i < layout->count && layout->range[i].offset < offset + length; i++)
		offset = layout->range[i].offset + layout->range[i].length;
	return offset;
}

/**
 * vhdx_region_table_valid() - is a copy of the region table valid? (2.2.3, rule 13)
 * @table:	VHDX_REGION_TABLE_SIZE bytes as read
 *
 * Return: true if signature and checksum are right
 */
bool vhdx_region_table_valid(const void *table)
{
	return !memcmp(table, "regi", 4) && vhdx_checksum_valid(table, VHDX_REGION_TABLE_SIZE);
}

/*
 * Rules 16 and 17 as far as they concern one region alone, except for the end of the file: only
 * regions that are read must be in the file.
 */
static enum vhdx_reason vhdx_region_check_place(u64 offset, u64 length, u64 at,
						struct vhdx_fault *fault)
{
	if (!length)
		return vhdx_fault_set(fault, VHDX_REASON_region_empty, at, length);
	if (!vhdx_is_aligned(offset, VHDX_ALIGNMENT))
		return vhdx_fault_set(fault, VHDX_REASON_region_misaligned, at, offset);
	if (!vhdx_is_aligned(length, VHDX_ALIGNMENT))
		return vhdx_fault_set(fault, VHDX_REASON_region_misaligned, at, length);
	if (offset < VHDX_HEADER_SECTION_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_region_in_header_section, at, offset);
	if (!vhdx_range_inside(offset, length, VHDX_MAX_FILE_OFFSET))
		return vhdx_fault_set(fault, VHDX_REASON_region_range, at, offset);
	return VHDX_OK;
}

/* Where the place of a known region goes; NULL if the region is not known. */
static struct vhdx_range *vhdx_region_known(struct vhdx_regions *regions,
					    const struct vhdx_guid *guid)
{
	if (vhdx_guid_equal(guid, &vhdx_guid_bat_region))
		return &regions->bat;
	if (vhdx_guid_equal(guid, &vhdx_guid_metadata_region))
		return &regions->metadata;
	return NULL;
}

static bool vhdx_region_seen_before(const struct vhdx_disk_region_entry *entries, u32 index)
{
	u32 i;

	for (i = 0; i < index; i++)
		if (vhdx_guid_equal(&entries[i].guid, &entries[index].guid))
			return true;
	return false;
}

static enum vhdx_reason vhdx_region_decode_entry(struct vhdx_regions *regions,
						 struct vhdx_layout *layout, u32 *warnings,
						 const struct vhdx_disk_region_entry *entries,
						 u32 index, u64 at, u64 file_size,
						 struct vhdx_fault *fault)
{
	const struct vhdx_disk_region_entry *entry = &entries[index];
	u64 offset = le64_to_cpu(entry->file_offset);
	u64 length = le32_to_cpu(entry->length);
	u32 flags = le32_to_cpu(entry->flags);
	struct vhdx_range *known = vhdx_region_known(regions, &entry->guid);
	enum vhdx_reason reason;

	if (vhdx_region_seen_before(entries, index))
		return vhdx_fault_set_guid(fault, VHDX_REASON_region_duplicate, at, &entry->guid);
	if (!known && (flags & VHDX_REGION_REQUIRED))
		return vhdx_fault_set_guid(fault, VHDX_REASON_region_unknown_required, at,
					   &entry->guid);
	reason = vhdx_region_check_place(offset, length, at, fault);
	if (reason)
		return reason;
	if (!vhdx_range_inside(offset, length, file_size)) {
		if (known)
			return vhdx_fault_set(fault, VHDX_REASON_region_past_eof, at, offset);
		*warnings |= 1U << VHDX_WARNING_region_beyond;
	}
	if (!vhdx_layout_add(layout, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_region_overlap, at, offset);
	if (flags & ~VHDX_REGION_REQUIRED)
		*warnings |= 1U << VHDX_WARNING_region_reserved;
	if (known) {
		known->offset = offset;
		known->length = length;
	}
	return VHDX_OK;
}

/**
 * vhdx_region_table_decode() - decode a valid region table (2.2.3, rules 14 to 19)
 * @regions:	filled on success
 * @layout:	has header section and log; every region is added, known or not
 * @warnings:	gets bits
 * @table:	a copy for which vhdx_region_table_valid() holds
 * @table_offset: where in the file it is, for @fault
 * @file_size:	bytes
 * @fault:	filled on failure
 *
 * BAT and metadata regions need not be marked as required: QEMU does not mark them. A region that
 * is neither known nor required is never read, so it may lie beyond the end of the file. When the
 * file grows, no block may be allocated there.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_region_table_decode(struct vhdx_regions *regions,
					  struct vhdx_layout *layout, u32 *warnings,
					  const void *table, u64 table_offset, u64 file_size,
					  struct vhdx_fault *fault)
{
	const struct vhdx_disk_region_table *header = table;
	const struct vhdx_disk_region_entry *entries = (const void *)(header + 1);
	u32 count = le32_to_cpu(header->entry_count);
	enum vhdx_reason reason;
	u32 i;

	memset(regions, 0, sizeof(*regions));
	if (count > VHDX_REGION_MAX_ENTRIES)
		return vhdx_fault_set(fault, VHDX_REASON_region_count, table_offset, count);
	if (header->reserved)
		*warnings |= 1U << VHDX_WARNING_region_reserved;
	for (i = 0; i < count; i++) {
		u64 at = table_offset + sizeof(*header) + i * sizeof(*entries);

		reason = vhdx_region_decode_entry(regions, layout, warnings, entries, i, at,
						  file_size, fault);
		if (reason)
			return reason;
	}
	if (!regions->bat.length)
		return vhdx_fault_set(fault, VHDX_REASON_region_bat_missing, table_offset, 0);
	if (!regions->metadata.length)
		return vhdx_fault_set(fault, VHDX_REASON_region_metadata_missing,
				      table_offset, 0);
	return VHDX_OK;
}

static void vhdx_region_encode_entry(struct vhdx_disk_region_entry *entry,
				     const struct vhdx_guid *guid,
				     const struct vhdx_range *region)
{
	entry->guid = *guid;
	entry->file_offset = cpu_to_le64(region->offset);
	entry->length = cpu_to_le32((u32)region->length);
	entry->flags = cpu_to_le32(VHDX_REGION_REQUIRED);
}

/**
 * vhdx_region_table_encode() - encode the table of a file that has only the two known regions
 * @table:	VHDX_REGION_TABLE_SIZE bytes, filled, checksum included
 * @regions:	where they are; less than 4 GiB long each
 *
 * The order of the entries is that of Windows.
 */
void vhdx_region_table_encode(void *table, const struct vhdx_regions *regions)
{
	struct vhdx_disk_region_table *header = table;
	struct vhdx_disk_region_entry *entries = (void *)((u8 *)table + sizeof(*header));

	memset(table, 0, VHDX_REGION_TABLE_SIZE);
	memcpy(header->signature, "regi", sizeof(header->signature));
	header->entry_count = cpu_to_le32(2);
	vhdx_region_encode_entry(&entries[0], &vhdx_guid_bat_region, &regions->bat);
	vhdx_region_encode_entry(&entries[1], &vhdx_guid_metadata_region, &regions->metadata);
	vhdx_checksum_stamp(table, VHDX_REGION_TABLE_SIZE);
}
