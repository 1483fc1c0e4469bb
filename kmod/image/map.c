// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Lookup: where the bytes of the disk are in the file of an image.
 */
#include "image/image.h"

#include "image/replay_memory.h"
#include "meta/cache.h"
#include "format/bitmap.h"

/* Read one word of metadata from memory. Return: false if it is not there; @map says MISS */
static bool vhdx_image_peek(struct vhdx_image *image, u64 offset, u64 *word, bool *suspect,
			    struct vhdx_map *map)
{
	if (vhdx_cache_peek(image->cache, offset, word, suspect))
		return true;
	map->kind = VHDX_MAP_MISS;
	map->offset = offset;
	return false;
}

/* Read one BAT entry. Return: false if it is not in memory or invalid; @map says which */
static bool vhdx_image_peek_entry(struct vhdx_image *image, u64 offset, u64 *entry,
				  struct vhdx_map *map)
{
	u32 index = (offset - image->rules.bat_offset) / VHDX_BAT_ENTRY_SIZE;
	bool suspect;

	if (!vhdx_image_peek(image, offset, entry, &suspect, map))
		return false;
	if (likely(!suspect) || !vhdx_bat_check(&image->rules, index, *entry, &map->fault))
		return true;
	map->kind = VHDX_MAP_BAD;
	return false;
}

/*
 * Data of an image whose log was replayed in memory. The file may end inside the data or before
 * them: what replay would have added reads as zeros. The log must not change them: payload is
 * never logged (2.3), and a read of the file would miss a page of the log.
 */
static void vhdx_image_map_replayed(const struct vhdx_image *image, u64 position,
				    struct vhdx_map *map)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 size = vhdx_backing_size(&image->backing);

	if (vhdx_overlay_touches(&image->replay->overlay, map->offset, map->length)) {
		map->kind = VHDX_MAP_BAD;
		vhdx_fault_set(&map->fault, VHDX_REASON_log_payload_changed,
			       vhdx_image_entry_offset(image, position >> g->block_shift),
			       map->offset);
	} else if (map->offset >= size) {
		map->kind = VHDX_MAP_ZERO;
	} else {
		/* whole pages, for direct reads: the transfer ends where the file does */
		map->length = min(map->length, round_up(size - map->offset, VHDX_PAGE_SIZE));
	}
}

/**
 * vhdx_image_map_block() - look up the block at a virtual offset
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @map:	filled. DATA: the block has a place in the file, even if only some of its sectors
 *		are present; @map->offset is that of @position. The answer is for the rest of
 *		the block.
 *
 * In a writable image the answer holds as long as the caller holds @image->users, or the block
 * lock.
 *
 * Context: any; takes no lock, never sleeps.
 */
void vhdx_image_map_block(struct vhdx_image *image, u64 position, struct vhdx_map *map)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u32 skip = position & (g->block_size - 1);

	map->image = image;
	if (!vhdx_image_peek_entry(image,
				   vhdx_image_entry_offset(image, position >> g->block_shift),
				   &map->entry, map))
		return;
	map->length = g->block_size - skip;
	switch (vhdx_bat_shows(map->entry, g->has_parent)) {
	case VHDX_SHOWS_DATA:
		map->kind = VHDX_MAP_DATA;
		map->offset = vhdx_bat_offset(map->entry) + skip;
		break;
	case VHDX_SHOWS_PARENT:
		map->kind = VHDX_MAP_PARENT;
		break;
	case VHDX_SHOWS_ZEROS:
		map->kind = VHDX_MAP_ZERO;
		break;
	}
}

/**
 * vhdx_image_find_bitmap() - look up the sector bitmap block for a virtual offset
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @map:	if not true, says why: MISS, BAD, or PARENT if there is no such block
 * @offset:	if true, set to its offset in the file, in bytes
 *
 * Context: any; takes no lock, never sleeps.
 * Return: true if it was found
 */
