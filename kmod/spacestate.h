/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Space from inside: for space.c, the map, and refill.c, the thread that makes space ready.
 */
#ifndef VHDX_SPACESTATE_H
#define VHDX_SPACESTATE_H

#include <linux/sizes.h>

#include "space.h"

#define VHDX_UNIT_SHIFT		20
#define VHDX_UNIT		(1UL << VHDX_UNIT_SHIFT)

/* What there is room for in a new map besides the file: its first growth */
#define VHDX_SPACE_SPARE	(SZ_64M >> VHDX_UNIT_SHIFT)

enum vhdx_space_map {
	VHDX_SPACE_USED,		/* anything but ready and unknown */
	VHDX_SPACE_UNREADY,		/* anything but ready */
	VHDX_SPACE_FREED,
	VHDX_SPACE_FREEING,		/* and gone: see @gone */
	VHDX_SPACE_MAPS
};

/*
 * L: lock; T: only the thread changes it; I: set when made
 */
struct vhdx_space {
	struct vhdx_backing *backing;		/* I */
	struct srcu_struct *users;		/* I */
	const struct vhdx_layout *layout;	/* I */
	unsigned int block_units;		/* I */
	spinlock_t lock;
	unsigned long units;			/* L, T: of the file */
	unsigned long capacity;			/* L, T: of the bitmaps */
	unsigned long *map[VHDX_SPACE_MAPS];	/* L */
	unsigned long hint;			/* L: no block's worth is ready before */
	unsigned long nr_unknown;		/* L: about; 0 if there is nothing to clean */
	bool any_freed;				/* L */
	bool gone;				/* L: what is freeing has been dropped for good */
	bool busy_freeing;			/* L: there is something in FREEING */
	struct list_head waiters;		/* L */
	struct task_struct *thread;
	wait_queue_head_t wait;
};

int vhdx_space_enlarge(struct vhdx_space *space, unsigned long capacity);
void vhdx_space_kick(struct vhdx_space *space);
void vhdx_space_use(struct vhdx_space *space, unsigned long first, unsigned long nr);
void vhdx_space_ready(struct vhdx_space *space, unsigned long first, unsigned long nr);

#endif /* VHDX_SPACESTATE_H */
