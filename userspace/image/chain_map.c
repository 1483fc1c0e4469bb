// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each image is asked in its own geometry. What one leaves to its parent, the next is asked
 * for, and for no more than that. A parent may be a smaller disk: behind its end are zeros.
 */
#include "image/chain_map.h"

#include <stdlib.h>

#include "image/chain.h"
#include "image/fault.h"
#include "lib/alloc.h"

/* An image by itself: what its parent has is EXTENT_PARENT. */
void chain_map_init_image(struct chain_map *map, struct image *image)
{
	map->count = 1;
	map->layer = xcalloc(1, sizeof(*map->layer));
	layer_map_init(map->layer, image);
}

/**
 * chain_map_init() - map some images of a chain
 * @map:	filled; to be freed
 * @chain:	open; must live as long
 * @first:	the one that is the disk
 * @count:	how many; what is below the last is EXTENT_PARENT
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

/* Bytes of the disk */
u64 chain_map_size(const struct chain_map *map)
{
	return layer_size(&map->layer[0]);
}

/**
 * chain_map_find() - what is at a place of the disk?
 * @map:	the map
 * @start:	byte of the disk, inside it, at a sector
 * @length:	how far to look at most, in bytes; at most to the end of the disk
 * @extent:	filled; may be shorter than what there is
 *
 * Return: DONE, or another exit code after an error message. A bad entry is no failure: the fault is in
 * the map of the layer that has it.
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
	default:
		memset(buffer, 0, extent->length);
		return DONE;
	}
}

/**
 * chain_map_read() - read from the disk
 * @map:	the map of a whole chain
 * @start:	byte of the disk, at a sector
 * @buffer:	filled
 * @length:	bytes, whole sectors, all of them inside the disk
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
