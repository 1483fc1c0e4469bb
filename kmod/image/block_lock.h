/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Block locks: one command at a time changes the BAT entry of a block.
 */
#ifndef VHDX_IMAGE_BLOCK_LOCK_H
#define VHDX_IMAGE_BLOCK_LOCK_H

#include <linux/spinlock.h>

#include "waiter.h"

#define VHDX_BLOCK_LOCK_BUCKETS	64

/**
 * struct vhdx_block_lock - a lock on the entry of one block; part of the command that takes it
 * @node:	in its bucket, while held
 * @block:	number of the payload block; with bit 63, of the chunk of a sector bitmap block
 * @waiters:	waits for this lock
 */
struct vhdx_block_lock {
	struct list_head node;
	u64 block;
	struct list_head waiters;
};

/**
 * struct vhdx_block_locks - all block locks of an image
 * @dead:	the disk was killed: no wait may begin
 * @bucket:	by block number: the locks that are held
 */
struct vhdx_block_locks {
	const bool *dead;
	struct {
		spinlock_t lock;
		struct list_head held;
	} bucket[VHDX_BLOCK_LOCK_BUCKETS];
};

void vhdx_block_locks_init(struct vhdx_block_locks *locks, const bool *dead);
bool vhdx_block_lock(struct vhdx_block_locks *locks, struct vhdx_block_lock *lock, u64 block,
		     struct vhdx_waiter *waiter);
void vhdx_block_unlock(struct vhdx_block_locks *locks, struct vhdx_block_lock *lock);
void vhdx_block_locks_abandon(struct vhdx_block_locks *locks);

#endif /* VHDX_IMAGE_BLOCK_LOCK_H */
