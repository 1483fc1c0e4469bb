/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Asynchronous wait: a callback instead of a sleeping task.
 */
#ifndef VHDX_WAITER_H
#define VHDX_WAITER_H

#include <linux/list.h>

/**
 * struct vhdx_waiter - an asynchronous wait for an event; embedded in the structure that waits
 * @node:	on a list of what is waited for, until the wait is completed
 * @done:	called exactly once, in any context, interrupts included, with 0 or a negative
 *		errno. 0 says that the event has happened. The state may have changed again: check
 *		it anew.
 */
struct vhdx_waiter {
	struct list_head node;
	void (*done)(struct vhdx_waiter *waiter, int error);
};

/**
 * vhdx_waiters_complete() - complete all waits of a list
 * @waiters:	list of struct vhdx_waiter that no other context can reach any more
 * @error:	0 if the event has happened; a negative errno if it never will
 *
 * Context: any that every @done on the list may be called in; no locks held
 */
static inline void vhdx_waiters_complete(struct list_head *waiters, int error)
{
	struct vhdx_waiter *waiter, *next;

	/* the waiter, and the disk with it, may be freed as soon as @done is called */
	list_for_each_entry_safe(waiter, next, waiters, node)
		waiter->done(waiter, error);
}

#endif /* VHDX_WAITER_H */
