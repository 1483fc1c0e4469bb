// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "harness.h"

#include "format/checksum.h"
#include "format/locator.h"

/*
 * Stands in for CRC-32C: the fuzzers put their own checksums in, so any function will do,
 * and the real one would be most of the work. The same in pieces of whole words, as logs
 * are summed up.
 */
u32 crc32c(u32 crc, const void *buf, unsigned int len)
{
	const u8 *byte = buf;
	u32 word;

	for (; len >= sizeof(word); len -= sizeof(word), byte += sizeof(word)) {
		memcpy(&word, byte, sizeof(word));
		crc = (crc ^ word) * 0x9e3779b1U;
		crc ^= crc >> 15;
	}
	while (len--)
		crc = (crc ^ *byte++) * 0x9e3779b1U;
	return crc;
}

void stamp(void *structure, u32 length)
{
	__le32 checksum = cpu_to_le32(vhdx_checksum(structure, length));

	memcpy((u8 *)structure + VHDX_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
	CLAIM(vhdx_checksum_valid(structure, length));
}

void claim_fault(enum vhdx_reason reason, const struct vhdx_fault *fault)
{
	char text[VHDX_FAULT_TEXT_SIZE];
	unsigned int size;

	if (!reason)
		return;
	CLAIM(fault->reason == reason);
	CLAIM(vhdx_reason_class(reason) != VHDX_CLASS_NONE);
	CLAIM(vhdx_fault_text(fault, text, sizeof(text)) == text);
	CLAIM(strlen(text) < sizeof(text) - 1);
	for (size = 1; size < sizeof(text); size += 37) {
		vhdx_fault_text(fault, text, size);
		CLAIM(strnlen(text, size) < size);
	}
}

/* A region that is neither known nor required may lie beyond the end of the file. */
void claim_layout(const struct vhdx_layout *layout)
{
	u64 end = 0;
	u32 i;

	CLAIM(layout->count <= ARRAY_SIZE(layout->range));
	for (i = 0; i < layout->count; i++) {
		const struct vhdx_range *range = &layout->range[i];

		CLAIM(range->length);
		CLAIM(range->offset >= end);
		CLAIM(vhdx_range_inside(range->offset, range->length, VHDX_MAX_FILE_OFFSET));
		CLAIM(vhdx_is_aligned(range->offset | range->length, VHDX_ALIGNMENT));
		CLAIM(vhdx_layout_overlaps(layout, range->offset, 1));
		CLAIM(vhdx_layout_overlaps(layout, range->offset + range->length - 1, 1));
		end = range->offset + range->length;
	}
}

void claim_geometry(const struct vhdx_geometry *g)
{
	u64 last = g->payload_blocks - 1, number;

	CLAIM(g->disk_size && g->disk_size <= VHDX_MAX_DISK_SIZE);
	CLAIM(g->block_size == 1U << g->block_shift);
	CLAIM(g->block_size >= VHDX_MIN_BLOCK_SIZE && g->block_size <= VHDX_MAX_BLOCK_SIZE);
	CLAIM((u64)g->block_size << g->chunk_shift == (u64)g->logical_sector_size << 23);
	CLAIM(last << g->block_shift < g->disk_size);
	CLAIM(g->payload_blocks << g->block_shift >= g->disk_size);
	CLAIM(g->chunks << g->chunk_shift >= g->payload_blocks);
	CLAIM((g->chunks - 1) << g->chunk_shift < g->payload_blocks);
	CLAIM(g->bat_entries <= 67125248);
	CLAIM(vhdx_payload_index(g, last) < g->bat_entries);
	CLAIM(!g->has_parent || vhdx_bitmap_index(g, g->chunks - 1) == g->bat_entries - 1);
	CLAIM(g->has_parent || vhdx_payload_index(g, last) == g->bat_entries - 1);
	CLAIM(!vhdx_index_is_bitmap(g, vhdx_payload_index(g, last), &number) && number == last);
	CLAIM(vhdx_block_used(g, last) && vhdx_block_used(g, last) <= g->block_size);
	CLAIM(vhdx_is_aligned(vhdx_block_used(g, last), g->logical_sector_size));
}

void claim_items(const struct vhdx_items *items, u64 region_length)
{
	unsigned int i, j;

	for (i = 0; i < VHDX_ITEM_COUNT; i++) {
		if (!vhdx_item_present(items, i)) {
			CLAIM(i >= VHDX_ITEM_MANDATORY_COUNT);
			continue;
		}
		CLAIM(items->length[i] <= VHDX_METADATA_MAX_ITEM_SIZE);
		CLAIM(vhdx_range_inside(items->offset[i], items->length[i], region_length));
		CLAIM(!items->length[i] || items->offset[i] >= VHDX_METADATA_TABLE_SIZE);
		CLAIM(i >= VHDX_ITEM_MANDATORY_COUNT ||
		      (items->length[i] && items->length[i] <= VHDX_ITEM_MANDATORY_MAX_SIZE));
		for (j = 0; j < i; j++)
			CLAIM(!vhdx_item_present(items, j) || !items->length[i] ||
			      !items->length[j] ||
			      !vhdx_ranges_overlap(items->offset[i], items->length[i],
						   items->offset[j], items->length[j]));
	}
	CLAIM(!vhdx_item_present(items, VHDX_ITEM_INCOMPLETE_FILE));
}

void claim_entry(const struct vhdx_bat_rules *rules, u64 index, u64 entry)
{
	const struct vhdx_geometry *g = rules->geometry;
	u64 offset = vhdx_bat_offset(entry), number, length, there;
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	reason = vhdx_bat_check(rules, index, entry, &fault);
	claim_fault(reason, &fault);
	if (reason) {
		CLAIM(fault.value == entry);
		return;
	}
	CLAIM(vhdx_block_state_name(vhdx_bat_state(entry)));
	if (!vhdx_bat_is_present(entry))
		return;
	if (vhdx_index_is_bitmap(g, index, &number)) {
		if (!g->has_parent || number >= g->chunks)
			return;
		length = there = VHDX_BITMAP_BLOCK_SIZE;
	} else {
		if (number >= g->payload_blocks)
			return;
		length = g->block_size;
		there = vhdx_block_used(g, number);
		CLAIM(vhdx_bat_state(entry) == VHDX_BLOCK_FULLY_PRESENT || g->has_parent);
	}
	CLAIM(offset >= VHDX_HEADER_SECTION_SIZE);
	CLAIM(vhdx_range_inside(offset, there, rules->file_size));
	CLAIM(!vhdx_layout_overlaps(rules->layout, offset, length));
}

static void claim_text(const u8 *item, u32 length, const struct vhdx_locator_text *text)
{
	u32 i;

	if (!text->length)
		return;
	CLAIM(text->offset);
	CLAIM(text->length % 2 == 0);
	CLAIM(vhdx_range_inside(text->offset, text->length, length));
	for (i = 0; i < text->length; i += 2)
		CLAIM(item[text->offset + i] || item[text->offset + i + 1]);
}

void claim_locator(const void *item, u32 length)
{
	struct vhdx_locator locator;
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	reason = vhdx_locator_decode(&locator, item, length, VHDX_MIB, &fault);
	claim_fault(reason, &fault);
	if (reason && reason != VHDX_REASON_locator_no_path)
		return;
	CLAIM(!reason == (locator.relative_path.length || locator.volume_path.length ||
			  locator.absolute_path.length));
	claim_text(item, length, &locator.relative_path);
	claim_text(item, length, &locator.volume_path);
	claim_text(item, length, &locator.absolute_path);
}
