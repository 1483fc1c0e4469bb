/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Caches that give memory back when the system needs it.
 */
#ifndef VHDX_META_SHRINK_H
#define VHDX_META_SHRINK_H

#include <linux/list.h>

/**
 * struct vhdx_shrinkable - a cache, part of what it is the cache of
 * @node:	of the list of all caches
 * @count:	how many objects there are. Context: spinlock held
 * @scan:	look at @nr objects, the oldest first, and drop those that are not in use; returns how
 *		many were dropped. Context: spinlock held
 */
struct vhdx_shrinkable {
	struct list_head node;
	unsigned long (*count)(const struct vhdx_shrinkable *cache);
	unsigned long (*scan)(struct vhdx_shrinkable *cache, unsigned long nr);
};

int vhdx_shrink_init(void);
void vhdx_shrink_exit(void);

void vhdx_shrink_add(struct vhdx_shrinkable *cache);
void vhdx_shrink_remove(struct vhdx_shrinkable *cache);

#endif /* VHDX_META_SHRINK_H */
