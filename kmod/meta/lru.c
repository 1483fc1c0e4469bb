// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: second chance, and one shrinker for all disks
 *
 * The objects of a cache are on a list, oldest first. An object at the front that was used since it
 * was last looked at moves to the end of the list; another one is dropped. So a look-up writes a
 * flag at most, and takes no lock.
 *
 * The module has a single shrinker, registered when it is loaded, and all caches are on a list.
 * Before Linux 6.7, registering a shrinker waits for all shrinkers that run, and that of a file
 * system that hangs does not end. A shrinker for each disk would make an attach wait for it, and a
 * detach as well (P9).
 *
 * The list of caches begins with the one that was scanned longest ago, so each gets its turn.
 */
#include "meta/lru.h"

#include "compat/mm.h"

static DEFINE_SPINLOCK(vhdx_lru_lock);
static LIST_HEAD(vhdx_lrus);
static struct vhdx_shrinker vhdx_lru_shrinker;

/**
 * vhdx_lru_evict() - drop old objects of a cache
 * @lru:	of the cache
 * @nr:		number of objects to look at, the oldest first
 * @referenced_too: drop objects that were used since the last look, too; never one that is in use
 *
 * Context: any but hard interrupts; @lru->lock is not held
 * Return: number of objects dropped
 */
unsigned long vhdx_lru_evict(struct vhdx_lru *lru, unsigned long nr, bool referenced_too)
{
	struct vhdx_lru_entry *entry, *next;
	unsigned long flags, freed = 0;
	LIST_HEAD(victims);

	spin_lock_irqsave(lru->lock, flags);
	while (nr-- && !list_empty(&lru->entries)) {
		entry = list_first_entry(&lru->entries, struct vhdx_lru_entry, node);
		if ((READ_ONCE(entry->referenced) && !referenced_too) ||
		    !lru->erase(lru, entry)) {
			WRITE_ONCE(entry->referenced, false);
			list_move_tail(&entry->node, &lru->entries);
			continue;
		}
		list_move(&entry->node, &victims);
		lru->nr--;
		freed++;
	}
	spin_unlock_irqrestore(lru->lock, flags);
	list_for_each_entry_safe(entry, next, &victims, node)
		lru->free(lru, entry);
	return freed;
}

/**
 * vhdx_lru_make_room() - make room in a cache that is full
 * @lru:	of the cache
 *
 * Drops those of the eight oldest objects that were not used since the last look; if there are
 * none, the next object of the list, unless it is in use.
 *
 * Context: as vhdx_lru_evict()
 */
void vhdx_lru_make_room(struct vhdx_lru *lru)
{
	if (!vhdx_lru_evict(lru, 8, false))
		vhdx_lru_evict(lru, 1, true);
}

/**
 * vhdx_lru_add() - put an object at the end of the list
 * @lru:	of the cache
 * @entry:	of the object, after vhdx_lru_entry_init(); may be on a list that @lru->lock
 *		protects. Counts as used
 *
 * Context: @lru->lock held
 */
void vhdx_lru_add(struct vhdx_lru *lru, struct vhdx_lru_entry *entry)
{
	lockdep_assert_held(lru->lock);
	WRITE_ONCE(entry->referenced, true);
	list_move_tail(&entry->node, &lru->entries);
	lru->nr++;
}

static unsigned long vhdx_lru_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct vhdx_lru *lru;
	unsigned long count = 0;

	spin_lock(&vhdx_lru_lock);
	list_for_each_entry(lru, &vhdx_lrus, node)
		count += READ_ONCE(lru->nr);
	spin_unlock(&vhdx_lru_lock);
	return count;
}

/* Objects in use count as looked at, too: the walk leaves each cache after one round at most. */
static unsigned long vhdx_lru_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long left = sc->nr_to_scan, freed = 0, nr;
	struct vhdx_lru *lru, *next;
	LIST_HEAD(seen);

	spin_lock(&vhdx_lru_lock);
	list_for_each_entry_safe(lru, next, &vhdx_lrus, node) {
		if (!left)
			break;
		nr = min(left, READ_ONCE(lru->nr));
		freed += vhdx_lru_evict(lru, nr, false);
		left -= nr;
		list_move_tail(&lru->node, &seen);
	}
	list_splice_tail(&seen, &vhdx_lrus);
	spin_unlock(&vhdx_lru_lock);
	return freed;
}

/**
 * vhdx_lru_module_init() - register the shrinker
 *
 * Context: process, may sleep
 * Return: 0 or a negative errno
 */
int vhdx_lru_module_init(void)
{
	return vhdx_shrinker_register(&vhdx_lru_shrinker, vhdx_lru_shrink_count,
				      vhdx_lru_shrink_scan);
}

/**
 * vhdx_lru_module_exit() - undo vhdx_lru_module_init()
 *
 * Context: process; no cache is left
 */
void vhdx_lru_module_exit(void)
{
	vhdx_shrinker_unregister(&vhdx_lru_shrinker);
}

/**
 * vhdx_lru_init() - let the shrinker drop objects of a cache
 * @lru:	of the cache; @lock, @erase and @free are set
 *
 * Context: process; does not sleep
 */
void vhdx_lru_init(struct vhdx_lru *lru)
{
	INIT_LIST_HEAD(&lru->entries);
	spin_lock(&vhdx_lru_lock);
	list_add(&lru->node, &vhdx_lrus);
	spin_unlock(&vhdx_lru_lock);
}

/**
 * vhdx_lru_exit() - undo vhdx_lru_init()
 * @lru:	of the cache; the objects that are left belong to the caller
 *
 * Context: process; does not sleep. Waits for a scan of the shrinker that is under way
 */
void vhdx_lru_exit(struct vhdx_lru *lru)
{
	spin_lock(&vhdx_lru_lock);
	list_del(&lru->node);
	spin_unlock(&vhdx_lru_lock);
}
