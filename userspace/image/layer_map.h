/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Random access to the map of one image: where the data of the disk are.
 */
#ifndef VHDX_IMAGE_LAYER_MAP_H
#define VHDX_IMAGE_LAYER_MAP_H

#include "lib/message.h"
#include "format/bat.h"

struct image;

enum extent_kind {
	EXTENT_DATA,		/* in this file */
	EXTENT_ZERO,		/* zeros, by the state of a block */
	EXTENT_ABSENT,		/* zeros, because no file has data there */
	EXTENT_PARENT,		/* the data of the parent */
	EXTENT_BAD,		/* cannot be read */
};

/**
 * struct disk_extent - a contiguous range of the disk
 * @start:	offset on the disk, in bytes
 * @length:	in bytes
 * @kind:	kind of the extent
 * @state:	BAT state of its blocks
 * @offset:	offset in the file, in bytes, for EXTENT_DATA
 * @depth:	file that determines the extent: 0 is the image itself, 1 its parent, and so on
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
 * struct layer_map - the map of an image, with the last parts of its BAT and sector bitmaps
 * @image:	open
 * @rules:	rules for BAT entries
 * @entries:	a piece of the BAT
 * @first:	BAT index of the first entry in @entries
 * @count:	number of entries in @entries
 * @slice:	the part of a sector bitmap block for @block
 * @block:	number of the block of @slice
 * @chunk:	number of the chunk of @bitmap_entry
 * @bitmap_entry: BAT entry of the sector bitmap block of @chunk
 * @fault:	fault of the last EXTENT_BAD
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
