/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Sector bitmap blocks: which sectors of a partially present block are in its own file, and
 * which in its parent (2.5.1.2). One bit for each logical sector of a chunk, the least
 * significant bit of each byte first: little-endian words, whatever the word's size.
 */
#ifndef VHDX_FORMAT_BITMAP_H
#define VHDX_FORMAT_BITMAP_H

#include "geometry.h"

#define VHDX_BITMAP_WORD_BITS	64U

/* Number of the sector bitmap block that has the bit of a virtual offset */
static inline u64 vhdx_bitmap_chunk(const struct vhdx_geometry *g, u64 position)
{
	return position >> (g->block_shift + g->chunk_shift);
}

/* Number of that bit in its block */
static inline u32 vhdx_bitmap_bit(const struct vhdx_geometry *g, u64 position)
{
	return (position / g->logical_sector_size) & (VHDX_BITMAP_BLOCK_SIZE * 8 - 1);
}

/* Bytes of a sector bitmap block that are about one payload block: 32 to 65536 */
static inline u32 vhdx_bitmap_slice(const struct vhdx_geometry *g)
{
	return g->block_size / g->logical_sector_size / 8;
}

u32 vhdx_bitmap_run(u64 word, u32 first, bool *set);
u64 vhdx_bitmap_mask(u32 first, u32 end);

#endif /* VHDX_FORMAT_BITMAP_H */