bool vhdx_image_find_bitmap(struct vhdx_image *image, u64 position, struct vhdx_map *map,
			    u64 *offset)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 at = vhdx_bat_entry_offset(&image->rules,
				       vhdx_bitmap_index(g, vhdx_bitmap_chunk(g, position)));
	const struct vhdx_range *bat = &image->super->regions.bat;
	u64 entry;

	map->kind = VHDX_MAP_PARENT;
	/* in a BAT that was made for an image without a parent the last entry is missing */
	if (at + VHDX_BAT_ENTRY_SIZE > bat->offset + bat->length ||
	    !vhdx_image_peek_entry(image, at, &entry, map) ||
	    vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT)
		return false;
	*offset = vhdx_bat_offset(entry);
	return true;
}

/*
 * Count equal bits of a sector bitmap block from @bit on, until there are @want or the next ones
 * are not in memory.
 *
 * Return: their number, and their value in @set; 0 if the first one is not in memory
 */
static u32 vhdx_image_count_bits(struct vhdx_image *image, u64 bitmap, u32 bit, u32 want,
				 bool *set, struct vhdx_map *map)
{
	bool suspect, more;
	u32 count = 0, run;
	u64 word;

	do {
		u32 at = bit + count;

		if (!vhdx_image_peek(image, bitmap + at / VHDX_BITMAP_WORD_BITS * sizeof(word),
				     &word, &suspect, map))
			break;
		run = vhdx_bitmap_run(word, at % VHDX_BITMAP_WORD_BITS, &more);
		if (!count)
			*set = more;
		else if (more != *set)
			break;
		count += run;
	} while (count < want && !((bit + count) % VHDX_BITMAP_WORD_BITS));
	return min(count, want);
}

/* In a partially present block: are the sectors from @position on here, or in the parent? */
static void vhdx_image_map_sectors(struct vhdx_image *image, u64 position, u64 want,
				   struct vhdx_map *map)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 data = map->offset, bitmap;
	u32 bits, skip;
	bool set;

	/* pairs with the barrier in vhdx_marks_apply(): the entry is read before the bits */
	smp_rmb();
	if (!vhdx_image_find_bitmap(image, position, map, &bitmap)) {
		if (map->kind == VHDX_MAP_PARENT) {
			map->kind = VHDX_MAP_BAD;
			vhdx_bat_no_bitmap(&image->rules, vhdx_payload_index(g, position >>
					   g->block_shift), &map->fault);
		}
		return;
	}
	/* @position may be inside a sector: a piece of another file may end there */
	skip = position & (g->logical_sector_size - 1);
	want = DIV_ROUND_UP(min(map->length, want) + skip, g->logical_sector_size);
	bits = vhdx_image_count_bits(image, bitmap, vhdx_bitmap_bit(g, position), want, &set,
				     map);
	if (!bits)
		return;
	map->kind = set ? VHDX_MAP_DATA : VHDX_MAP_PARENT;
	map->offset = data;
	map->length = min(map->length, (u64)bits * g->logical_sector_size - skip);
}

/**
 * vhdx_image_map() - look up the bytes at a virtual offset
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @want:	number of bytes of interest; the answer may be for more
 * @map:	filled
 *
 * Context: as vhdx_image_map_block()
 */
void vhdx_image_map(struct vhdx_image *image, u64 position, u64 want, struct vhdx_map *map)
{
	vhdx_image_map_block(image, position, map);
	if (map->kind != VHDX_MAP_DATA)
		return;
	if (vhdx_bat_state(map->entry) == VHDX_BLOCK_PARTIALLY_PRESENT)
		vhdx_image_map_sectors(image, position, want, map);
	if (unlikely(image->replay) && map->kind == VHDX_MAP_DATA)
		vhdx_image_map_replayed(image, position, map);
}

/**
 * vhdx_map_load() - load the metadata that a lookup misses
 * @map:	says MISS
 * @waiter:	completed when the lookup may be repeated, or with an error
 *
 * Context: process, may sleep, in a NOIO scope.
 */
void vhdx_map_load(const struct vhdx_map *map, struct vhdx_waiter *waiter)
{
	vhdx_cache_load(map->image->cache, map->offset, waiter);
}
