/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Caches that drop what was not used for the longest time, of their own accord or when the
 * system needs memory.
 */
#ifndef VHDX_META_LRU_H
#define VHDX_META_LRU_H

#include <linux/list.h>
#include <linux/spinlock.h>

/**
 * struct vhdx_lru_entry - part of an object that is cached
 * @node:	on vhdx_lru.entries
 * @referenced:	used since it was last looked at; a hint, races are harmless
 */
struct vhdx_lru_entry {
	struct list_head node;
	bool referenced;
};

/**
 * struct vhdx_lru - the objects of a cache by their age; part of the cache
 * @lock:	of the cache's index: protects @entries and @nr
 * @entries:	oldest first
 * @nr:		of @entries
 * @erase:	take an object out of the index, unless it is in use. Context: @lock held,
 *		interrupts off. Return: false if it is in use
 * @free:	free it. Context: no lock of the cache is held
 * @node:	of the list of all caches
 */
struct vhdx_lru {
	spinlock_t *lock;
	struct list_head entries;
	unsigned long nr;
	bool (*erase)(struct vhdx_lru *lru, struct vhdx_lru_entry *entry);
	void (*free)(struct vhdx_lru *lru, struct vhdx_lru_entry *entry);
	struct list_head node;
};

int vhdx_lru_module_init(void);
void vhdx_lru_module_exit(void);

void vhdx_lru_init(struct vhdx_lru *lru);
void vhdx_lru_exit(struct vhdx_lru *lru);
void vhdx_lru_add(struct vhdx_lru *lru, struct vhdx_lru_entry *entry);
unsigned long vhdx_lru_evict(struct vhdx_lru *lru, unsigned long nr, bool referenced_too);
void vhdx_lru_make_room(struct vhdx_lru *lru);

/* An object was used. Context: any */
static inline void vhdx_lru_touch(struct vhdx_lru_entry *entry)
{
	/* written only when it changes: the cache line stays shared */
	if (!READ_ONCE(entry->referenced))
		WRITE_ONCE(entry->referenced, true);
}

#endif /* VHDX_META_LRU_H */
