/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The cache from inside: for cache.c and cache_budget.c.
 */
#ifndef VHDX_META_CACHE_INTERNAL_H
#define VHDX_META_CACHE_INTERNAL_H

#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "meta/cache.h"
#include "meta/lru.h"

/*
 * The memory that all files of a disk share
 */
struct vhdx_cache_budget {
	unsigned long max_pages;		/* constant */
	atomic_long_t nr_loaded;		/* of all caches */
	spinlock_t lock;
	struct list_head caches;		/* under lock; freed with the last one */
};

/*
 * I: constant after vhdx_cache_create(); L: under xa_lock of @pages
 */
struct vhdx_cache {
	const struct vhdx_backing *backing;	/* I */
	struct vhdx_cache_owner owner;		/* I */
	struct vhdx_cache_budget *budget;	/* I */
	struct list_head sharing;		/* on budget->caches */
	struct xarray pages;
	struct vhdx_lru lru;			/* L: loaded pages */
	unsigned long loads;			/* L */
	struct list_head loading;		/* L: pages without contents yet */
	atomic_t nr_loading;			/* until their waits are completed */
};

int vhdx_cache_budget_join(struct vhdx_cache *cache, const struct vhdx_cache *sharing,
			   unsigned long max_pages);
void vhdx_cache_budget_leave(struct vhdx_cache *cache);
void vhdx_cache_budget_make_room(struct vhdx_cache *cache);

#endif /* VHDX_META_CACHE_INTERNAL_H */
