// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Where in an image the bytes of the disk are, as far as its own file has them.
 */
#include "image/image.h"

#include "image/replay_memory.h"
#include "meta/cache.h"
#include "format/bitmap.h"

/**
 * vhdx_image_entry_offset() - where the BAT entry of a payload block is
 * @image:	open
 * @position:	of a byte of the block, in the disk
 *
 * Return: bytes from the start of the file
 */
u64 vhdx_image_entry_offset(const struct vhdx_image *image, u64 position)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 index = vhdx_payload_index(g, position >> g->block_shift);

	return image->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE;
}

static bool vhdx_image_entry_bad(const struct vhdx_image *image, u64 entry_offset, u64 entry,
				 struct vhdx_fault *fault)
{
	u32 index = (entry_offset - image->rules.bat_offset) / VHDX_BAT_ENTRY_SIZE;

	return vhdx_bat_check(&image->rules, index, entry, fault);
}

/* Look at one word of metadata. Return: false if it is not there: @map says MISS */
static bool vhdx_image_peek(struct vhdx_image *image, u64 offset, u64 *word, bool *suspect,
			    struct vhdx_map *map)
{
	if (vhdx_cache_peek(image->cache, offset, word, suspect))
		return true;
	map->kind = VHDX_MAP_MISS;
	map->offset = offset;
	return false;
}

/* Read one BAT entry. Return: false if it cannot be had: @map says why */
static bool vhdx_image_peek_entry(struct vhdx_image *image, u64 offset, u64 *entry,
				  struct vhdx_map *map)
{
	bool suspect;

	if (!vhdx_image_peek(image, offset, entry, &suspect, map))
		return false;
	if (likely(!suspect) || !vhdx_image_entry_bad(image, offset, *entry, &map->fault))
		return true;
	map->kind = VHDX_MAP_BAD;
	return false;
}

/*
 * Data of an image whose log was replayed. The file may end in it or before it: what replay
 * would have added is zero. The log must not change it: payload is never logged (2.3), and
 * a page of it would be read past the overlay.
 */
static void vhdx_image_map_replayed(const struct vhdx_image *image, u64 position,
				    struct vhdx_map *map)
{
	u64 size = vhdx_backing_size(&image->backing);

	if (vhdx_overlay_touches(&image->replay->overlay, map->offset, map->length)) {
		map->kind = VHDX_MAP_BAD;
		vhdx_fault_set(&map->fault, VHDX_REASON_log_payload_changed,
			       vhdx_image_entry_offset(image, position), map->offset);
	} else if (map->offset >= size) {
		map->kind = VHDX_MAP_ZERO;
	} else {
		/* in whole pages, for direct reads; what comes back ends where the file does */
		map->length = min(map->length, round_up(size - map->offset, VHDX_PAGE_SIZE));
	}
}

/**
 * vhdx_image_map_block() - what does an image say of the block at a virtual offset?
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @map:	filled: DATA if the block has a place in the file, whosever its sectors are;
 *		the offset is that of @position, and all holds to the end of the block
 *
 * In a writable image the answer holds as long as the caller holds @image->users.
 *
 * Context: any; takes no lock, never sleeps.
 */
void vhdx_image_map_block(struct vhdx_image *image, u64 position, struct vhdx_map *map)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u32 skip = position & (g->block_size - 1);

	map->image = image;
	if (!vhdx_image_peek_entry(image, vhdx_image_entry_offset(image, position),
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
 * vhdx_image_find_bitmap() - where is the sector bitmap block for a virtual offset?
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @map:	says why, if not true: MISS, BAD, or PARENT if there is none
 * @offset:	set to its offset in the file
 *
 * Context: any; takes no lock, never sleeps.
 * Return: true if it is there
 */
bool vhdx_image_find_bitmap(struct vhdx_image *image, u64 position, struct vhdx_map *map,
			    u64 *offset)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 at = vhdx_bitmap_index(g, vhdx_bitmap_chunk(g, position)) * VHDX_BAT_ENTRY_SIZE;
	u64 entry;

	map->kind = VHDX_MAP_PARENT;
	/* the last slot is beyond the region if who made it had no parents in mind */
	if (at + VHDX_BAT_ENTRY_SIZE > image->super->regions.bat.length ||
	    !vhdx_image_peek_entry(image, image->rules.bat_offset + at, &entry, map) ||
	    vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT)
		return false;
	*offset = vhdx_bat_offset(entry);
	return true;
}

/*
 * Count equal bits of a sector bitmap block from @bit on, until there are @want or the next
 * ones are not in memory. Return: how many; 0 if there is none in memory
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

/* Of a partially present block: whose are the sectors from @position on? */
static void vhdx_image_map_sectors(struct vhdx_image *image, u64 position, u64 want,
				   struct vhdx_map *map)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 data = map->offset, bitmap;
	u32 bits, skip;
	bool set;

	/* pairs with the barrier in vhdx_partial_mark(): bits before state */
	smp_rmb();
	if (!vhdx_image_find_bitmap(image, position, map, &bitmap)) {
		if (map->kind == VHDX_MAP_PARENT) {
			map->kind = VHDX_MAP_BAD;
			vhdx_bat_no_bitmap(&image->rules, vhdx_payload_index(g, position >>
					   g->block_shift), &map->fault);
		}
		return;
	}
	/* a position inside a sector is possible: other layers may end a piece there */
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
 * vhdx_image_map() - where does an image say that the bytes of the disk are?
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @want:	how many bytes are of interest; a longer answer may come, too
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
 * vhdx_map_load() - have what a map lacks loaded
 * @map:	says MISS
 * @waiter:	told when to ask again, or that there is no point
 *
 * Context: process, may sleep, in a NOIO scope.
 */
void vhdx_map_load(const struct vhdx_map *map, struct vhdx_waiter *waiter)
{
	vhdx_cache_load(map->image->cache, map->offset, waiter);
}
