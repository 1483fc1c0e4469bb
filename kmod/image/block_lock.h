/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims: one at a time may change what the BAT says of a block.
 */
#ifndef VHDX_IMAGE_BLOCK_LOCK_H
#define VHDX_IMAGE_BLOCK_LOCK_H

#include <linux/spinlock.h>

#include "waiter.h"

#define VHDX_CLAIM_BUCKETS	64

/**
 * struct vhdx_claim - the right to change one block's entry; lives in the claimant
 * @node:	in its bucket, while held
 * @block:	number of the payload block
 * @waiters:	those who want it next
 */
struct vhdx_claim {
	struct list_head node;
	u64 block;
	struct list_head waiters;
};

/**
 * struct vhdx_claims - all claims of an image
 * @dead:	the disk was killed: nothing waits any more
 * @bucket:	by block number: those held
 */
struct vhdx_claims {
	const bool *dead;
	struct {
		spinlock_t lock;
		struct list_head held;
	} bucket[VHDX_CLAIM_BUCKETS];
};

void vhdx_claims_init(struct vhdx_claims *claims, const bool *dead);
bool vhdx_claim(struct vhdx_claims *claims, struct vhdx_claim *claim, u64 block,
		struct vhdx_waiter *waiter);
void vhdx_claim_release(struct vhdx_claims *claims, struct vhdx_claim *claim);
void vhdx_claims_abandon(struct vhdx_claims *claims);

#endif /* VHDX_IMAGE_BLOCK_LOCK_H */
