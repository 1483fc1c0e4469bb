// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: one shrinker for all disks
 *
 * Before Linux 6.7 registering a shrinker waits for all shrinkers that are running, and one of a
 * file system that hangs does not end. A disk that registered its own would wait for it, and so
 * would a detach (P9). So the module has a single shrinker, registered when it is loaded, and
 * caches are on a list.
 *
 * The list begins with the cache that was looked at longest ago: all are looked at in turn.
 */
#include "meta/shrink.h"

#include <linux/spinlock.h>

#include "compat.h"

static DEFINE_SPINLOCK(vhdx_shrink_lock);
static LIST_HEAD(vhdx_caches);
static struct vhdx_shrinker vhdx_shrinker;

static unsigned long vhdx_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct vhdx_shrinkable *cache;
	unsigned long count = 0;

	spin_lock(&vhdx_shrink_lock);
	list_for_each_entry(cache, &vhdx_caches, node)
		count += cache->count(cache);
	spin_unlock(&vhdx_shrink_lock);
	return count;
}

/* Objects that are in use are looked at, too: so many that each cache is left after one round. */
static unsigned long vhdx_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long left = sc->nr_to_scan, freed = 0, nr;
	struct vhdx_shrinkable *cache, *next;
	LIST_HEAD(seen);

	spin_lock(&vhdx_shrink_lock);
	list_for_each_entry_safe(cache, next, &vhdx_caches, node) {
		if (!left)
			break;
		nr = min(left, cache->count(cache));
		freed += cache->scan(cache, nr);
		left -= nr;
		list_move_tail(&cache->node, &seen);
	}
	list_splice_tail(&seen, &vhdx_caches);
	spin_unlock(&vhdx_shrink_lock);
	return freed;
}

/**
 * vhdx_shrink_init() - have the system ask for memory
 *
 * Return: 0 or a negative errno
 */
int vhdx_shrink_init(void)
{
	return vhdx_shrinker_register(&vhdx_shrinker, vhdx_shrink_count, vhdx_shrink_scan);
}

/* Undo vhdx_shrink_init(): no cache is left. */
void vhdx_shrink_exit(void)
{
	vhdx_shrinker_unregister(&vhdx_shrinker);
}

/**
 * vhdx_shrink_add() - a cache can give memory back
 * @cache:	with its functions
 *
 * Context: process; waits for nothing but a spinlock
 */
void vhdx_shrink_add(struct vhdx_shrinkable *cache)
{
	spin_lock(&vhdx_shrink_lock);
	list_add(&cache->node, &vhdx_caches);
	spin_unlock(&vhdx_shrink_lock);
}

/**
 * vhdx_shrink_remove() - undo vhdx_shrink_add()
 * @cache:	not asked for anything any more afterwards
 *
 * Context: process; waits for nothing but a spinlock
 */
void vhdx_shrink_remove(struct vhdx_shrinkable *cache)
{
	spin_lock(&vhdx_shrink_lock);
	list_del(&cache->node);
	spin_unlock(&vhdx_shrink_lock);
}
