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
 * A payload block of @used bytes at @offset (rules 41 to 43). Old QEMU cuts a fixed file
 * off where the virtual disk ends, so the last block need only be there as far as used.
 */
static enum vhdx_reason vhdx_bat_check_payload_place(const struct vhdx_bat_rules *rules,
						     u64 offset, u64 used, u64 at, u64 entry,
						     struct vhdx_fault *fault)
{
	u64 length = rules->geometry->block_size;
	bool last = used < length;

	if (offset < VHDX_HEADER_SECTION_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_payload_in_header_section, at, entry);
	if (!vhdx_range_inside(offset, last ? used : length, rules->file_size))
		return vhdx_fault_set(fault, VHDX_REASON_payload_past_eof, at, entry);
	if (vhdx_layout_overlaps(rules->layout, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_payload_overlap, at, entry);
	return VHDX_OK;
}

static enum vhdx_reason vhdx_bat_check_payload(const struct vhdx_bat_rules *rules, u64 block,
					       u64 at, u64 entry, struct vhdx_fault *fault)
{
	const struct vhdx_geometry *g = rules->geometry;

	if (block >= g->payload_blocks)	/* beyond the disk: never used, whatever it says */
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
	return vhdx_bat_check_payload_place(rules, vhdx_bat_offset(entry),
					    vhdx_block_used(g, block), at, entry, fault);
}

/* Without a parent the slot is never used; files with junk in it exist (rule 39). */
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
 * vhdx_bat_check() - may a BAT entry be believed? (2.5.1, rules 36 to 39 and 41 to 44)
 * @rules:	what it is judged by
 * @index:	its BAT index, any; entries beyond the disk are always fine
 * @entry:	its value
 * @fault:	filled on failure
 *
 * Judges one entry by itself. That no two blocks share space, and that a partially
 * present block has its sector bitmap, can only be seen by looking at several.
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
 * vhdx_bat_no_bitmap() - a partially present block has no sector bitmap block
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
 * vhdx_bat_chunk_next() - has a chunk partially present blocks, but no sector bitmap block?
 * @chunk:	zeros at first, then as the last call left it
 * @rules:	what entries are judged by; the image has a parent
 * @index:	BAT index, larger than the last one; entries of zeros may be left out
 * @entry:	its value, of a block of the disk
 * @fault:	filled if so, once for each chunk, naming the first of its blocks
 *
 * The entry of a chunk's bitmap block comes after those of its payload blocks (2.5).
 *
 * Return: true if a chunk, this one or one before, has no bitmap block
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
 * vhdx_bat_chunk_end() - judge the last chunk, at the end of the BAT
 * @chunk:	as vhdx_bat_chunk_next() left it
 * @rules:	what entries are judged by
 * @fault:	filled if the answer is true
 *
 * Return: true if a block of the chunk is partially present and it has no sector bitmap
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
