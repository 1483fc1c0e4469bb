// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A range that an image leaves to its parent is searched in the next image, in the geometry of that
 * image. A parent may be a smaller disk: zeros follow its end.
 */
#include "image/chain_map.h"

#include <stdlib.h>

#include "image/chain.h"
#include "image/fault.h"
#include "lib/alloc.h"

/**
 * chain_map_init_image() - map an image without its parents
 * @map:	filled; must be freed by chain_map_free()
 * @image:	open; must outlive @map. Ranges left to its parent are EXTENT_PARENT
 */
void chain_map_init_image(struct chain_map *map, struct image *image)
{
	map->count = 1;
	map->layer = xcalloc(1, sizeof(*map->layer));
	layer_map_init(map->layer, image);
}

/**
 * chain_map_init() - map some images of a chain
 * @map:	filled; must be freed by chain_map_free()
 * @chain:	open; must outlive @map
 * @first:	index of the first image, which determines the disk
 * @count:	number of images; ranges that the last leaves to its parent are EXTENT_PARENT
 */
void chain_map_init(struct chain_map *map, const struct chain *chain, unsigned int first,
		    unsigned int count)
{
	unsigned int i;

	map->count = count;
	map->layer = xcalloc(count, sizeof(*map->layer));
	for (i = 0; i < count; i++)
		layer_map_init(&map->layer[i], &chain->layer[first + i]->image);
}

/**
 * chain_map_free() - free a map
 * @map:	initialized
 */
void chain_map_free(struct chain_map *map)
{
	while (map->count)
		layer_map_free(&map->layer[--map->count]);
	free(map->layer);
}

static u64 layer_size(const struct layer_map *layer)
{
	return layer->rules.geometry->disk_size;
}

/**
 * chain_map_size() - size of the mapped disk, in bytes
 * @map:	initialized
 *
 * Return: the size
 */
u64 chain_map_size(const struct chain_map *map)
{
	return layer_size(&map->layer[0]);
}

/**
 * chain_map_find() - find the extent at an offset of the disk
 * @map:	initialized
 * @start:	offset on the disk, in bytes, a multiple of the sector size
 * @length:	maximum length, in bytes; ends at the end of the disk at most
 * @extent:	filled; may be shorter than possible
 *
 * Return: DONE, or another exit code after an error message. A bad BAT entry is EXTENT_BAD,
 * and the fault is in the map of its layer.
 */
enum exit_code chain_map_find(struct chain_map *map, u64 start, u64 length,
			      struct disk_extent *extent)
{
	enum exit_code status = DONE;
	unsigned int depth;

	for (depth = 0; depth < map->count; depth++) {
		u64 size = layer_size(&map->layer[depth]);

		if (start >= size) {
			*extent = (struct disk_extent){
				.start = start, .length = length, .kind = EXTENT_ABSENT,
			};
		} else {
			if (length > size - start)
				length = size - start;
			status = layer_map_find(&map->layer[depth], start, length, extent);
		}
		extent->depth = depth;
		length = extent->length;
		if (status != DONE || extent->kind != EXTENT_PARENT)
			break;
	}
	return status;
}

static enum exit_code read_extent(struct chain_map *map, const struct disk_extent *extent,
				  u8 *buffer)
{
	struct layer_map *layer = &map->layer[extent->depth];

	switch (extent->kind) {
	case EXTENT_DATA:
		return image_read(layer->image, extent->offset, buffer, (u32)extent->length);
	case EXTENT_BAD:
		return fail_fault(&layer->image->file, &layer->fault);
	case EXTENT_ZERO:
	case EXTENT_ABSENT:
		break;
	case EXTENT_PARENT:	/* a whole chain has none: better no result than zeros */
		abort();
	}
	memset(buffer, 0, extent->length);
	return DONE;
}

/**
 * chain_map_read() - read from the disk
 * @map:	the map of a whole chain
 * @start:	offset on the disk, in bytes, a multiple of the sector size
 * @buffer:	filled
 * @length:	in bytes, whole sectors inside the disk
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code chain_map_read(struct chain_map *map, u64 start, u8 *buffer, u32 length)
{
	enum exit_code status = DONE;
	struct disk_extent extent;

	while (length && status == DONE) {
		status = chain_map_find(map, start, length, &extent);
		if (status == DONE)
			status = read_extent(map, &extent, buffer);
		start += extent.length;
		buffer += extent.length;
		length -= (u32)extent.length;
	}
	return status;
}
