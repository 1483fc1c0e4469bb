/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The cache: 4 KiB pages of a file's metadata in memory, loaded when asked for.
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
 * struct vhdx_cache_owner - what the cache asks of whoever knows what the pages mean
 * @locate:	where in the file is the page for @offset? False if it is all zeros and
 *		nothing needs to be read.
 * @finish:	a page was read: put right what must be, and say if there is anything in
 *		it that must not be believed. Called in any context, interrupts included.
 * @context:	for both
 */
struct vhdx_cache_owner {
	bool (*locate)(void *context, u64 offset, u64 *from);
	bool (*finish)(void *context, u64 offset, __le64 *words);
	void *context;
};

/**
 * struct vhdx_page_log - what the journal keeps with a page; its own but for the first use
 * @dirty:	on the list of pages changed since they were last logged
 * @logged:	on the list of pages that are in the log and not yet at home
 * @image:	the page as it was logged last, while on the second list
 * @reservations: changes announced
 * @placed:	there is room for it at home; see journal_place.c
 */
struct vhdx_page_log {
	struct list_head dirty;
	struct list_head logged;
	void *image;
	unsigned int reservations;
	bool placed;
};

/**
 * struct vhdx_cache_stats - for people
 * @pages:	in memory
 * @loads:	read from the file so far
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
u64 vhdx_page_offset(const struct vhdx_page *page);
__le64 *vhdx_page_words(struct vhdx_page *page);
struct vhdx_page_log *vhdx_page_log(struct vhdx_page *page);
struct vhdx_page *vhdx_page_of_log(struct vhdx_page_log *log);

void vhdx_cache_stats(struct vhdx_cache *cache, struct vhdx_cache_stats *stats);

#endif /* VHDX_META_CACHE_H */
