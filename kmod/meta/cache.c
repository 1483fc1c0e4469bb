// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the cache
 *
 * The BAT of a 64 TiB disk with blocks of 1 MiB has 512 MiB. So metadata is cached in pages of
 * 4 KiB, keyed by their offset in the file, and only pages that are used.
 *
 * A page starts as LOADING: it is in the index, but has no contents yet. All commands that miss it
 * wait for the same read. If the read succeeds, the page is LOADED and on the LRU list; if not, it
 * leaves the index. Either way the waits are completed. A LOADED page may be dropped at any time,
 * by the shrinker or by a load that exceeds the budget (cache_budget.c), but not before it was
 * unused for one round (second chance, lru.c).
 *
 * A pinned page is not dropped. The journal pins a page while its contents in memory are newer
 * than at its place in the file, so a page that is read again is never older than it was.
 *
 *	(none) -> LOADING	vhdx_cache_load()
 *	LOADING -> LOADED	vhdx_page_loaded()
 *	LOADING -> (none)	vhdx_page_failed()
 *	LOADED -> (none)	vhdx_lru_evict()
 *
 * Readers (vhdx_cache_peek()) take no lock. RCU keeps the page, and a load of 64 bits is atomic.
 * @loaded is set with release semantics after the contents are written, and read with acquire
 * semantics before they are read. Everything else is under the lock of the xarray, which is taken
 * with interrupts disabled, because direct reads complete in interrupts.
 */
#include "meta/cache.h"

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "backing/backing.h"
#include "meta/cache_internal.h"
#include "meta/page.h"
#include "format/disk.h"

/* The index counts pages of a file of up to 2^63 bytes. */
static_assert(BITS_PER_LONG == 64, "vhdx needs a 64-bit kernel");

static void vhdx_page_free(struct vhdx_page *page)
{
	kfree(page->data);
	kfree(page);
}

static void vhdx_page_free_rcu(struct rcu_head *rcu)
{
	vhdx_page_free(container_of(rcu, struct vhdx_page, rcu));
}

static struct vhdx_page *vhdx_page_alloc(struct vhdx_cache *cache, u64 index)
{
	struct vhdx_page *page = kzalloc(sizeof(*page), GFP_NOIO);

	if (!page)
		return NULL;
	page->data = kmalloc(VHDX_PAGE_SIZE, GFP_NOIO);
	if (!page->data) {
		kfree(page);
		return NULL;
	}
	page->cache = cache;
	page->index = index;
	vhdx_lru_entry_init(&page->lru);
	INIT_LIST_HEAD(&page->waiters);
	INIT_LIST_HEAD(&page->log.dirty);
	INIT_LIST_HEAD(&page->log.logged);
	return page;
}

/* vhdx_lru.erase of the cache: pinned pages are in use */
static bool vhdx_cache_erase(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	struct vhdx_cache *cache = container_of(lru, struct vhdx_cache, lru);
	const struct vhdx_page *page = container_of(entry, struct vhdx_page, lru);

	if (page->pins)
		return false;
	__xa_erase(&cache->pages, page->index);
	return true;
}

/* vhdx_lru.free of the cache; readers may still use the page */
static void vhdx_cache_free(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	struct vhdx_cache *cache = container_of(lru, struct vhdx_cache, lru);

	atomic_long_dec(&cache->budget->nr_loaded);
	call_rcu(&container_of(entry, struct vhdx_page, lru)->rcu, vhdx_page_free_rcu);
}

/**
 * vhdx_cache_create() - create an empty cache
 * @backing:	the file; must outlive the cache
 * @owner:	copied
 * @sharing:	cache of another file of the disk, whose budget is shared; NULL: a new budget
 * @max_pages:	of a new budget: how many loaded pages to keep before old ones are dropped
 *
 * Context: process, may sleep
 * Return: the cache, or an ERR_PTR
 */
struct vhdx_cache *vhdx_cache_create(const struct vhdx_backing *backing,
				     const struct vhdx_cache_owner *owner,
				     const struct vhdx_cache *sharing,
				     unsigned long max_pages)
{
	struct vhdx_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	int ret;

	if (!cache)
		return ERR_PTR(-ENOMEM);
	cache->backing = backing;
	cache->owner = *owner;
	cache->lru.lock = &cache->pages.xa_lock;
	cache->lru.erase = vhdx_cache_erase;
	cache->lru.free = vhdx_cache_free;
	xa_init_flags(&cache->pages, XA_FLAGS_LOCK_IRQ);
	INIT_LIST_HEAD(&cache->loading);
	vhdx_lru_init(&cache->lru);
	/* last: loads of a disk that is in use find the cache of its new child at once */
	ret = vhdx_cache_budget_join(cache, sharing, max_pages);
	if (ret) {
		vhdx_lru_exit(&cache->lru);
		kfree(cache);
		return ERR_PTR(ret);
	}
	return cache;
}

