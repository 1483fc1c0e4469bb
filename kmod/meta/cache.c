// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the cache
 *
 * A 64 TiB disk of 1 MiB blocks has a BAT of 512 MiB, so metadata is kept as pages of
 * 4 KiB, keyed by their offset in the file, and only those that somebody needs.
 *
 * A page is born LOADING: it is in the index, so that everybody who misses it meets
 * there and one read serves all, but it has no contents yet. When the read is over it
 * becomes LOADED and joins the LRU, or leaves the index if the read failed; either way all
 * waiters are told. LOADED pages may go at any time: the shrinker, or a load that exceeds
 * the limit, takes those that nobody has looked at since the last round (second chance).
 * The limit is the disk's: the caches of all files of a chain share one budget, and a load that
 * exceeds it takes pages from the file that has the most. Pinned pages stay: the journal pins a
 * page as long as what is in memory is not in its place in the file, so that what is read again is
 * never older than what went.
 *
 *	(none) -> LOADING	vhdx_cache_load()
 *	LOADING -> LOADED	vhdx_page_loaded()
 *	LOADING -> (none)	vhdx_page_failed()
 *	LOADED -> (none)	vhdx_lru_evict()
 *
 * Readers (vhdx_cache_peek) take no lock: RCU keeps the page, a 64-bit load is atomic,
 * and @loaded is set with release after the contents, read with acquire before them. All
 * else is under the lock of the xarray, which is taken with interrupts off because direct
 * reads complete in interrupts.
 */
#include "meta/cache.h"

#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/xarray.h>

#include "backing/backing.h"
#include "compat.h"
#include "meta/lru.h"
#include "format/disk.h"

/* The index counts pages of a file of up to 2^63 bytes. */
static_assert(BITS_PER_LONG == 64, "vhdx needs a 64-bit kernel");

/*
 * I: set when made; L: xa_lock of pages; R: read without lock, see above
 */
struct vhdx_page {
	struct vhdx_cache *cache;	/* I */
	u64 index;			/* I: offset in the file in pages */
	u64 from;			/* where it is read from: index, unless in the log */
	void *data;			/* I: VHDX_PAGE_SIZE; changed by the journal only */
	bool loaded;			/* R */
	bool suspect;			/* I once loaded */
	unsigned int pins;		/* L: it stays */
	struct vhdx_page_log log;	/* the journal's */
	struct vhdx_lru_entry lru;	/* L: on cache->loading, then on cache->lru */
	struct list_head waiters;	/* L: of struct vhdx_waiter, until loaded */
	struct bio_vec bvec;		/* of the read */
	struct vhdx_io io;
	struct rcu_head rcu;
};

/*
 * How much all files of a disk may keep in memory
 */
struct vhdx_cache_budget {
	unsigned long max_pages;		/* I */
	atomic_long_t nr_loaded;		/* of all caches */
	spinlock_t lock;
	struct list_head caches;		/* under lock; none: to be freed */
};

struct vhdx_cache {
	const struct vhdx_backing *backing;	/* I */
	struct vhdx_cache_owner owner;		/* I */
	struct vhdx_cache_budget *budget;	/* I */
	struct list_head sharing;		/* on budget->caches */
	struct xarray pages;
	struct vhdx_lru lru;			/* L: loaded pages */
	unsigned long loads;			/* L */
	struct list_head loading;		/* L: pages without contents yet */
	atomic_t nr_loading;			/* until their waiters were told */
};

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
	INIT_LIST_HEAD(&page->lru.node);
	INIT_LIST_HEAD(&page->waiters);
	INIT_LIST_HEAD(&page->log.dirty);
	INIT_LIST_HEAD(&page->log.logged);
	return page;
}

static bool vhdx_cache_erase(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	struct vhdx_cache *cache = container_of(lru, struct vhdx_cache, lru);
	const struct vhdx_page *page = container_of(entry, struct vhdx_page, lru);

	if (page->pins)
		return false;
	__xa_erase(&cache->pages, page->index);
	return true;
}

static void vhdx_cache_free(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	struct vhdx_cache *cache = container_of(lru, struct vhdx_cache, lru);

	atomic_long_dec(&cache->budget->nr_loaded);
	call_rcu(&container_of(entry, struct vhdx_page, lru)->rcu, vhdx_page_free_rcu);
}

