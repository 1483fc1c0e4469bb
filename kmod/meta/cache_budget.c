// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The limit on cached metadata is the disk's: the caches of all files of its chain share one
 * budget. A load that exceeds the budget drops pages of the file that has the most.
 *
 * The files of a chain are opened and closed by one task at a time. So no cache joins a budget
 * while the last one leaves it.
 */
#include <linux/slab.h>

#include "meta/cache_internal.h"

/**
 * vhdx_cache_budget_join() - give a cache its budget
 * @cache:	new, and complete: loads of other files of the disk may visit it at once
 * @sharing:	cache of another file of the disk, whose budget is shared; NULL: a new budget
 * @max_pages:	of a new budget: how many loaded pages to keep before old ones are dropped
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_cache_budget_join(struct vhdx_cache *cache, const struct vhdx_cache *sharing,
			   unsigned long max_pages)
{
	struct vhdx_cache_budget *budget;

	if (sharing) {
		budget = sharing->budget;
	} else {
		budget = kzalloc(sizeof(*budget), GFP_KERNEL);
		if (!budget)
			return -ENOMEM;
		budget->max_pages = max_pages;
		spin_lock_init(&budget->lock);
		INIT_LIST_HEAD(&budget->caches);
	}
	cache->budget = budget;
	spin_lock(&budget->lock);
	list_add(&cache->sharing, &budget->caches);
	spin_unlock(&budget->lock);
	return 0;
}

/**
 * vhdx_cache_budget_leave() - undo vhdx_cache_budget_join(); the last cache frees the budget
 * @cache:	not used by any command, and unknown to the shrinker
 *
 * Context: process
 */
void vhdx_cache_budget_leave(struct vhdx_cache *cache)
{
	struct vhdx_cache_budget *budget = cache->budget;
	bool last;

	spin_lock(&budget->lock);
	/* under the lock: no other cache makes room here any more */
	atomic_long_sub(cache->lru.nr, &budget->nr_loaded);
	list_del(&cache->sharing);
	last = list_empty(&budget->caches);
	spin_unlock(&budget->lock);
	if (last)
		kfree(budget);
}

/**
 * vhdx_cache_budget_make_room() - drop an old page if the budget is used up
 * @cache:	any cache of the disk
 *
 * Each call looks at more than one page, so pages are dropped faster than they are loaded.
 *
 * Context: process
 */
void vhdx_cache_budget_make_room(struct vhdx_cache *cache)
{
	struct vhdx_cache_budget *budget = cache->budget;
	struct vhdx_cache *other, *largest = NULL;

	if (atomic_long_read(&budget->nr_loaded) < (long)budget->max_pages)
		return;
	spin_lock(&budget->lock);
	list_for_each_entry(other, &budget->caches, sharing)
		if (!largest || READ_ONCE(other->lru.nr) > READ_ONCE(largest->lru.nr))
			largest = other;
	/* under the lock: the cache is not freed meanwhile */
	vhdx_lru_make_room(&largest->lru);
	spin_unlock(&budget->lock);
}
