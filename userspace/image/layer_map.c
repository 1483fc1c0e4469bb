// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A map caches a piece of the BAT and the sector bitmap of one block. The bitmap is valid only for
 * blocks that are partially present.
 */
#include "image/layer_map.h"

#include <stdlib.h>

#include "image/image.h"
#include "lib/alloc.h"
#include "format/bitmap.h"

#define PIECE_ENTRIES 8192U		/* 64 KiB of them */
#define SLICE_MAX 65536U		/* of a bitmap: a block's sectors */
#define NOTHING UINT64_MAX

/**
 * layer_map_init() - initialize an empty map
 * @map:	filled; must be freed by layer_map_free()
 * @image:	open; must outlive @map
 */
void layer_map_init(struct layer_map *map, struct image *image)
{
	memset(map, 0, sizeof(*map));
	map->image = image;
	map->entries = xcalloc(PIECE_ENTRIES, sizeof(*map->entries));
	map->block = NOTHING;
	map->chunk = NOTHING;
	vhdx_open_bat_rules(image->super, &map->rules);
}

/**
 * layer_map_free() - free a map
 * @map:	initialized
 */
void layer_map_free(struct layer_map *map)
{
	free(map->entries);
	free(map->slice);
}

/**
 * layer_map_entry() - get a BAT entry, unchecked
 * @map:	initialized
 * @index:	BAT index
 * @entry:	set to the entry; to 0 beyond the end of the BAT region, which may end before the
 *		sector bitmap entry of the last chunk
 *
 * Pieces start at multiples of their size, so that a walk reads each piece once.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code layer_map_entry(struct layer_map *map, u64 index, u64 *entry)
{
	const struct vhdx_range *bat = &map->image->super->regions.bat;
	u64 total = bat->length / VHDX_BAT_ENTRY_SIZE;
	u64 first = index - index % PIECE_ENTRIES;
	u64 count = total - first < PIECE_ENTRIES ? total - first : PIECE_ENTRIES;
	enum exit_code status;

	*entry = 0;
	if (index * VHDX_BAT_ENTRY_SIZE >= bat->length)
		return DONE;
	if (index - map->first >= map->count) {
		map->count = 0;
		status = image_read(map->image, bat->offset + first * VHDX_BAT_ENTRY_SIZE,
				    map->entries, (u32)(count * VHDX_BAT_ENTRY_SIZE));
		if (status != DONE)
			return status;
		map->first = first;
		map->count = count;
	}
	*entry = le64_to_cpu(map->entries[index - map->first]);
	return DONE;
}

/* Zeros are EXTENT_ZERO if a state says so, and EXTENT_ABSENT if no file has data there. */
static enum extent_kind kind_of_entry(const struct vhdx_geometry *g, u64 entry)
{
	switch (vhdx_bat_shows(entry, g->has_parent)) {
	case VHDX_SHOWS_DATA:
		return EXTENT_DATA;
	case VHDX_SHOWS_PARENT:
		return EXTENT_PARENT;
	case VHDX_SHOWS_ZEROS:
		break;
	}
	return g->has_parent || vhdx_bat_state(entry) == VHDX_BLOCK_ZERO ? EXTENT_ZERO :
									   EXTENT_ABSENT;
}

static bool bitmap_is_bad(struct layer_map *map, u64 block)
{
	u64 index = vhdx_bitmap_index(map->rules.geometry, map->chunk);

	if (vhdx_bat_check(&map->rules, (u32)index, map->bitmap_entry, &map->fault))
		return true;
	if (vhdx_bat_state(map->bitmap_entry) == VHDX_BLOCK_FULLY_PRESENT)
		return false;
	vhdx_bat_no_bitmap(&map->rules, (u32)vhdx_payload_index(map->rules.geometry, block),
			   &map->fault);
	return true;
}

static enum exit_code load_slice(struct layer_map *map, u64 block)
{
	const struct vhdx_geometry *g = map->rules.geometry;
	u64 within = (block & ((1ULL << g->chunk_shift) - 1)) * vhdx_bitmap_slice(g);
	enum exit_code status;

	if (map->block == block)
		return DONE;
	if (!map->slice)
		map->slice = xcalloc(1, SLICE_MAX);
	status = image_read(map->image, vhdx_bat_offset(map->bitmap_entry) + within,
			    map->slice, vhdx_bitmap_slice(g));
	map->block = status == DONE ? block : NOTHING;
	return status;
}

