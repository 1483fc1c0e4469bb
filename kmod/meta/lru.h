/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Second-chance replacement for caches: the object that was not used for the longest time is
 * dropped when a cache is full, or when the system needs memory.
 */
#ifndef VHDX_META_LRU_H
#define VHDX_META_LRU_H

#include <linux/list.h>
#include <linux/spinlock.h>

/**
 * struct vhdx_lru_entry - embedded in an object of a cache
 * @node:	on vhdx_lru.entries
 * @referenced:	used since it was last looked at; only a hint, so races are harmless
 */
struct vhdx_lru_entry {
	struct list_head node;
	bool referenced;
};

/**
 * struct vhdx_lru - the objects of a cache by age; embedded in the cache
 * @lock:	lock of the cache's index; protects @entries and @nr
 * @entries:	the objects, oldest first
 * @nr:		number of @entries; also read without lock
 * @erase:	removes an object from the index. Return: false, and nothing done, if it is in use.
 *		Context: @lock held, interrupts off
 * @free:	frees an object that was erased. Context: no lock of the cache is held
 * @node:	on the list of all caches
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

/* Before the object is in the index, where readers find it. Context: any */
static inline void vhdx_lru_entry_init(struct vhdx_lru_entry *entry)
{
	INIT_LIST_HEAD(&entry->node);
	entry->referenced = false;
}

/* Mark an object as used. Context: any */
static inline void vhdx_lru_touch(struct vhdx_lru_entry *entry)
{
	/* written only when it changes, so that the cache line stays shared */
	if (!READ_ONCE(entry->referenced))
		WRITE_ONCE(entry->referenced, true);
}

#endif /* VHDX_META_LRU_H */
