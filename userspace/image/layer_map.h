/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in one image the data of the disk are, asked anywhere.
 */
#ifndef VHDX_IMAGE_LAYER_MAP_H
#define VHDX_IMAGE_LAYER_MAP_H

#include "lib/message.h"
#include "format/bat.h"

struct image;

enum extent_kind {
	EXTENT_DATA,		/* in this file */
	EXTENT_ZERO,		/* zeros, because this file says so */
	EXTENT_ABSENT,		/* zeros, because nothing is there */
	EXTENT_PARENT,		/* whatever the parent has */
	EXTENT_BAD,		/* cannot be read */
};

/**
 * struct disk_extent - a run of the disk
 * @start:	byte of the virtual disk
 * @length:	bytes
 * @kind:	what is there
 * @state:	BAT state of its blocks
 * @offset:	byte in the file, for EXTENT_DATA
 * @depth:	which file says so: 0 is the image itself, 1 its parent, and so on
 */
struct disk_extent {
	u64 start;
	u64 length;
	enum extent_kind kind;
	enum vhdx_block_state state;
	u64 offset;
	unsigned int depth;
};

/**
 * struct layer_map - the BAT of an image and its sector bitmaps, as far as they are at hand
 * @image:	open
 * @rules:	what an entry is judged by
 * @entries:	a piece of the BAT
 * @first:	BAT index of the first of them
 * @count:	how many
 * @slice:	the sector bitmap of @block
 * @block:	which block's
 * @chunk:	whose entry @bitmap_entry is
 * @fault:	what is wrong with the last EXTENT_BAD
 */
struct layer_map {
	struct image *image;
	struct vhdx_bat_rules rules;
	__le64 *entries;
	u64 first;
	u64 count;
	u8 *slice;
	u64 block;
	u64 chunk;
	u64 bitmap_entry;
	struct vhdx_fault fault;
};

void layer_map_init(struct layer_map *map, struct image *image);
enum exit_code layer_map_find(struct layer_map *map, u64 start, u64 length,
			      struct disk_extent *extent);
enum exit_code layer_map_entry(struct layer_map *map, u64 index, u64 *entry);
void layer_map_free(struct layer_map *map);

#endif /* VHDX_IMAGE_LAYER_MAP_H */