/* Number of sectors from @first on with the same bit. Sets @here to the bit. */
static u64 sector_run(const struct layer_map *map, u64 first, u64 end, bool *here)
{
	u64 at = first;
	bool set;

	while (at < end) {
		u32 bit = at % VHDX_BITMAP_WORD_BITS;
		__le64 word;
		u32 run;

		memcpy(&word, map->slice + (at - bit) / 8, sizeof(word));
		run = vhdx_bitmap_run(le64_to_cpu(word), bit, &set);
		if (at == first)
			*here = set;
		else if (set != *here)
			break;
		at += run;
	}
	return (at < end ? at : end) - first;
}

static enum exit_code find_sectors(struct layer_map *map, u64 block, u64 within,
				   struct disk_extent *extent)
{
	const struct vhdx_geometry *g = map->rules.geometry;
	u64 first = within / g->logical_sector_size;
	u64 end = (within + extent->length) / g->logical_sector_size;
	u64 chunk = block >> g->chunk_shift;
	enum exit_code status = DONE;
	bool here = false;

	if (map->chunk != chunk)
		status = layer_map_entry(map, vhdx_bitmap_index(g, chunk), &map->bitmap_entry);
	map->chunk = status == DONE ? chunk : NOTHING;
	if (status != DONE)
		return status;
	if (bitmap_is_bad(map, block)) {
		extent->kind = EXTENT_BAD;
		return DONE;
	}
	status = load_slice(map, block);
	if (status != DONE)
		return status;
	extent->length = sector_run(map, first, end, &here) * g->logical_sector_size;
	extent->kind = here ? EXTENT_DATA : EXTENT_PARENT;
	return DONE;
}

/* Test whether @block continues @extent. */
static bool continues(struct layer_map *map, u64 block, const struct disk_extent *extent)
{
	u64 index = vhdx_payload_index(map->rules.geometry, block);
	u64 entry;

	if (index - map->first >= map->count)
		return false;
	entry = le64_to_cpu(map->entries[index - map->first]);
	if (vhdx_bat_state(entry) != extent->state ||
	    vhdx_bat_check(&map->rules, (u32)index, entry, &map->fault))
		return false;
	return extent->kind != EXTENT_DATA ||
	       vhdx_bat_offset(entry) == extent->offset + extent->length;
}

/**
 * layer_map_find() - find the extent at an offset of the disk
 * @map:	initialized
 * @start:	offset on the disk, in bytes, a multiple of the sector size
 * @length:	maximum length, in bytes; not 0, ends at the end of the disk at most
 * @extent:	filled; may be shorter than possible
 *
 * Return: DONE, or another exit code after an error message. A bad BAT entry is EXTENT_BAD,
 * and its fault is @map->fault.
 */
enum exit_code layer_map_find(struct layer_map *map, u64 start, u64 length,
			      struct disk_extent *extent)
{
	const struct vhdx_geometry *g = map->rules.geometry;
	u64 block = start >> g->block_shift;
	u64 index = vhdx_payload_index(g, block);
	u64 within = start - (block << g->block_shift);
	enum exit_code status;
	u64 entry;

	memset(extent, 0, sizeof(*extent));
	extent->start = start;
	status = layer_map_entry(map, index, &entry);
	if (status != DONE)
		return status;
	extent->state = vhdx_bat_state(entry);
	extent->kind = kind_of_entry(g, entry);
	extent->offset = vhdx_bat_offset(entry) + within;
	extent->length = vhdx_block_used(g, block) - within;
	if (extent->length > length)
		extent->length = length;
	if (vhdx_bat_check(&map->rules, (u32)index, entry, &map->fault)) {
		extent->kind = EXTENT_BAD;
		return DONE;
	}
	if (extent->state == VHDX_BLOCK_PARTIALLY_PRESENT)
		return find_sectors(map, block, within, extent);
	/* Append the blocks that continue the extent, within the loaded piece of the BAT. */
	while (extent->length < length && continues(map, ++block, extent))
		extent->length += vhdx_block_used(g, block);
	if (extent->length > length)
		extent->length = length;
	return DONE;
}
