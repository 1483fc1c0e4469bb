// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the chain cache
 *
 * A lookup in a chain visits file after file, and a chain of Hyper-V checkpoints may have
 * dozens. But the parents do not change while they are attached: once it is known which of
 * them has the data at a place, lookups there need not visit those above it. So for each MiB
 * of the disk ("cell") that was read through the parents, an answer says where to begin:
 *
 *	layer		if one file is the first to have data or zeros everywhere in the cell
 *	page[]		else for every 4 KiB, the number of the first file that has
 *
 * The unit is a MiB because no payload block of any file ends inside one, whatever the block
 * sizes. An answer only says where a lookup begins, not how it ends: the BAT of that file is
 * looked up as ever, so an answer cannot be stale and cannot contradict the file. A read costs
 * one lookup here and then as much as in a single file, however long the chain is.
 *
 * Memory: 56 bytes for a cell, and 256 more if it is mixed (the overhead of the allocator not
 * counted), up to the given limit. The shrinker, or a new answer above the limit, drops answers
 * that were not used since the last round (meta/lru.c). Readers take no lock: RCU keeps
 * an answer, which does not change except for its flag in the LRU. All else is under the
 * xarray's lock.
 *
 * Without memory no answer is kept, and lookups visit the files in turn.
 */
#include "image/chain_cache.h"

#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "image/image.h"
#include "meta/lru.h"

#define VHDX_CELL_SHIFT		20
#define VHDX_CELL_PAGE_SIZE	SZ_4K
#define VHDX_CELL_PAGES		(SZ_1M / VHDX_CELL_PAGE_SIZE)

/*
 * I: set when made; L: xa_lock of answers
 */
struct vhdx_answer {
	u64 cell;			/* I */
	struct vhdx_lru_entry lru;	/* L */
	struct rcu_head rcu;
	bool mixed;			/* I */
	u8 layer;			/* I: unless mixed; 0 is the first parent */
	u8 page[];			/* I: if mixed */
};

struct vhdx_chain_cache {
	struct vhdx_chain_cache_owner owner;	/* I */
	struct vhdx_image **layer;		/* I: the parents, first to last */
	unsigned long max_bytes;		/* I */
	struct xarray answers;
	struct vhdx_lru lru;			/* L */
	unsigned long bytes;			/* L */
};

static size_t vhdx_answer_size(bool mixed)
{
	return sizeof(struct vhdx_answer) + (mixed ? VHDX_CELL_PAGES : 0);
}

static bool vhdx_chain_cache_erase(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	struct vhdx_chain_cache *cache = container_of(lru, struct vhdx_chain_cache, lru);
	const struct vhdx_answer *answer = container_of(entry, struct vhdx_answer, lru);

	__xa_erase(&cache->answers, answer->cell);
	cache->bytes -= vhdx_answer_size(answer->mixed);
	return true;
}

static void vhdx_chain_cache_free(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	kfree_rcu(container_of(entry, struct vhdx_answer, lru), rcu);
}

/**
 * vhdx_chain_cache_create() - create an empty cache
 * @owner:	copied; the chain must exist as long as the cache, and has at most 256 parents
 * @max_bytes:	limit of the memory for answers
 *
 * Context: process, may sleep
 * Return: the cache, or ERR_PTR(-ENOMEM)
 */
struct vhdx_chain_cache *vhdx_chain_cache_create(const struct vhdx_chain_cache_owner *owner,
						 unsigned long max_bytes)
{
	struct vhdx_chain_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	struct vhdx_image *image = owner->top;
	unsigned int i;

	if (!cache)
		return ERR_PTR(-ENOMEM);
	cache->owner = *owner;
	cache->max_bytes = max_bytes;
	xa_init(&cache->answers);
	cache->lru.lock = &cache->answers.xa_lock;
	cache->lru.erase = vhdx_chain_cache_erase;
	cache->lru.free = vhdx_chain_cache_free;
	cache->layer = kcalloc(image->depth, sizeof(*cache->layer), GFP_KERNEL);
	if (!cache->layer) {
		kfree(cache);
		return ERR_PTR(-ENOMEM);
	}
	for (i = 0; image->parent; i++) {
		image = image->parent;
		cache->layer[i] = image;
	}
	vhdx_lru_init(&cache->lru);
	return cache;
}

/**
 * vhdx_chain_cache_destroy() - free the cache and its answers
 * @cache:	without lookups under way
 *
 * Context: process, may sleep
 */
void vhdx_chain_cache_destroy(struct vhdx_chain_cache *cache)
{
	struct vhdx_answer *answer;
	unsigned long cell;

	vhdx_lru_exit(&cache->lru);
	xa_for_each(&cache->answers, cell, answer)
		kfree(answer);
	xa_destroy(&cache->answers);
	kfree(cache->layer);
	kfree(cache);
}

/**
 * vhdx_chain_cache_find() - find the parent where a lookup can begin
 * @cache:	the cache
 * @position:	virtual offset in bytes
 * @length:	if found, set to the number of bytes from @position on that the parents above it
 *		do not have
 *
 * Context: any; takes no lock, never sleeps.
 * Return: the parent, or NULL if no answer is kept
 */
