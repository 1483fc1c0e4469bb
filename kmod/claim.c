// SPDX-License-Identifier: GPL-2.0
#include "claim.h"

#include <linux/hash.h>

/**
 * vhdx_claims_init() - nobody holds anything
 * @claims:	filled
 */
void vhdx_claims_init(struct vhdx_claims *claims)
{
	unsigned int i;

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
 * @waiter:	told when it is worth trying again, if somebody else holds it
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
	bool ours = true;

	spin_lock_irqsave(&claims->bucket[i].lock, flags);
	list_for_each_entry(held, &claims->bucket[i].held, node) {
		if (held->block != block)
			continue;
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
