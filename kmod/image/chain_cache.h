/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Which parent of an image has which part of the disk.
 */
#ifndef VHDX_IMAGE_CHAIN_CACHE_H
#define VHDX_IMAGE_CHAIN_CACHE_H

#include <linux/types.h>

struct vhdx_image;
struct vhdx_map;
struct vhdx_chain_cache;

/**
 * struct vhdx_chain_cache_owner - the chain that a cache is for
 * @walk:	looks up @limit bytes from @position on in @image and its parents, as
 *		vhdx_chain_walk() does
 * @top:	the image whose parents are cached
 */
struct vhdx_chain_cache_owner {
	void (*walk)(struct vhdx_image *image, u64 position, u64 limit, struct vhdx_map *map);
	struct vhdx_image *top;
};

/**
 * struct vhdx_chain_cache_stats - for sysfs
 * @answers:	number of answers, one for each MiB of the disk
 * @bytes:	memory of these answers
 */
struct vhdx_chain_cache_stats {
	unsigned long answers;
	unsigned long bytes;
};

struct vhdx_chain_cache *vhdx_chain_cache_create(const struct vhdx_chain_cache_owner *owner,
						 unsigned long max_bytes);
void vhdx_chain_cache_destroy(struct vhdx_chain_cache *cache);

struct vhdx_image *vhdx_chain_cache_find(struct vhdx_chain_cache *cache, u64 position,
					 u64 *length);
bool vhdx_chain_cache_learn(struct vhdx_chain_cache *cache, u64 position, struct vhdx_map *map);
void vhdx_chain_cache_stats(struct vhdx_chain_cache *cache, struct vhdx_chain_cache_stats *stats);

#endif /* VHDX_IMAGE_CHAIN_CACHE_H */
