/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Space: which MiB of the file are used, and where the next block is allocated.
 */
#ifndef VHDX_META_SPACE_H
#define VHDX_META_SPACE_H

#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "waiter.h"

struct vhdx_backing;
struct vhdx_geometry;
struct vhdx_layout;
struct vhdx_space;

/**
 * struct vhdx_space_owner - what vhdx_space_start() gets from the image
 * @users:	a read-side section is held for as long as space is accessed by an entry that was
 *		looked up
 * @commit:	starts a commit, and completes the waiter when it is durable; any context
 * @context:	for @commit
 * @index:	number of the disk, for the thread's name
 */
struct vhdx_space_owner {
	struct srcu_struct *users;
	void (*commit)(void *context, struct vhdx_waiter *waiter);
	void *context;
	int index;
};

struct vhdx_space *vhdx_space_create(struct vhdx_backing *backing,
				     const struct vhdx_layout *layout,
				     const struct vhdx_geometry *g);
void vhdx_space_destroy(struct vhdx_space *space);
bool vhdx_space_covers(const struct vhdx_space *space, u64 end);
bool vhdx_space_mark(struct vhdx_space *space, u64 offset, u64 length);
int vhdx_space_mark_former(struct vhdx_space *space, u64 offset);

int vhdx_space_start(struct vhdx_space *space, const struct vhdx_space_owner *owner);
void vhdx_space_stop(struct vhdx_space *space);

bool vhdx_space_allocate(struct vhdx_space *space, u64 length, u64 *offset);
void vhdx_space_wait(struct vhdx_space *space, u64 length, struct vhdx_waiter *waiter);
void vhdx_space_abandon(struct vhdx_space *space);
void vhdx_space_return(struct vhdx_space *space, u64 offset, u64 length);
void vhdx_space_free(struct vhdx_space *space, u64 offset);
void vhdx_space_free_former(struct vhdx_space *space, u64 offset);
bool vhdx_space_reclaim(struct vhdx_space *space, u32 *seen, struct vhdx_waiter *waiter);

void vhdx_space_freeing(struct vhdx_space *space);
void vhdx_space_freed(struct vhdx_space *space);

void vhdx_space_give_back(struct vhdx_space *space, struct vhdx_backing *backing, bool cut);
u64 vhdx_space_size(const struct vhdx_space *space);
u64 vhdx_space_end(struct vhdx_space *space);

#endif /* VHDX_META_SPACE_H */
