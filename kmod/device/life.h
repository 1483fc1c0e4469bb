/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The life of a disk: its state, and what ends it.
 */
#ifndef VHDX_DEVICE_LIFE_H
#define VHDX_DEVICE_LIFE_H

#include <linux/spinlock.h>
#include <linux/wait.h>

enum vhdx_life_state {
	VHDX_LIFE_COMING,	/* being attached */
	VHDX_LIFE_LIVE,		/* attached */
	VHDX_LIFE_GOING,	/* being removed */
	VHDX_LIFE_GONE,		/* removed */
};

/**
 * struct vhdx_life - the state of a disk
 * @lock:	protects the rest; a leaf, held for a few instructions
 * @state:	see life.c
 * @dead:	killed: no request goes to the backing file any more
 * @armed:	remove it after the last close
 * @busy:	a snapshot is being made
 * @openers:	number of opens of the disk and its partitions
 * @wait:	woken after each change of @state and @dead
 * @end:	called once, when the disk becomes GOING; starts its removal. Context: any
 */
struct vhdx_life {
	spinlock_t lock;
	enum vhdx_life_state state;
	bool dead;
	bool armed;
	bool busy;
	unsigned int openers;
	wait_queue_head_t wait;
	void (*end)(struct vhdx_life *life);
};

void vhdx_life_init(struct vhdx_life *life, void (*end)(struct vhdx_life *life));

bool vhdx_life_open(struct vhdx_life *life, bool arm);
void vhdx_life_release(struct vhdx_life *life);

void vhdx_life_begin(struct vhdx_life *life);
void vhdx_life_over(struct vhdx_life *life);

enum vhdx_life_answer {
	VHDX_LIFE_DONE,		/* done */
	VHDX_LIFE_LATER,	/* after the last close */
	VHDX_LIFE_OPEN,		/* refused: it is open, or being attached */
	VHDX_LIFE_BUSY,		/* refused: a snapshot is being made */
	VHDX_LIFE_NONE,		/* refused: it is being removed, or killed */
};

enum vhdx_life_answer vhdx_life_close(struct vhdx_life *life, bool lazily);
void vhdx_life_kill(struct vhdx_life *life);
enum vhdx_life_answer vhdx_life_hold(struct vhdx_life *life);
void vhdx_life_unhold(struct vhdx_life *life);

bool vhdx_life_is_live(struct vhdx_life *life);

/*
 * Without the lock: for conditions of waits, and where a late answer does no harm. A reader
 * that sees a change of state also sees what was written before it.
 */
static inline bool vhdx_life_is_dead(const struct vhdx_life *life)
{
	return READ_ONCE(life->dead);
}

static inline bool vhdx_life_is_coming(const struct vhdx_life *life)
{
	return smp_load_acquire(&life->state) == VHDX_LIFE_COMING;
}

static inline bool vhdx_life_is_gone(const struct vhdx_life *life)
{
	return smp_load_acquire(&life->state) == VHDX_LIFE_GONE;
}

#endif /* VHDX_DEVICE_LIFE_H */
