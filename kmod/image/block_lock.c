// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/block_lock.h"

#include <linux/hash.h>

/**
 * vhdx_block_locks_init() - no block is locked
 * @locks:	filled
 * @dead:	of the disk
 */
void vhdx_block_locks_init(struct vhdx_block_locks *locks, const bool *dead)
{
	unsigned int i;

	locks->dead = dead;

	for (i = 0; i < VHDX_BLOCK_LOCK_BUCKETS; i++) {
		spin_lock_init(&locks->bucket[i].lock);
		INIT_LIST_HEAD(&locks->bucket[i].held);
	}
}

static unsigned int vhdx_block_lock_bucket(u64 block)
{
	return hash_64(block, ilog2(VHDX_BLOCK_LOCK_BUCKETS));
}

/**
 * vhdx_block_lock() - lock the entry of a block
 * @locks:	of the image
 * @lock:	not held
 * @block:	which
 * @waiter:	told when it is worth trying again, if another command holds it, or that the disk
 *		was killed
 *
 * Takes no memory: block locks are in the requests that need them.
 *
 * Context: any.
 * Return: true if it is ours, until vhdx_block_unlock()
 */
bool vhdx_block_lock(struct vhdx_block_locks *locks, struct vhdx_block_lock *lock, u64 block,
		     struct vhdx_waiter *waiter)
{
	unsigned int i = vhdx_block_lock_bucket(block);
	struct vhdx_block_lock *held;
	unsigned long flags;
	bool ours = true, dead;

	spin_lock_irqsave(&locks->bucket[i].lock, flags);
	dead = READ_ONCE(*locks->dead);
	list_for_each_entry(held, &locks->bucket[i].held, node) {
		if (held->block != block)
			continue;
		if (!dead)
			list_add_tail(&waiter->node, &held->waiters);
		ours = false;
		break;
	}
	if (ours) {
		lock->block = block;
		INIT_LIST_HEAD(&lock->waiters);
		list_add(&lock->node, &locks->bucket[i].held);
	}
	spin_unlock_irqrestore(&locks->bucket[i].lock, flags);
	if (!ours && dead)
		waiter->done(waiter, -EIO);
	return ours;
}

/**
 * vhdx_block_unlock() - unlock the entry of a block
 * @locks:	of the image
 * @lock:	held
 *
 * Context: any.
 */
void vhdx_block_unlock(struct vhdx_block_locks *locks, struct vhdx_block_lock *lock)
{
	unsigned int i = vhdx_block_lock_bucket(lock->block);
	LIST_HEAD(waiters);
	unsigned long flags;

	spin_lock_irqsave(&locks->bucket[i].lock, flags);
	list_del(&lock->node);
	list_splice(&lock->waiters, &waiters);
	spin_unlock_irqrestore(&locks->bucket[i].lock, flags);
	vhdx_waiters_complete(&waiters, 0);
}

/**
 * vhdx_block_locks_abandon() - the disk was killed: all that wait for a block lock get an error
 * @locks:	of an image; what holds them may hang in the file
 *
 * Context: any that may take spinlocks, interrupts on
 */
void vhdx_block_locks_abandon(struct vhdx_block_locks *locks)
{
	struct vhdx_block_lock *held;
	LIST_HEAD(waiters);
	unsigned int i;

	for (i = 0; i < VHDX_BLOCK_LOCK_BUCKETS; i++) {
		spin_lock_irq(&locks->bucket[i].lock);
		list_for_each_entry(held, &locks->bucket[i].held, node)
			list_splice_init(&held->waiters, &waiters);
		spin_unlock_irq(&locks->bucket[i].lock);
	}
	vhdx_waiters_complete(&waiters, -EIO);
}
