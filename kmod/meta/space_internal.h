/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Space from inside: for space.c, the map, and space_worker.c, the thread that makes space ready.
 */
#ifndef VHDX_META_SPACE_INTERNAL_H
#define VHDX_META_SPACE_INTERNAL_H

#include <linux/sizes.h>

#include <linux/rcupdate.h>

#include "meta/space.h"

#define VHDX_UNIT_SHIFT		20
#define VHDX_UNIT		BIT(VHDX_UNIT_SHIFT)

/* How much a file grows at once at most */
#define VHDX_GROW_MAX		(SZ_1G >> VHDX_UNIT_SHIFT)

/* What there is room for in a new map besides the file: its first growth */
#define VHDX_SPACE_SPARE	(SZ_64M >> VHDX_UNIT_SHIFT)

/* What the maps cover besides blocks: the layout, growing ahead, and what others left unused */
#define VHDX_SPACE_SLACK	((64ULL * SZ_1G) >> VHDX_UNIT_SHIFT)

/* No unit */
#define VHDX_SPACE_NOWHERE	ULONG_MAX

/* How many runs of free units are looked at for one with a unit to spare */
#define VHDX_SPACE_RUNS		256

enum vhdx_space_map {
	VHDX_SPACE_USED,		/* anything but ready and unknown */
	VHDX_SPACE_UNREADY,		/* anything but ready */
	VHDX_SPACE_FREED,
	VHDX_SPACE_LOT,			/* freeing, durable or gone: see @lot */
	VHDX_SPACE_MAPS
};

/* Until the thread is started nothing is freed: the map has former places of absent blocks. */
#define VHDX_SPACE_FORMER	VHDX_SPACE_FREED

/* How far the units of one commit are; see space.c */
enum vhdx_space_lot {
	VHDX_LOT_NONE,
	VHDX_LOT_FREEING,
	VHDX_LOT_DURABLE,
	VHDX_LOT_GONE,
};

/*
 * L: lock, written with WRITE_ONCE() what is read without it; T: only the thread changes it;
 * I: set when made or started
 */
struct vhdx_space {
	struct vhdx_backing *backing;		/* I */
	struct vhdx_space_owner owner;		/* I */
	const struct vhdx_layout *layout;	/* I */
	unsigned long most_units;		/* I: which the image can make use of */
	bool former_unsure;			/* I: places of absent blocks are never freed */
	unsigned int block_units;		/* I */
	spinlock_t lock;
	unsigned long units;			/* L, T: of the file */
	unsigned long capacity;			/* L, T: of the bitmaps */
	unsigned long *map[VHDX_SPACE_MAPS];	/* L */
	unsigned long hint;			/* L: no block's worth is ready before */
	bool may_clean;				/* L: false if no block's worth is unused */
	bool unit_anywhere;			/* L: no unit to spare could be made ready lately */
	unsigned long clean_from[2];		/* T: behind what was not zeroed: a unit, a block */
	bool any_freed;				/* L */
	unsigned long last_freed;		/* L: jiffies */
	enum vhdx_space_lot lot;		/* L */
	struct rcu_head lot_rcu;		/* from DURABLE to GONE */
	u32 recycled;				/* L: counts pieces of lots that became ready */
	struct list_head waiters;		/* L: for a block's worth of ready units */
	struct list_head unit_waiters;		/* L: for a ready unit, for a sector bitmap block */
	struct list_head reclaimers;		/* L: for freed units to become ready */
	bool asked;				/* L: @committed waits for a commit */
	bool stuck;				/* L: there will be no more commits */
	struct vhdx_waiter committed;
	unsigned long piece;			/* T: units to be zeroed at once */
	struct task_struct *thread;
	wait_queue_head_t wait;
};

int vhdx_space_enlarge(struct vhdx_space *space, unsigned long capacity);
void vhdx_space_kick(struct vhdx_space *space);
bool vhdx_space_pending(const struct vhdx_space *space);
bool vhdx_space_find_unit(const struct vhdx_space *space, enum vhdx_space_map map,
			  unsigned long from, unsigned long *at);
unsigned long vhdx_space_search(const struct vhdx_space *space, unsigned long nr);
void vhdx_space_use(struct vhdx_space *space, unsigned long first, unsigned long nr);
void vhdx_space_ready(struct vhdx_space *space, unsigned long first, unsigned long nr);

#endif /* VHDX_META_SPACE_INTERNAL_H */
