// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "bat.h"
#include "range.h"

/**
 * vhdx_block_state_name() - the format's name of a block state
 * @state:	0 to 7
 *
 * Return: a string constant
 */
const char *vhdx_block_state_name(enum vhdx_block_state state)
{
	static const char *const names[] = {
		"NOT_PRESENT", "UNDEFINED", "ZERO", "UNMAPPED",
		"reserved", "UNMAPPED (draft)", "FULLY_PRESENT", "PARTIALLY_PRESENT",
	};

	return names[state & VHDX_BAT_STATE_MASK];
}

/*
 * Rules 37, 38 and 41 to 43. Old QEMU cuts a fixed file off where the virtual disk ends, so of the
 * last block only the part that the disk uses must be in the file.
 */
static enum vhdx_reason vhdx_bat_check_payload(const struct vhdx_bat_rules *rules, u64 block,
					       u64 at, u64 entry, struct vhdx_fault *fault)
{
	const struct vhdx_geometry *g = rules->geometry;
	u64 offset = vhdx_bat_offset(entry);

	if (block >= g->payload_blocks)	/* beyond the disk: never used, whatever its value */
		return VHDX_OK;
	switch (vhdx_bat_state(entry)) {
	case VHDX_BLOCK_NOT_PRESENT:
	case VHDX_BLOCK_UNDEFINED:
	case VHDX_BLOCK_ZERO:
	case VHDX_BLOCK_UNMAPPED:
	case VHDX_BLOCK_UNMAPPED_DRAFT:
		return VHDX_OK;
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		if (!g->has_parent)
			return vhdx_fault_set(fault, VHDX_REASON_payload_partial_without_parent,
					      at, entry);
		break;
	case VHDX_BLOCK_FULLY_PRESENT:
		break;
	default:
		return vhdx_fault_set(fault, VHDX_REASON_payload_state, at, entry);
	}
	if (offset < VHDX_HEADER_SECTION_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_payload_in_header_section, at, entry);
	if (!vhdx_range_inside(offset, vhdx_block_used(g, block), rules->file_size))
		return vhdx_fault_set(fault, VHDX_REASON_payload_past_eof, at, entry);
	if (vhdx_layout_overlaps(rules->layout, offset, g->block_size))
		return vhdx_fault_set(fault, VHDX_REASON_payload_overlap, at, entry);
	return VHDX_OK;
}

/* Rules 39 and 41 to 43. Without a parent the entry is never used: some files have junk in it. */
static enum vhdx_reason vhdx_bat_check_bitmap(const struct vhdx_bat_rules *rules, u64 chunk,
					      u64 at, u64 entry, struct vhdx_fault *fault)
{
	u64 offset = vhdx_bat_offset(entry);

	if (!rules->geometry->has_parent || chunk >= rules->geometry->chunks ||
	    vhdx_bat_state(entry) == VHDX_BLOCK_NOT_PRESENT)
		return VHDX_OK;
	if (vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT)
		return vhdx_fault_set(fault, VHDX_REASON_bitmap_state, at, entry);
	if (offset < VHDX_HEADER_SECTION_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_bitmap_in_header_section, at, entry);
	if (!vhdx_range_inside(offset, VHDX_BITMAP_BLOCK_SIZE, rules->file_size))
		return vhdx_fault_set(fault, VHDX_REASON_bitmap_past_eof, at, entry);
	if (vhdx_layout_overlaps(rules->layout, offset, VHDX_BITMAP_BLOCK_SIZE))
		return vhdx_fault_set(fault, VHDX_REASON_bitmap_overlap, at, entry);
	return VHDX_OK;
}

/**
 * vhdx_bat_check() - check a BAT entry (2.5.1, rules 36 to 39 and 41 to 44)
 * @rules:	what entries are checked against
 * @index:	BAT index, any; entries beyond the disk are always valid
 * @entry:	value of the entry
 * @fault:	filled on failure
 *
 * Checks one entry by itself. That no two blocks share space, and that a partially present block
 * has its sector bitmap, can be seen only from several entries.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_bat_check(const struct vhdx_bat_rules *rules, u32 index, u64 entry,
				struct vhdx_fault *fault)
{
	u64 at = rules->bat_offset + (u64)index * VHDX_BAT_ENTRY_SIZE;
	u64 number;

	if (vhdx_index_is_bitmap(rules->geometry, index, &number))
		return vhdx_bat_check_bitmap(rules, number, at, entry, fault);
	return vhdx_bat_check_payload(rules, number, at, entry, fault);
}

/**
 * vhdx_bat_no_bitmap() - record that a partially present block has no sector bitmap block
 * @rules:	where the BAT is
 * @index:	BAT index of the payload block
 * @fault:	filled
 *
 * Return: payload_partial_without_bitmap
 */
enum vhdx_reason vhdx_bat_no_bitmap(const struct vhdx_bat_rules *rules, u32 index,
				    struct vhdx_fault *fault)
{
	return vhdx_fault_set(fault, VHDX_REASON_payload_partial_without_bitmap,
			      rules->bat_offset + (u64)index * VHDX_BAT_ENTRY_SIZE, 0);
}

/**
 * vhdx_bat_chunk_next() - find chunks with partially present blocks and no sector bitmap block
 * @chunk:	zeroed before the first entry, then as the last call left it
 * @rules:	what entries are checked against; the image has a parent
 * @index:	BAT index, larger than that of the last call; entries of zeros may be left out
 * @entry:	value of the entry, which is that of a block of the disk
 * @fault:	filled if this returns true: names the first partially present block of the chunk
 *
 * To be called for the entries of a BAT in order, then vhdx_bat_chunk_end(). The entry of a chunk's
 * sector bitmap block comes after those of its payload blocks (2.5).
 *
 * Return: true, once for each chunk, if this chunk or the one before it lacks its bitmap block
 */
bool vhdx_bat_chunk_next(struct vhdx_bat_chunk *chunk, const struct vhdx_bat_rules *rules,
			 u32 index, u64 entry, struct vhdx_fault *fault)
{
	enum vhdx_block_state state = vhdx_bat_state(entry);
	bool bitmap, lacks;
	u64 number;

	bitmap = vhdx_index_is_bitmap(rules->geometry, index, &number);
	if (!bitmap)
		number >>= rules->geometry->chunk_shift;
	lacks = chunk->partial && (number != chunk->number ||
				   (bitmap && state != VHDX_BLOCK_FULLY_PRESENT));
	if (lacks)
		vhdx_bat_no_bitmap(rules, chunk->index, fault);
	if (lacks || bitmap)
		chunk->partial = false;
	if (!bitmap && !chunk->partial && state == VHDX_BLOCK_PARTIALLY_PRESENT)
		*chunk = (struct vhdx_bat_chunk) {
			.partial = true, .index = index, .number = number,
		};
	return lacks;
}

/**
 * vhdx_bat_chunk_end() - vhdx_bat_chunk_next() for the end of the BAT
 * @chunk:	as vhdx_bat_chunk_next() left it
 * @rules:	what entries are checked against
 * @fault:	filled if this returns true
 *
 * Return: true if the last chunk lacks its sector bitmap block
 */
bool vhdx_bat_chunk_end(struct vhdx_bat_chunk *chunk, const struct vhdx_bat_rules *rules,
			struct vhdx_fault *fault)
{
	bool lacks = chunk->partial;

	if (lacks)
		vhdx_bat_no_bitmap(rules, chunk->index, fault);
	chunk->partial = false;
	return lacks;
}
