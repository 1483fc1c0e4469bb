// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/block_lock.h"

#include <linux/hash.h>

/**
 * vhdx_block_locks_init() - initialize the block locks of an image
 * @locks:	filled
 * @dead:	of the disk
 *
 * Context: any
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
 * @block:	number of the block
 * @waiter:	if the block is locked: completed when the lock was released, to try again; or
 *		with -EIO if the disk is killed
 *
 * Allocates nothing: block locks are part of the commands.
 *
 * Context: any.
 * Return: true if @lock is held, until vhdx_block_unlock(); false if @waiter waits or is complete
 */
bool vhdx_block_lock(struct vhdx_block_locks *locks, struct vhdx_block_lock *lock, u64 block,
		     struct vhdx_waiter *waiter)
{
	unsigned int i = vhdx_block_lock_bucket(block);
	struct vhdx_block_lock *held;
	unsigned long flags;
	bool locked = true, dead;

	spin_lock_irqsave(&locks->bucket[i].lock, flags);
	dead = READ_ONCE(*locks->dead);
	list_for_each_entry(held, &locks->bucket[i].held, node) {
		if (held->block != block)
			continue;
		if (!dead)
			list_add_tail(&waiter->node, &held->waiters);
		locked = false;
		break;
	}
	if (locked) {
		lock->block = block;
		INIT_LIST_HEAD(&lock->waiters);
		list_add(&lock->node, &locks->bucket[i].held);
	}
	spin_unlock_irqrestore(&locks->bucket[i].lock, flags);
	if (!locked && dead)
		waiter->done(waiter, -EIO);
	return locked;
}

/**
 * vhdx_block_unlock() - unlock the entry of a block, and complete the waits for it
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
 * vhdx_block_locks_abandon() - complete all waits for block locks with -EIO
 * @locks:	of an image whose disk was killed; the owners of locks may hang in the file
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
