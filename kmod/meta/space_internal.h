/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Space from inside: for space.c (the states of space), space_map.c (the bitmaps) and
 * space_worker.c (the thread that makes space ready).
 */
#ifndef VHDX_META_SPACE_INTERNAL_H
#define VHDX_META_SPACE_INTERNAL_H

#include <linux/rcupdate.h>
#include <linux/sizes.h>

#include "meta/space.h"

#define VHDX_UNIT_SHIFT		20
#define VHDX_UNIT		BIT(VHDX_UNIT_SHIFT)

/* Most that a file grows at once, in units */
#define VHDX_GROW_MAX		(SZ_1G >> VHDX_UNIT_SHIFT)

/* Units that a new map has room for besides those of the file: its first growth */
#define VHDX_SPACE_SPARE	(SZ_64M >> VHDX_UNIT_SHIFT)

/* Units that maps cover besides blocks: layout, growth ahead, what other programs left unused */
#define VHDX_SPACE_SLACK	((64ULL * SZ_1G) >> VHDX_UNIT_SHIFT)

/* Instead of a unit: there is none */
#define VHDX_SPACE_NOWHERE	ULONG_MAX

/* Number of runs of free units that are searched for one with a unit to spare */
#define VHDX_SPACE_RUNS		256

enum vhdx_space_map {
	VHDX_SPACE_USED,		/* anything but ready and unknown */
	VHDX_SPACE_UNREADY,		/* anything but ready */
	VHDX_SPACE_FREED,
	VHDX_SPACE_LOT,			/* freeing, durable or quiesced: see @lot */
	VHDX_SPACE_MAPS
};

/* Until the thread is started, nothing is freed: the map has former places of absent blocks */
#define VHDX_SPACE_FORMER	VHDX_SPACE_FREED

/* State of the units in VHDX_SPACE_LOT; see space.c */
enum vhdx_space_lot {
	VHDX_LOT_NONE,
	VHDX_LOT_FREEING,
	VHDX_LOT_DURABLE,
	VHDX_LOT_QUIESCED,
};

/*
 * L: under @lock, written with WRITE_ONCE() what is read without it; T: only the thread changes it;
 * I: constant after vhdx_space_create() or vhdx_space_start()
 */
struct vhdx_space {
	struct vhdx_backing *backing;		/* I */
	struct vhdx_space_owner owner;		/* I */
	const struct vhdx_layout *layout;	/* I */
	unsigned long most_units;		/* I: that the image can make use of */
	bool former_unsure;			/* I: former places are never freed */
	unsigned int block_units;		/* I: units of a payload block */
	spinlock_t lock;
	unsigned long units;			/* L, T: of the file */
	unsigned long capacity;			/* L, T: of the bitmaps */
	unsigned long *map[VHDX_SPACE_MAPS];	/* L */
	unsigned long hint;			/* L: no payload block has room before it */
	bool may_clean;				/* L: false: no room of a payload block is unused */
	bool unit_anywhere;			/* L: no unit to spare could be made ready lately */
	unsigned long clean_from[2];		/* T: where zeroing goes on after a failure, */
						/* for one unit and for a payload block */
	bool any_freed;				/* L */
	unsigned long last_freed;		/* L: jiffies */
	enum vhdx_space_lot lot;		/* L */
	struct rcu_head lot_rcu;		/* from DURABLE to QUIESCED */
	u32 recycled;				/* L: number of pieces that became ready */
	struct list_head waiters;		/* L: wait for room of a payload block */
	struct list_head unit_waiters;		/* L: wait for room of a sector bitmap block */
	struct list_head reclaimers;		/* L: wait for freed units to become ready */
	bool committing;			/* L: @committed waits for a commit */
	bool stuck;				/* L: commits fail: no space is freed any more */
	struct vhdx_waiter committed;		/* for owner.commit */
	unsigned long piece;			/* T: most units that are zeroed at once */
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