/**
 * vhdx_cache_destroy() - free a cache with all its pages
 * @cache:	not used by any command any more
 *
 * Context: process; sleeps until all loads that are in flight have ended
 */
void vhdx_cache_destroy(struct vhdx_cache *cache)
{
	struct vhdx_page *page;
	unsigned long index;

	wait_var_event(&cache->nr_loading, !atomic_read(&cache->nr_loading));
	vhdx_lru_exit(&cache->lru);
	vhdx_cache_budget_leave(cache);
	xa_for_each(&cache->pages, index, page)
		vhdx_page_free(page);
	xa_destroy(&cache->pages);
	kfree(cache);
}

/**
 * vhdx_cache_peek() - read one 64-bit word of metadata, if it is in memory
 * @cache:	the cache
 * @offset:	of the word in the file, in bytes, a multiple of 8
 * @word:	set on success, in the CPU's byte order
 * @suspect:	set on success: what vhdx_cache_owner.finish returned for the page
 *
 * Context: any; takes no lock, never sleeps
 * Return: false if the page is not in memory: vhdx_cache_load()
 */
bool vhdx_cache_peek(struct vhdx_cache *cache, u64 offset, u64 *word, bool *suspect)
{
	struct vhdx_page *page;
	bool found = false;

	rcu_read_lock();
	page = xa_load(&cache->pages, offset >> VHDX_PAGE_SHIFT);
	/* pairs with the release in vhdx_page_loaded(): data and suspect are valid */
	if (page && smp_load_acquire(&page->loaded)) {
		const __le64 *words = page->data;

		*word = le64_to_cpu(READ_ONCE(words[offset % VHDX_PAGE_SIZE / sizeof(*words)]));
		*suspect = page->suspect;
		vhdx_lru_touch(&page->lru);
		found = true;
	}
	rcu_read_unlock();
	return found;
}

/* The last step of a load: vhdx_cache_destroy() may free the cache as soon as this is called. */
static void vhdx_cache_end_load(struct vhdx_cache *cache)
{
	if (atomic_dec_and_test(&cache->nr_loading))
		wake_up_var(&cache->nr_loading);
}

/* LOADING -> LOADED. Context: any */
static void vhdx_page_loaded(struct vhdx_page *page)
{
	struct vhdx_cache *cache = page->cache;
	unsigned long flags;
	LIST_HEAD(waiters);

	page->suspect = cache->owner.finish(cache->owner.context,
					    page->index << VHDX_PAGE_SHIFT, page->data);
	xa_lock_irqsave(&cache->pages, flags);
	/* pairs with the acquire in vhdx_cache_peek() */
	smp_store_release(&page->loaded, true);
	vhdx_lru_add(&cache->lru, &page->lru);
	atomic_long_inc(&cache->budget->nr_loaded);
	list_splice_init(&page->waiters, &waiters);
	xa_unlock_irqrestore(&cache->pages, flags);
	vhdx_waiters_complete(&waiters, 0);
	vhdx_cache_end_load(cache);
}

/* LOADING -> (none). Context: any */
static void vhdx_page_failed(struct vhdx_page *page, int error)
{
	struct vhdx_cache *cache = page->cache;
	unsigned long flags;
	LIST_HEAD(waiters);

	xa_lock_irqsave(&cache->pages, flags);
	__xa_erase(&cache->pages, page->index);
	list_del_init(&page->lru.node);
	list_splice_init(&page->waiters, &waiters);
	xa_unlock_irqrestore(&cache->pages, flags);
	call_rcu(&page->rcu, vhdx_page_free_rcu);
	vhdx_waiters_complete(&waiters, error);
	vhdx_cache_end_load(cache);
}

/* A page beyond the end of the file reads as zeros. Context: any */
static void vhdx_page_read_done(struct vhdx_io *io, long result)
{
	struct vhdx_page *page = container_of(io, struct vhdx_page, io);
	bool at_end = result >= 0 && page->from + result >= page->cache->backing->size;

	if (result == VHDX_PAGE_SIZE || at_end) {
		memset(page->data + result, 0, VHDX_PAGE_SIZE - result);
		vhdx_page_loaded(page);
	} else {
		vhdx_page_failed(page, result < 0 ? result : -EIO);
	}
}

static void vhdx_page_read(struct vhdx_page *page)
{
	struct vhdx_cache *cache = page->cache;
	struct iov_iter iter;

	if (!cache->owner.locate(cache->owner.context, page->index << VHDX_PAGE_SHIFT,
				 &page->from)) {
		memset(page->data, 0, VHDX_PAGE_SIZE);
		vhdx_page_loaded(page);
		return;
	}
	page->bvec.bv_page = virt_to_page(page->data);
	page->bvec.bv_offset = offset_in_page(page->data);
	page->bvec.bv_len = VHDX_PAGE_SIZE;
	iov_iter_bvec(&iter, ITER_DEST, &page->bvec, 1, VHDX_PAGE_SIZE);
	vhdx_backing_read(cache->backing, &page->io, page->from, &iter, 0,
			  vhdx_page_read_done);
}

