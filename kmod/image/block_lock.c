// SPDX-License-Identifier: GPL-2.0
#include "image/block_lock.h"

#include <linux/hash.h>

/**
 * vhdx_claims_init() - no block is claimed
 * @claims:	filled
 * @dead:	of the disk
 */
void vhdx_claims_init(struct vhdx_claims *claims, const bool *dead)
{
	unsigned int i;

	claims->dead = dead;

	for (i = 0; i < VHDX_CLAIM_BUCKETS; i++) {
		spin_lock_init(&claims->bucket[i].lock);
		INIT_LIST_HEAD(&claims->bucket[i].held);
	}
}

static unsigned int vhdx_claim_bucket(u64 block)
{
	return hash_64(block, ilog2(VHDX_CLAIM_BUCKETS));
}

/**
 * vhdx_claim() - claim a block
 * @claims:	of the image
 * @claim:	not held
 * @block:	which
 * @waiter:	told when it is worth trying again, if another command holds it, or that the disk
 *		was killed
 *
 * Takes no memory: claims are in the requests that need them.
 *
 * Context: any.
 * Return: true if it is ours, until vhdx_claim_release()
 */
bool vhdx_claim(struct vhdx_claims *claims, struct vhdx_claim *claim, u64 block,
		struct vhdx_waiter *waiter)
{
	unsigned int i = vhdx_claim_bucket(block);
	struct vhdx_claim *held;
	unsigned long flags;
	bool ours = true, dead;

	spin_lock_irqsave(&claims->bucket[i].lock, flags);
	dead = READ_ONCE(*claims->dead);
	list_for_each_entry(held, &claims->bucket[i].held, node) {
		if (held->block != block)
			continue;
		if (!dead)
			list_add_tail(&waiter->node, &held->waiters);
		ours = false;
		break;
	}
	if (ours) {
		claim->block = block;
		INIT_LIST_HEAD(&claim->waiters);
		list_add(&claim->node, &claims->bucket[i].held);
	}
	spin_unlock_irqrestore(&claims->bucket[i].lock, flags);
	if (!ours && dead)
		waiter->done(waiter, -EIO);
	return ours;
}

/**
 * vhdx_claim_release() - give a claim up
 * @claims:	of the image
 * @claim:	held
 *
 * Context: any.
 */
void vhdx_claim_release(struct vhdx_claims *claims, struct vhdx_claim *claim)
{
	unsigned int i = vhdx_claim_bucket(claim->block);
	LIST_HEAD(waiters);
	unsigned long flags;

	spin_lock_irqsave(&claims->bucket[i].lock, flags);
	list_del(&claim->node);
	list_splice(&claim->waiters, &waiters);
	spin_unlock_irqrestore(&claims->bucket[i].lock, flags);
	vhdx_waiters_tell(&waiters, 0);
}

/**
 * vhdx_claims_abandon() - the disk was killed: all that wait for a claim are told
 * @claims:	of an image; what holds them may hang in the file
 *
 * Context: any that may take spinlocks, interrupts on
 */
void vhdx_claims_abandon(struct vhdx_claims *claims)
{
	struct vhdx_claim *held;
	LIST_HEAD(waiters);
	unsigned int i;

	for (i = 0; i < VHDX_CLAIM_BUCKETS; i++) {
		spin_lock_irq(&claims->bucket[i].lock);
		list_for_each_entry(held, &claims->bucket[i].held, node)
			list_splice_init(&held->waiters, &waiters);
		spin_unlock_irq(&claims->bucket[i].lock);
	}
	vhdx_waiters_tell(&waiters, -EIO);
}