struct vhdx_image *vhdx_chain_cache_find(struct vhdx_chain_cache *cache, u64 position, u64 *length)
{
	u32 skip = position & (SZ_1M - 1), page = skip / VHDX_CELL_PAGE_SIZE, end = page + 1;
	struct vhdx_image *image = NULL;
	struct vhdx_answer *answer;

	rcu_read_lock();
	answer = xa_load(&cache->answers, position >> VHDX_CELL_SHIFT);
	if (answer && answer->mixed) {
		while (end < VHDX_CELL_PAGES && answer->page[end] == answer->page[page])
			end++;
		image = cache->layer[answer->page[page]];
		*length = (u64)end * VHDX_CELL_PAGE_SIZE - skip;
	} else if (answer) {
		image = cache->layer[answer->layer];
		*length = SZ_1M - skip;
	}
	/* writes only if the flag changes: the cache line stays shared */
	if (answer)
		vhdx_lru_touch(&answer->lru);
	rcu_read_unlock();
	return image;
}

/*
 * Find the first parent that has data or zeros, for each page of a cell.
 *
 * Return: false if a lookup failed; @map says why
 */
static bool vhdx_chain_cache_survey(struct vhdx_chain_cache *cache, u64 cell, u8 *page,
				    struct vhdx_map *map)
{
	struct vhdx_image *top = cache->owner.top;
	u32 at = 0, first, last;

	memset(page, U8_MAX, VHDX_CELL_PAGES);
	while (at < SZ_1M) {
		u8 layer;

		cache->owner.walk(top->parent, (cell << VHDX_CELL_SHIFT) + at, SZ_1M - at, map);
		if (map->kind == VHDX_MAP_MISS || map->kind == VHDX_MAP_BAD)
			return false;
		layer = top->depth - 1 - map->image->depth;
		first = at / VHDX_CELL_PAGE_SIZE;
		at += map->length;
		last = (at - 1) / VHDX_CELL_PAGE_SIZE;
		for (; first <= last; first++)
			page[first] = min(page[first], layer);
	}
	return true;
}

static struct vhdx_answer *vhdx_answer_alloc(u64 cell, const u8 *page)
{
	bool mixed = memchr_inv(page, page[0], VHDX_CELL_PAGES);
	struct vhdx_answer *answer = kmalloc(vhdx_answer_size(mixed),
					     GFP_NOWAIT | __GFP_NOWARN);

	if (!answer)
		return NULL;
	answer->cell = cell;
	vhdx_lru_entry_init(&answer->lru);
	answer->mixed = mixed;
	answer->layer = page[0];
	if (mixed)
		memcpy(answer->page, page, VHDX_CELL_PAGES);
	return answer;
}

/* Add an answer, unless another task has added one for this cell. */
static void vhdx_chain_cache_keep(struct vhdx_chain_cache *cache, struct vhdx_answer *answer)
{
	int ret;

	if (READ_ONCE(cache->bytes) >= cache->max_bytes)
		vhdx_lru_make_room(&cache->lru);
	xa_lock(&cache->answers);
	ret = __xa_insert(&cache->answers, answer->cell, answer, GFP_NOWAIT | __GFP_NOWARN);
	if (!ret) {
		vhdx_lru_add(&cache->lru, &answer->lru);
		cache->bytes += vhdx_answer_size(answer->mixed);
	}
	xa_unlock(&cache->answers);
	if (ret)
		kfree(answer);
}

/**
 * vhdx_chain_cache_learn() - look up a whole cell in the parents, and keep the answer
 * @cache:	the cache
 * @position:	virtual offset in bytes, in the cell
 * @map:	if not true, says MISS or BAD. After BAD the caller visits all files in turn:
 *		the invalid entry may be elsewhere in the cell.
 *
 * Context: process; does not sleep; takes some microseconds for each file
 * Return: true if all lookups succeeded; the answer is kept if there is memory for it
 */
bool vhdx_chain_cache_learn(struct vhdx_chain_cache *cache, u64 position, struct vhdx_map *map)
{
	u64 cell = position >> VHDX_CELL_SHIFT;
	struct vhdx_answer *answer;
	u8 page[VHDX_CELL_PAGES];

	if (!vhdx_chain_cache_survey(cache, cell, page, map))
		return false;
	answer = vhdx_answer_alloc(cell, page);
	if (answer)
		vhdx_chain_cache_keep(cache, answer);
	return true;
}

/**
 * vhdx_chain_cache_stats() - how much the cache holds
 * @cache:	the cache
 * @stats:	filled
 *
 * Context: any
 */
void vhdx_chain_cache_stats(struct vhdx_chain_cache *cache, struct vhdx_chain_cache_stats *stats)
{
	stats->answers = READ_ONCE(cache->lru.nr);
	stats->bytes = READ_ONCE(cache->bytes);
}