/*
 * Wait for the page of @fresh. If the index has no such page yet, @fresh is inserted, and the
 * caller is to read it.
 *
 * Return: 0 if @waiter waits, 1 if the page is loaded already, or a negative errno
 */
static int vhdx_cache_join(struct vhdx_cache *cache, struct vhdx_page *fresh,
			   struct vhdx_waiter *waiter, bool *inserted)
{
	struct vhdx_page *page;
	int ret = 0;

	xa_lock_irq(&cache->pages);
	do {
		page = xa_load(&cache->pages, fresh->index);
		if (page)
			break;
		/* drops the lock to allocate: -EBUSY if another load inserted the page meanwhile */
		ret = __xa_insert(&cache->pages, fresh->index, fresh, GFP_NOIO);
		if (!ret) {
			page = fresh;
			*inserted = true;
			cache->loads++;
			list_add_tail(&page->lru.node, &cache->loading);
			atomic_inc(&cache->nr_loading);
		}
	} while (ret == -EBUSY);
	if (page && page->loaded) {
		ret = 1;
	} else if (page && vhdx_backing_is_dead(cache->backing)) {
		/* under the lock that protects @waiters: see vhdx_cache_abandon() */
		ret = -EIO;
	} else if (page) {
		list_add_tail(&waiter->node, &page->waiters);
		ret = 0;
	}
	xa_unlock_irq(&cache->pages);
	return ret;
}

/**
 * vhdx_cache_load() - read a page of metadata into memory
 * @cache:	the cache
 * @offset:	in bytes, anywhere in the page
 * @waiter:	completed with 0 when the page is loaded, perhaps before this returns; with a
 *		negative errno if it cannot be
 *
 * The page may have been dropped again when @waiter runs.
 *
 * Context: process, may sleep; in a NOIO scope
 */
void vhdx_cache_load(struct vhdx_cache *cache, u64 offset, struct vhdx_waiter *waiter)
{
	struct vhdx_page *fresh;
	bool inserted = false;
	int ret;

	vhdx_cache_budget_make_room(cache);
	fresh = vhdx_page_alloc(cache, offset >> VHDX_PAGE_SHIFT);
	if (!fresh) {
		waiter->done(waiter, -ENOMEM);
		return;
	}
	ret = vhdx_cache_join(cache, fresh, waiter, &inserted);
	if (inserted)
		vhdx_page_read(fresh);
	else
		vhdx_page_free(fresh);
	if (ret)
		waiter->done(waiter, min(ret, 0));
}

/**
 * vhdx_cache_abandon() - complete all waits with -EIO, after a detach by force
 * @cache:	the cache; vhdx_backing_is_dead() is true, and the file may hang
 *
 * Loads in flight go on. A load that begins later fails at once, unless the page is in memory.
 *
 * Context: process, interrupts enabled
 */
void vhdx_cache_abandon(struct vhdx_cache *cache)
{
	struct vhdx_page *page;
	LIST_HEAD(waiters);

	xa_lock_irq(&cache->pages);
	list_for_each_entry(page, &cache->loading, lru.node)
		list_splice_init(&page->waiters, &waiters);
	xa_unlock_irq(&cache->pages);
	vhdx_waiters_complete(&waiters, -EIO);
}

/**
 * vhdx_cache_pin() - keep a page in memory
 * @cache:	the cache
 * @offset:	in bytes, anywhere in the page
 *
 * Pins nest.
 *
 * Context: any
 * Return: the page, to be released by vhdx_cache_unpin(); NULL if it is not in memory
 */
struct vhdx_page *vhdx_cache_pin(struct vhdx_cache *cache, u64 offset)
{
	struct vhdx_page *page;
	unsigned long flags;

	xa_lock_irqsave(&cache->pages, flags);
	page = xa_load(&cache->pages, offset >> VHDX_PAGE_SHIFT);
	if (page && page->loaded)
		page->pins++;
	else
		page = NULL;
	xa_unlock_irqrestore(&cache->pages, flags);
	return page;
}

/**
 * vhdx_cache_unpin() - undo vhdx_cache_pin()
 * @cache:	the cache
 * @page:	pinned; without another pin it may be dropped at once
 *
 * Context: any
 */
void vhdx_cache_unpin(struct vhdx_cache *cache, struct vhdx_page *page)
{
	unsigned long flags;

	xa_lock_irqsave(&cache->pages, flags);
	page->pins--;
	xa_unlock_irqrestore(&cache->pages, flags);
}

/**
 * vhdx_cache_stats() - read the counters of a cache
 * @cache:	the cache
 * @stats:	filled
 *
 * Context: any; takes no lock, so the counters are of slightly different moments
 */
void vhdx_cache_stats(struct vhdx_cache *cache, struct vhdx_cache_stats *stats)
{
	stats->pages = READ_ONCE(cache->lru.nr);
	stats->loads = READ_ONCE(cache->loads);
}
