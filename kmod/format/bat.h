/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * BAT entries: state and place of one block, and checks of both (2.5.1).
 */
#ifndef VHDX_FORMAT_BAT_H
#define VHDX_FORMAT_BAT_H

#include "geometry.h"
#include "region.h"

#define VHDX_BAT_ENTRY_SIZE		8U
#define VHDX_BAT_ENTRIES_PER_PAGE	(VHDX_PAGE_SIZE / VHDX_BAT_ENTRY_SIZE)

/* Bits 0-2 of an entry; 4 and 5 are reserved */
enum vhdx_block_state {
	VHDX_BLOCK_NOT_PRESENT		= 0,
	VHDX_BLOCK_UNDEFINED		= 1,
	VHDX_BLOCK_ZERO			= 2,
	VHDX_BLOCK_UNMAPPED		= 3,
	VHDX_BLOCK_UNMAPPED_DRAFT	= 5,	/* UNMAPPED as of draft 0.95, by old QEMU */
	VHDX_BLOCK_FULLY_PRESENT	= 6,	/* also: sector bitmap block present */
	VHDX_BLOCK_PARTIALLY_PRESENT	= 7,
};

/* Where a block is: bits 20-63 count MiB, so masking gives bytes */
#define VHDX_BAT_STATE_MASK	0x7ULL
#define VHDX_BAT_OFFSET_MASK	0xfffffffffff00000ULL

static inline enum vhdx_block_state vhdx_bat_state(u64 entry)
{
	return (enum vhdx_block_state)(entry & VHDX_BAT_STATE_MASK);
}

static inline u64 vhdx_bat_offset(u64 entry)
{
	return entry & VHDX_BAT_OFFSET_MASK;
}

static inline u64 vhdx_bat_entry(enum vhdx_block_state state, u64 offset)
{
	return offset | (u64)state;
}

/*
 * Former place of an absent block, in bytes, or 0. While the entry names it, nothing else may be
 * put there (2.5.1.1).
 */
static inline u64 vhdx_bat_former(u64 entry)
{
	switch (vhdx_bat_state(entry)) {
	case VHDX_BLOCK_UNDEFINED:
	case VHDX_BLOCK_UNMAPPED:
	case VHDX_BLOCK_UNMAPPED_DRAFT:
		return vhdx_bat_offset(entry);
	default:
		return 0;
	}
}

/* What a read of a payload block returns */
enum vhdx_block_shows {
	VHDX_SHOWS_DATA,	/* data at its place; if PARTIALLY_PRESENT, where bits are set */
	VHDX_SHOWS_ZEROS,
	VHDX_SHOWS_PARENT,
};

/**
 * vhdx_bat_shows() - what does a read of a payload block return? (2.5.1.1)
 * @entry:	of the block; vhdx_bat_check() has accepted it
 * @has_parent:	the image is a differencing image
 *
 * Without a parent, a block that is not present reads as zeros in all states. The format allows
 * that for each of them, and old data are never disclosed. With a parent, NOT_PRESENT blocks read
 * as the parent, and the other states as zeros.
 *
 * Return: data of the file, zeros, or the data of the parent
 */
static inline enum vhdx_block_shows vhdx_bat_shows(u64 entry, bool has_parent)
{
	switch (vhdx_bat_state(entry)) {
	case VHDX_BLOCK_FULLY_PRESENT:
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		return VHDX_SHOWS_DATA;
	case VHDX_BLOCK_NOT_PRESENT:
		return has_parent ? VHDX_SHOWS_PARENT : VHDX_SHOWS_ZEROS;
	case VHDX_BLOCK_UNDEFINED:
	case VHDX_BLOCK_ZERO:
	case VHDX_BLOCK_UNMAPPED:
	case VHDX_BLOCK_UNMAPPED_DRAFT:
		break;
	}
	return VHDX_SHOWS_ZEROS;
}

/* Is there a payload block at the place that an entry names, whole or in part? */
static inline bool vhdx_bat_is_present(u64 entry)
{
	enum vhdx_block_state state = vhdx_bat_state(entry);

	return state == VHDX_BLOCK_FULLY_PRESENT || state == VHDX_BLOCK_PARTIALLY_PRESENT;
}

/**
 * struct vhdx_bat_rules - what entries are checked against
 * @geometry:	of the image
 * @layout:	parts of the file that blocks must not overlap
 * @bat_offset:	byte offset of the BAT region in the file
 * @bat_length:	of that region, in bytes; the entry of the last sector bitmap block may be beyond
 * @file_size:	of the file, in bytes
 */
struct vhdx_bat_rules {
	const struct vhdx_geometry *geometry;
	const struct vhdx_layout *layout;
	u64 bat_offset;
	u64 bat_length;
	u64 file_size;
};

/* The byte offset of a BAT entry in the file */
static inline u64 vhdx_bat_entry_offset(const struct vhdx_bat_rules *rules, u64 index)
{
	return rules->bat_offset + index * VHDX_BAT_ENTRY_SIZE;
}

/**
 * struct vhdx_bat_chunk - state of a walk over the entries of a BAT in order
 * @partial:	the chunk has a partially present block, and no sector bitmap block so far
 * @index:	BAT index of the first such block
 * @number:	of the chunk
 */
struct vhdx_bat_chunk {
	bool partial;
	u32 index;
	u64 number;
};

bool vhdx_bat_chunk_next(struct vhdx_bat_chunk *chunk, const struct vhdx_bat_rules *rules,
			 u32 index, u64 entry, struct vhdx_fault *fault);
bool vhdx_bat_chunk_end(struct vhdx_bat_chunk *chunk, const struct vhdx_bat_rules *rules,
			struct vhdx_fault *fault);
enum vhdx_reason vhdx_bat_no_bitmap(const struct vhdx_bat_rules *rules, u32 index,
				    struct vhdx_fault *fault);
enum vhdx_reason vhdx_bat_check(const struct vhdx_bat_rules *rules, u32 index, u64 entry,
				struct vhdx_fault *fault);
const char *vhdx_block_state_name(enum vhdx_block_state state);

#endif /* VHDX_FORMAT_BAT_H */
