// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: a host file system that is frozen
 *
 * Writing to a file of a frozen file system waits for the thaw, uninterruptibly if the file
 * system is left to do that. A queue's thread that waited so would serve no reads, and a detach
 * by force would wait as well. So freeze protection is only tried for:
 *
 *	- A write of data that meets a frozen file system waits without a thread. Its waiter is
 *	  told some times a second, and the write is tried again.
 *	- Threads that write metadata, or change the file's size or its extents, look as often,
 *	  and give up when the disk is detached by force.
 *
 * Nothing tells of a thaw, so there is a timer; it needs no memory and no worker. Reads, and
 * flushes of what was written before, are not concerned: file systems serve them while frozen.
 *
 * vfs_truncate() takes freeze protection itself, which must not be taken twice. It is called
 * after a look. A freeze that comes in between is waited for; so is one that the file system
 * itself meets when the file is closed.
 */
#include "backing/backing.h"

#include <linux/sched.h>
#include <linux/timer.h>

#include "compat/fs.h"

#define VHDX_THAW_INTERVAL	(HZ / 10)

static bool vhdx_backing_freezes(const struct vhdx_backing *backing)
{
	return S_ISREG(vhdx_backing_inode(backing)->i_mode);
}

/* Context: timer */
static void vhdx_backing_look_again(struct timer_list *timer)
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
 * vhdx_backing_thaw_init() - begin without writes that wait for a thaw
 * @backing:	being opened
 */
void vhdx_backing_thaw_init(struct vhdx_backing *backing)
{
	spin_lock_init(&backing->thaw_lock);
	INIT_LIST_HEAD(&backing->thaw_waiters);
	timer_setup(&backing->thaw_timer, vhdx_backing_look_again, 0);
}

/**
 * vhdx_backing_thaw_exit() - undo vhdx_backing_thaw_init()
 * @backing:	being closed; no write is under way or waits
 *
 * Context: process
 */
void vhdx_backing_thaw_exit(struct vhdx_backing *backing)
{
	timer_delete_sync(&backing->thaw_timer);
}

/**
 * vhdx_backing_wait_thaw() - be told when it is worth trying to write again
 * @backing:	the file, found to be frozen
 * @waiter:	told soon, and the file may be frozen still
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
 * vhdx_backing_try_start_write() - keep the file system from being frozen
 * @backing:	the file, writable
 *
 * Context: process
 * Return: true, until vhdx_backing_end_write(); false if it is frozen
 */
bool vhdx_backing_try_start_write(struct vhdx_backing *backing)
{
	return !vhdx_backing_freezes(backing) ||
	       sb_start_write_trylock(vhdx_backing_sb(backing));
}

/**
 * vhdx_backing_start_write() - keep the file system from being frozen, later if need be
 * @backing:	the file, writable
 *
 * Context: process; sleeps as long as the file system is frozen, or until the disk is detached by
 * force
 * Return: 0, until vhdx_backing_end_write(); -EIO if the disk is dead
 */
int vhdx_backing_start_write(struct vhdx_backing *backing)
{
	while (!vhdx_backing_try_start_write(backing)) {
		if (vhdx_backing_is_dead(backing))
			return -EIO;
		/* "unsafe": a lock may be held. The suspend of the system does not need it. */
		__set_current_state(TASK_IDLE | TASK_FREEZABLE_UNSAFE);
		schedule_timeout(VHDX_THAW_INTERVAL);
	}
	return 0;
}

/**
 * vhdx_backing_end_write() - let the file system be frozen
 * @backing:	the file
 *
 * Context: process
 */
void vhdx_backing_end_write(struct vhdx_backing *backing)
{
	if (vhdx_backing_freezes(backing))
		sb_end_write(vhdx_backing_sb(backing));
}

/**
 * vhdx_backing_is_frozen() - would writing have to wait?
 * @backing:	the file, writable
 *
 * Context: process
 * Return: true if the file system is frozen, or is being frozen
 */
bool vhdx_backing_is_frozen(struct vhdx_backing *backing)
{
	if (!vhdx_backing_try_start_write(backing))
		return true;
	vhdx_backing_end_write(backing);
	return false;
}
