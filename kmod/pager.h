/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pager: 4 KiB pages of a file's metadata in memory, loaded when asked for.
 */
#ifndef VHDX_PAGER_H
#define VHDX_PAGER_H

#include <linux/list.h>
#include <linux/types.h>

struct vhdx_backing;
struct vhdx_pager;

/**
 * struct vhdx_pager_owner - what the pager asks of whoever knows what the pages mean
 * @locate:	where in the file is the page for @offset? False if it is all zeros and
 *		nothing needs to be read.
 * @finish:	a page was read: put right what must be, and say if there is anything in
 *		it that must not be believed. Called in any context, interrupts included.
 * @context:	for both
 */
struct vhdx_pager_owner {
	bool (*locate)(void *context, u64 offset, u64 *from);
	bool (*finish)(void *context, u64 offset, __le64 *words);
	void *context;
};

/**
 * struct vhdx_pager_waiter - somebody waiting for a page; lives in the waiter's structure
 * @node:	the pager's, while it waits
 * @done:	called once, in any context, with 0 or a negative errno. 0 means that the page
 *		was there, not that it still is: ask again.
 */
struct vhdx_pager_waiter {
	struct list_head node;
	void (*done)(struct vhdx_pager_waiter *waiter, int error);
};

/**
 * struct vhdx_pager_stats - for people
 * @pages:	in memory
 * @loads:	read from the file so far
 */
struct vhdx_pager_stats {
	unsigned long pages;
	unsigned long loads;
};

struct vhdx_pager *vhdx_pager_create(const struct vhdx_backing *backing,
				     const struct vhdx_pager_owner *owner,
				     unsigned long max_pages, int index);
void vhdx_pager_destroy(struct vhdx_pager *pager);

bool vhdx_pager_peek(struct vhdx_pager *pager, u64 offset, u64 *word, bool *suspect);
void vhdx_pager_load(struct vhdx_pager *pager, u64 offset, struct vhdx_pager_waiter *waiter);
void vhdx_pager_stats(struct vhdx_pager *pager, struct vhdx_pager_stats *stats);

#endif /* VHDX_PAGER_H */