static struct vhdx_cache_budget *vhdx_budget_create(unsigned long max_pages)
{
	struct vhdx_cache_budget *budget = kzalloc(sizeof(*budget), GFP_KERNEL);

	if (!budget)
		return NULL;
	budget->max_pages = max_pages;
	spin_lock_init(&budget->lock);
	INIT_LIST_HEAD(&budget->caches);
	return budget;
}

static void vhdx_budget_join(struct vhdx_cache_budget *budget, struct vhdx_cache *cache)
{
	cache->budget = budget;
	spin_lock(&budget->lock);
	list_add(&cache->sharing, &budget->caches);
	spin_unlock(&budget->lock);
}

/* A chain is opened and closed by one task at a time: nothing joins what the last one leaves. */
static void vhdx_budget_leave(struct vhdx_cache *cache)
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
 * vhdx_cache_create() - an empty cache
 * @backing:	the file; must outlive the cache
 * @owner:	copied
 * @sharing:	cache of another file of the disk, whose budget is shared; NULL: a new one
 * @max_pages:	of a new budget: how many loaded pages to keep before old ones are dropped
 *
 * Return: the cache, or an ERR_PTR
 */
struct vhdx_cache *vhdx_cache_create(const struct vhdx_backing *backing,
				     const struct vhdx_cache_owner *owner,
				     const struct vhdx_cache *sharing,
				     unsigned long max_pages)
{
	struct vhdx_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	struct vhdx_cache_budget *budget;

	if (!cache)
		return ERR_PTR(-ENOMEM);
	budget = sharing ? sharing->budget : vhdx_budget_create(max_pages);
	if (!budget) {
		kfree(cache);
		return ERR_PTR(-ENOMEM);
	}
	cache->backing = backing;
	cache->owner = *owner;
	cache->lru.lock = &cache->pages.xa_lock;
	cache->lru.erase = vhdx_cache_erase;
	cache->lru.free = vhdx_cache_free;
	xa_init_flags(&cache->pages, XA_FLAGS_LOCK_IRQ);
	INIT_LIST_HEAD(&cache->loading);
	vhdx_budget_join(budget, cache);
	vhdx_lru_init(&cache->lru);
	return cache;
}

/**
 * vhdx_cache_destroy() - forget all pages
 * @cache:	no command uses it any more
 *
 * Context: process; waits for pages that are being loaded, even if no command does
 */
void vhdx_cache_destroy(struct vhdx_cache *cache)
{
	struct vhdx_page *page;
	unsigned long index;

	wait_var_event(&cache->nr_loading, !atomic_read(&cache->nr_loading));
	vhdx_lru_exit(&cache->lru);
	vhdx_budget_leave(cache);
	xa_for_each(&cache->pages, index, page)
		vhdx_page_free(page);
	xa_destroy(&cache->pages);
	kfree(cache);
}

/**
 * vhdx_cache_peek() - read one 64-bit word of metadata, if it is in memory
 * @cache:	the cache
 * @offset:	of the word in the file, a multiple of 8
 * @word:	set on success, in the CPU's byte order
 * @suspect:	set on success: the owner found something odd in this page
 *
 * Context: any; takes no lock, never sleeps.
 * Return: false if the page must be loaded first
 */
bool vhdx_cache_peek(struct vhdx_cache *cache, u64 offset, u64 *word, bool *suspect)
{
	struct vhdx_page *page;
	bool found = false;

	rcu_read_lock();
	page = xa_load(&cache->pages, offset >> VHDX_PAGE_SHIFT);
	/* pairs with the release in vhdx_page_loaded(): contents and suspect are there */
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

/* The cache may be gone afterwards. */
static void vhdx_cache_end_load(struct vhdx_cache *cache)
{
	if (atomic_dec_and_test(&cache->nr_loading))
		wake_up_var(&cache->nr_loading);
}

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
	vhdx_waiters_tell(&waiters, 0);
	vhdx_cache_end_load(cache);
}

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
	vhdx_waiters_tell(&waiters, error);
	vhdx_cache_end_load(cache);
}

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
 * Join those waiting for the page, or make @fresh the page to wait for.
 *
 * Return: 0 if the waiter waits, 1 if the page is there already, or a negative errno
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
		/* drops the lock to allocate, so -EBUSY if somebody was faster */
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
		/* looked at in the hold of the lock that adds: see vhdx_cache_abandon() */
		ret = -EIO;
	} else if (page) {
		list_add_tail(&waiter->node, &page->waiters);
		ret = 0;
	}
	xa_unlock_irq(&cache->pages);
	return ret;
}

