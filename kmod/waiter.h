/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Waiting without sleeping: whoever waits leaves word where to call back.
 */
#ifndef VHDX_WAITER_H
#define VHDX_WAITER_H

#include <linux/list.h>

/**
 * struct vhdx_waiter - somebody waiting for something; lives in the waiter's structure
 * @node:	belongs to what is waited for, while it waits
 * @done:	called once, in any context, with 0 or a negative errno. 0 means that what was
 *		waited for came true, not that it still is: ask again.
 */
struct vhdx_waiter {
	struct list_head node;
	void (*done)(struct vhdx_waiter *waiter, int error);
};

/**
 * vhdx_waiters_tell() - it came true, or never will
 * @waiters:	a list nobody else looks at any more
 * @error:	0 or a negative errno
 *
 * Context: that of the waiters' @done, so any; no locks.
 */
static inline void vhdx_waiters_tell(struct list_head *waiters, int error)
{
	struct vhdx_waiter *waiter, *next;

	/* a waiter may be gone, and the disk with it, as soon as it is told */
	list_for_each_entry_safe(waiter, next, waiters, node)
		waiter->done(waiter, error);
}

#endif /* VHDX_WAITER_H */
