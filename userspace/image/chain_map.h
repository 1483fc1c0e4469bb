/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Random access to the map of a chain: where the data of the disk are.
 */
#ifndef VHDX_IMAGE_CHAIN_MAP_H
#define VHDX_IMAGE_CHAIN_MAP_H

#include "image/layer_map.h"

struct chain;

/**
 * struct chain_map - the map of some images, each the parent of the one before
 * @layer:	maps of the images
 * @count:	number of images
 */
struct chain_map {
	struct layer_map *layer;
	unsigned int count;
};

void chain_map_init_image(struct chain_map *map, struct image *image);
void chain_map_init(struct chain_map *map, const struct chain *chain, unsigned int first,
		    unsigned int count);
enum exit_code chain_map_find(struct chain_map *map, u64 start, u64 length,
			      struct disk_extent *extent);
enum exit_code chain_map_read(struct chain_map *map, u64 start, u8 *buffer, u32 length);
u64 chain_map_size(const struct chain_map *map);
void chain_map_free(struct chain_map *map);

#endif /* VHDX_IMAGE_CHAIN_MAP_H */
