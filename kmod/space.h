/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Space: which MiB of the host file are used, and where the next block goes.
 */
#ifndef VHDX_SPACE_H
#define VHDX_SPACE_H

#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "waiter.h"

struct vhdx_backing;
struct vhdx_layout;
struct vhdx_space;

struct vhdx_space *vhdx_space_create(struct vhdx_backing *backing,
				     const struct vhdx_layout *layout, u32 block_size);
void vhdx_space_destroy(struct vhdx_space *space);
bool vhdx_space_mark(struct vhdx_space *space, u64 offset, u64 length);

int vhdx_space_start(struct vhdx_space *space, struct srcu_struct *users, int index);
void vhdx_space_stop(struct vhdx_space *space);

bool vhdx_space_take(struct vhdx_space *space, u64 length, u64 *offset);
void vhdx_space_wait(struct vhdx_space *space, struct vhdx_waiter *waiter);
void vhdx_space_return(struct vhdx_space *space, u64 offset, u64 length);
void vhdx_space_free(struct vhdx_space *space, u64 offset);

void vhdx_space_freeing(struct vhdx_space *space);
void vhdx_space_freed(struct vhdx_space *space);

void vhdx_space_settle(struct vhdx_space *space);
u64 vhdx_space_size(const struct vhdx_space *space);
u64 vhdx_space_end(struct vhdx_space *space);

#endif /* VHDX_SPACE_H */
