/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Geometry: sizes of a virtual disk, and the arithmetic between its blocks and the BAT.
 *
 * The BAT interleaves: after the entries of each chunk's payload blocks comes one entry
 * for the chunk's sector bitmap block, whether or not the image has a parent (2.5):
 *
 *	chunk 0			       chunk 1
 *	p0 p1 p2 ... p(ratio - 1) b0   p(ratio) ...	 b1
 */
#ifndef VHDX_FORMAT_GEOMETRY_H
#define VHDX_FORMAT_GEOMETRY_H

#include "reason.h"

/**
 * struct vhdx_geometry - a virtual disk's sizes, all of them checked
 * @disk_size:		bytes, a multiple of @logical_sector_size, at most 64 TiB
 * @block_size:		bytes of a payload block, 1 MiB to 256 MiB
 * @block_shift:	its logarithm
 * @logical_sector_size: 512 or 4096
 * @physical_sector_size: 512 or 4096, advertised only
 * @chunk_shift:	logarithm of the chunk ratio, payload blocks per sector bitmap block
 * @leave_allocated:	a fixed disk: its blocks keep their place
 * @has_parent:		a differencing disk
 * @payload_blocks:	payload blocks that @disk_size needs; the last may be short
 * @chunks:		sector bitmap blocks that it would need
 * @bat_entries:	entries of the BAT that may be used (2.5)
 */
struct vhdx_geometry {
	u64 disk_size;
	u32 block_size;
	u8 block_shift;
	u8 chunk_shift;
	bool leave_allocated;
	bool has_parent;
	u32 logical_sector_size;
	u32 physical_sector_size;
	u64 payload_blocks;
	u64 chunks;
	u64 bat_entries;
};

/**
 * struct vhdx_geometry_raw - the item values a geometry is made of, not yet checked
 * @block_size:		bytes (2.6.2.1)
 * @parameter_flags:	of the same item
 * @disk_size:		bytes (2.6.2.2)
 * @logical_sector_size:	bytes (2.6.2.4)
 * @physical_sector_size:	bytes (2.6.2.5)
 */
struct vhdx_geometry_raw {
	u32 block_size;
	u32 parameter_flags;
	u64 disk_size;
	u32 logical_sector_size;
	u32 physical_sector_size;
};

const char *vhdx_geometry_type_name(const struct vhdx_geometry *geometry);
enum vhdx_reason vhdx_geometry_make(struct vhdx_geometry *geometry,
				    const struct vhdx_geometry_raw *raw,
				    struct vhdx_fault *fault);

/* BAT index of a payload block's entry */
static inline u64 vhdx_payload_index(const struct vhdx_geometry *g, u64 block)
{
	return block + (block >> g->chunk_shift);
}

/* BAT index of the entry of the sector bitmap block of @chunk */
static inline u64 vhdx_bitmap_index(const struct vhdx_geometry *g, u64 chunk)
{
	return ((chunk + 1) << g->chunk_shift) + chunk;
}

/**
 * vhdx_index_is_bitmap() - which block does a BAT entry belong to?
 * @g:		the geometry
 * @index:	BAT index, any: a region of less than 4 GiB has fewer than 2^29 entries
 * @number:	set to the number of the sector bitmap block, or of the payload block
 *
 * Return: true if the entry is that of a sector bitmap block
 */
static inline bool vhdx_index_is_bitmap(const struct vhdx_geometry *g, u32 index, u64 *number)
{
	u32 ratio = 1U << g->chunk_shift;
	u32 chunk = index / (ratio + 1);
	u32 slot = index % (ratio + 1);

	*number = slot == ratio ? chunk : ((u64)chunk << g->chunk_shift) + slot;
	return slot == ratio;
}

/* Is a BAT entry behind those of the disk's blocks? Such an entry is never used. */
static inline bool vhdx_index_is_beyond(const struct vhdx_geometry *g, u32 index)
{
	u64 number;

	return vhdx_index_is_bitmap(g, index, &number) ? number >= g->chunks :
							 number >= g->payload_blocks;
}

/*
 * Length of the BAT region of a new file in bytes, a multiple of 1 MiB. It has room for the entry
 * of the last bitmap block even without a parent, so that the image can get a parent later.
 */
static inline u64 vhdx_bat_region_length(const struct vhdx_geometry *g)
{
	u64 bytes = (vhdx_bitmap_index(g, g->chunks - 1) + 1) * sizeof(u64);

	return (bytes + VHDX_ALIGNMENT - 1) & ~(VHDX_ALIGNMENT - 1);
}

/* Bytes of a payload block that belong to the virtual disk: less only in the last block */
static inline u32 vhdx_block_used(const struct vhdx_geometry *g, u64 block)
{
	u64 left = g->disk_size - (block << g->block_shift);

	return left < g->block_size ? (u32)left : g->block_size;
}

#endif /* VHDX_FORMAT_GEOMETRY_H */
