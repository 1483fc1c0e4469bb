// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: what is remembered of a chain
 *
 * To find a sector in a chain every file is asked in turn, and a chain of Hyper-V
 * checkpoints may have dozens. But the parents do not change while they are attached: once
 * it is known which of them answers for a place, all those above it need not be asked again.
 * So for each MiB of the disk ("cell") that was read through the parents, an answer says
 * where to begin:
 *
 *	layer		if one file is the first to have anything to say everywhere in it
 *	page[]		else for every 4 KiB, the number of the first file that has
 *
 * A MiB, because whatever the block sizes of the files are, no payload block ends inside
 * one. An answer says only whom to ask first, not what the answer will be: that file's own
 * BAT is looked at as ever, so nothing here can be stale or say more than the file does. A
 * read costs one lookup here and then what it would cost in a single file, however long the
 * chain is.
 *
 * Memory: 56 bytes for a cell, and 256 more if it is mixed (what the allocator adds is not
 * counted), up to the given limit. The shrinker, or a new answer that exceeds the limit, drops
 * those that were not used since the last round (meta/lru.c). Readers take no lock: RCU keeps
 * an answer, and it does not change but for its flag in the LRU. All else is under the
 * xarray's lock.
 *
 * When there is no memory nothing is remembered, and the files are asked in turn.
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

/* The parents, by number */
static int vhdx_chain_cache_list_layers(struct vhdx_chain_cache *cache)
{
	struct vhdx_image *image = cache->owner.top;
	unsigned int i;

	cache->layer = kcalloc(image->depth, sizeof(*cache->layer), GFP_KERNEL);
	for (i = 0; cache->layer && image->parent; i++) {
		image = image->parent;
		cache->layer[i] = image;
	}
	return cache->layer ? 0 : -ENOMEM;
}

/**
 * vhdx_chain_cache_create() - an empty memory
 * @owner:	copied; the chain must outlive it, and has at most 256 parents
 * @max_bytes:	how much to remember
 *
 * Return: the memory, or an ERR_PTR
 */
struct vhdx_chain_cache *vhdx_chain_cache_create(const struct vhdx_chain_cache_owner *owner,
						 unsigned long max_bytes)
{
	struct vhdx_chain_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	int ret;

	if (!cache)
		return ERR_PTR(-ENOMEM);
	cache->owner = *owner;
	cache->max_bytes = max_bytes;
	xa_init(&cache->answers);
	cache->lru.lock = &cache->answers.xa_lock;
	cache->lru.erase = vhdx_chain_cache_erase;
	cache->lru.free = vhdx_chain_cache_free;
	ret = vhdx_chain_cache_list_layers(cache);
	if (ret) {
		kfree(cache);
		return ERR_PTR(ret);
	}
	vhdx_lru_init(&cache->lru);
	return cache;
}

/**
 * vhdx_chain_cache_destroy() - forget everything
 * @cache:	nobody is asking any more
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

/* The file of a mixed answer for @page, and how many pages it is the file of */
static u8 vhdx_answer_layer(const struct vhdx_answer *answer, u32 page, u32 *pages)
{
	u32 end = page + 1;

	while (end < VHDX_CELL_PAGES && answer->page[end] == answer->page[page])
		end++;
	*pages = end - page;
	return answer->page[page];
}

/**
 * vhdx_chain_cache_find() - which file is to be asked first?
 * @cache:	the memory
 * @position:	virtual offset in bytes
 * @length:	set to the number of bytes from there on about which those above the file
 *		have nothing to say
 *
 * Context: any; takes no lock, never sleeps.
 * Return: the file, or NULL if that is not known
 */
struct vhdx_image *vhdx_chain_cache_find(struct vhdx_chain_cache *cache, u64 position, u64 *length)
{
	u32 skip = position & (SZ_1M - 1), page = skip / VHDX_CELL_PAGE_SIZE, pages;
	struct vhdx_image *image = NULL;
	struct vhdx_answer *answer;

	rcu_read_lock();
	answer = xa_load(&cache->answers, position >> VHDX_CELL_SHIFT);
	if (answer && answer->mixed) {
		image = cache->layer[vhdx_answer_layer(answer, page, &pages)];
		*length = (u64)(page + pages) * VHDX_CELL_PAGE_SIZE - skip;
	} else if (answer) {
		image = cache->layer[answer->layer];
		*length = SZ_1M - skip;
	}
	/* written only when it changes: the cache line stays shared */
	if (answer)
		vhdx_lru_touch(&answer->lru);
	rcu_read_unlock();
	return image;
}

/* Who is the first to have something to say, in each page? False: @map says why not. */
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
	INIT_LIST_HEAD(&answer->lru.node);
	answer->mixed = mixed;
	answer->layer = page[0];
	if (mixed)
		memcpy(answer->page, page, VHDX_CELL_PAGES);
	return answer;
}

/* Another who learnt the same may have been faster. */
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
 * vhdx_chain_cache_learn() - find out whom to ask about a place, and remember it
 * @cache:	the memory
 * @position:	virtual offset in bytes
 * @map:	if not true, says MISS, or BAD: then ask the files in turn, because what is bad
 *		may be somewhere else in the cell
 *
 * Context: process; does not sleep, takes some microseconds for a file
 * Return: true if all files around @position could be asked
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
 * vhdx_chain_cache_stats() - how much is remembered
 * @cache:	the memory
 * @stats:	filled
 */
void vhdx_chain_cache_stats(struct vhdx_chain_cache *cache, struct vhdx_chain_cache_stats *stats)
{
	stats->answers = READ_ONCE(cache->lru.nr);
	stats->bytes = READ_ONCE(cache->bytes);
}
