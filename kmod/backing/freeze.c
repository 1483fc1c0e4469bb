// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: a frozen host file system
 *
 * A write to a file of a frozen file system sleeps uninterruptibly until the thaw. If the thread of
 * a queue did that, it would serve no reads, and a detach by force would wait for it. So the module
 * only tries to take freeze protection:
 *
 *	- A write of data that finds the file system frozen waits without a thread. A timer
 *	  completes the wait some times a second, and the write is tried again.
 *	- A thread that writes metadata, or changes the size or the allocation of the file, tries as
 *	  often, and gives up when the disk is detached by force.
 *
 * The kernel has no notification of a thaw, hence the timer. It needs no memory and no worker.
 * Reads, and flushes of what was written before, are not affected: frozen file systems serve them.
 *
 * vfs_truncate() takes freeze protection itself, and taking it twice is not allowed. So the module
 * checks for a freeze before the call. If the freeze begins in between, the call sleeps until the
 * thaw; so does a close in which the file system itself writes.
 */
#include "backing/backing.h"

#include <linux/sched.h>
#include <linux/timer.h>

#include "compat/fs.h"

#define VHDX_THAW_INTERVAL	(HZ / 10)

/* Complete the waits, frozen or not. Context: timer */
static void vhdx_backing_thaw_timeout(struct timer_list *timer)
{
	struct vhdx_backing *backing = container_of(timer, struct vhdx_backing, thaw_timer);
	LIST_HEAD(waiters);
	unsigned long flags;

	spin_lock_irqsave(&backing->thaw_lock, flags);
	list_splice_init(&backing->thaw_waiters, &waiters);
	spin_unlock_irqrestore(&backing->thaw_lock, flags);
	vhdx_waiters_complete(&waiters, 0);
}

/**
 * vhdx_backing_thaw_init() - prepare for waits for a thaw
 * @backing:	being opened
 *
 * Context: process
 */
void vhdx_backing_thaw_init(struct vhdx_backing *backing)
{
	spin_lock_init(&backing->thaw_lock);
	INIT_LIST_HEAD(&backing->thaw_waiters);
	timer_setup(&backing->thaw_timer, vhdx_backing_thaw_timeout, 0);
}

/**
 * vhdx_backing_thaw_exit() - undo vhdx_backing_thaw_init()
 * @backing:	being closed; no write is in flight or waits
 *
 * Context: process
 */
void vhdx_backing_thaw_exit(struct vhdx_backing *backing)
{
	timer_delete_sync(&backing->thaw_timer);
}

/**
 * vhdx_backing_wait_thaw() - wait until a write should be tried again
 * @backing:	the file, whose file system was found to be frozen
 * @waiter:	completed with 0 after VHDX_THAW_INTERVAL at most, frozen or not
 *
 * Context: any
 */
void vhdx_backing_wait_thaw(struct vhdx_backing *backing, struct vhdx_waiter *waiter)
{
	unsigned long flags;

	spin_lock_irqsave(&backing->thaw_lock, flags);
	if (list_empty(&backing->thaw_waiters))
		mod_timer(&backing->thaw_timer, jiffies + VHDX_THAW_INTERVAL);
	list_add_tail(&waiter->node, &backing->thaw_waiters);
	spin_unlock_irqrestore(&backing->thaw_lock, flags);
}

/**
 * vhdx_backing_start_write() - take freeze protection
 * @backing:	the file, writable
 *
 * Context: process; sleeps until the file system is thawed or the disk is detached by force
 * Return: 0: protected until vhdx_backing_end_write(); -EIO: the disk is dead
 */
int vhdx_backing_start_write(struct vhdx_backing *backing)
{
	while (!vhdx_backing_try_start_write(backing)) {
		if (vhdx_backing_is_dead(backing))
			return -EIO;
		/* "unsafe": a lock may be held, but none that the suspend of the system needs */
		__set_current_state(TASK_IDLE | TASK_FREEZABLE_UNSAFE);
		schedule_timeout(VHDX_THAW_INTERVAL);
	}
	return 0;
}

/**
 * vhdx_backing_is_frozen() - is the file system frozen?
 * @backing:	the file, writable
 *
 * Context: process
 * Return: true if it is, or is being frozen
 */
bool vhdx_backing_is_frozen(struct vhdx_backing *backing)
{
	if (!vhdx_backing_try_start_write(backing))
		return true;
	vhdx_backing_end_write(backing);
	return false;
}