/* Context: @budget->lock held, so that it stays. Return: what has the most pages */
static struct vhdx_cache *vhdx_budget_largest(struct vhdx_cache_budget *budget)
{
	struct vhdx_cache *cache, *largest = NULL;

	list_for_each_entry(cache, &budget->caches, sharing)
		if (!largest || READ_ONCE(cache->lru.nr) > READ_ONCE(largest->lru.nr))
			largest = cache;
	return largest;
}

/* Looking at more than one page for each that is loaded gets ahead of the loads. */
static void vhdx_cache_make_room(struct vhdx_cache *cache)
{
	struct vhdx_cache_budget *budget = cache->budget;
	struct vhdx_cache *largest;

	if (atomic_long_read(&budget->nr_loaded) < (long)budget->max_pages)
		return;
	spin_lock(&budget->lock);
	largest = vhdx_budget_largest(budget);
	vhdx_lru_make_room(&largest->lru);
	spin_unlock(&budget->lock);
}

/**
 * vhdx_cache_load() - have a page of metadata read
 * @cache:	the cache
 * @offset:	any offset in the page
 * @waiter:	told when the page is there, perhaps before this returns
 *
 * Context: process, may sleep, in a NOIO scope.
 */
void vhdx_cache_load(struct vhdx_cache *cache, u64 offset, struct vhdx_waiter *waiter)
{
	struct vhdx_page *fresh;
	bool inserted = false;
	int ret;

	vhdx_cache_make_room(cache);
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
 * vhdx_cache_abandon() - the disk was killed: all that wait for a page are told
 * @cache:	the cache; the file may hang
 *
 * Pages that are being loaded are loaded all the same. What comes later is told at once.
 *
 * Context: process
 */
void vhdx_cache_abandon(struct vhdx_cache *cache)
{
	struct vhdx_page *page;
	LIST_HEAD(waiters);

	xa_lock_irq(&cache->pages);
	list_for_each_entry(page, &cache->loading, lru.node)
		list_splice_init(&page->waiters, &waiters);
	xa_unlock_irq(&cache->pages);
	vhdx_waiters_tell(&waiters, -EIO);
}

/**
 * vhdx_cache_pin() - keep a page in memory
 * @cache:	the cache
 * @offset:	any offset in the page
 *
 * Context: any.
 * Return: the page, for vhdx_cache_unpin(), or NULL if it must be loaded first
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
 * @page:	may go at once
 *
 * Context: any.
 */
void vhdx_cache_unpin(struct vhdx_cache *cache, struct vhdx_page *page)
{
	unsigned long flags;

	xa_lock_irqsave(&cache->pages, flags);
	page->pins--;
	xa_unlock_irqrestore(&cache->pages, flags);
}

/* Where a page belongs in the file, in bytes */
u64 vhdx_page_offset(const struct vhdx_page *page)
{
	return page->index << VHDX_PAGE_SHIFT;
}

/* A pinned page's contents; single words are read by others at any time. */
__le64 *vhdx_page_words(struct vhdx_page *page)
{
	return page->data;
}

struct vhdx_page_log *vhdx_page_log(struct vhdx_page *page)
{
	return &page->log;
}

struct vhdx_page *vhdx_page_of_log(struct vhdx_page_log *log)
{
	return container_of(log, struct vhdx_page, log);
}

/**
 * vhdx_cache_stats() - how much is in memory
 * @cache:	the cache
 * @stats:	filled
 */
void vhdx_cache_stats(struct vhdx_cache *cache, struct vhdx_cache_stats *stats)
{
	stats->pages = READ_ONCE(cache->lru.nr);
	stats->loads = READ_ONCE(cache->loads);
}
