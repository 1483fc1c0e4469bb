/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The cache: pages of 4 KiB of a file's metadata in memory, loaded on demand.
 */
#ifndef VHDX_META_CACHE_H
#define VHDX_META_CACHE_H

#include <linux/list.h>
#include <linux/types.h>

#include "waiter.h"

struct vhdx_backing;
struct vhdx_page;
struct vhdx_cache;

/**
 * struct vhdx_cache_owner - callbacks of the image, which knows what the pages mean
 * @locate:	sets @from to the byte offset in the file at which the contents of the page at
 *		@offset are: its own place, or a data sector of the log. Return: false if the page
 *		is all zeros, and is not read. Context: process
 * @finish:	checks, and may correct, a page that was read. Return: true if the page is suspect:
 *		it has entries that must not be used. Context: any, interrupts included
 * @context:	first argument of both
 */
struct vhdx_cache_owner {
	bool (*locate)(void *context, u64 offset, u64 *from);
	bool (*finish)(void *context, u64 offset, __le64 *words);
	void *context;
};

/**
 * struct vhdx_cache_stats - counters of a cache
 * @pages:	pages in memory
 * @loads:	pages loaded so far
 */
struct vhdx_cache_stats {
	unsigned long pages;
	unsigned long loads;
};

struct vhdx_cache *vhdx_cache_create(const struct vhdx_backing *backing,
				     const struct vhdx_cache_owner *owner,
				     const struct vhdx_cache *sharing,
				     unsigned long max_pages);
void vhdx_cache_destroy(struct vhdx_cache *cache);

bool vhdx_cache_peek(struct vhdx_cache *cache, u64 offset, u64 *word, bool *suspect);
void vhdx_cache_load(struct vhdx_cache *cache, u64 offset, struct vhdx_waiter *waiter);
void vhdx_cache_abandon(struct vhdx_cache *cache);

struct vhdx_page *vhdx_cache_pin(struct vhdx_cache *cache, u64 offset);
void vhdx_cache_unpin(struct vhdx_cache *cache, struct vhdx_page *page);

void vhdx_cache_stats(struct vhdx_cache *cache, struct vhdx_cache_stats *stats);

#endif /* VHDX_META_CACHE_H */
