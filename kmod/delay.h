/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Delays at named points, for tests. A race window of microseconds becomes one of milliseconds, so
 * that a test hits it every time.
 */
#ifndef VHDX_DELAY_H
#define VHDX_DELAY_H

#include <linux/jump_label.h>

/* The comments say what has just happened, or is about to happen, at each point. */
#define VHDX_DELAY_POINTS(X) \
	X(recycle)		/* freed space is about to be zeroed */ \
	X(discard_block)	/* a discard or write-zeroes holds a block lock */ \
	X(reserve_queued)	/* a command waits for room in the journal */ \
	X(queue_added)		/* a command is on a list, its thread not yet woken */ \
	X(life_end)		/* a disk is GOING, its removal not yet started */ \
	X(remove)		/* the disk is about to be unplugged */ \
	X(remove_closed)	/* the files of a disk are closed, its number is still taken */ \
	X(make_opened)		/* the image is open, the disk not announced */ \
	X(make_added)		/* the disk is announced, and not LIVE yet */ \
	X(kill)			/* the disk is dead, the block layer not yet notified */ \
	X(swap_held)		/* I/O is held for a snapshot */ \
	X(swap_done)		/* the child has taken over, I/O is still held */

#define VHDX_DELAY_ENUM(name) VHDX_DELAY_##name,
enum vhdx_delay_point { VHDX_DELAY_POINTS(VHDX_DELAY_ENUM) VHDX_NR_DELAY_POINTS };
#undef VHDX_DELAY_ENUM

DECLARE_STATIC_KEY_FALSE(vhdx_delays_wanted);

void vhdx_delay_sleep(enum vhdx_delay_point point);
void vhdx_delay_spin(enum vhdx_delay_point point);

/**
 * vhdx_delay() - sleep, if the module parameter "delay" names this point
 * @name:	of the point, as in VHDX_DELAY_POINTS()
 *
 * Costs a single no-op instruction while no delay is set.
 *
 * Context: process; may sleep
 */
#define vhdx_delay(name) \
do { \
	if (static_branch_unlikely(&vhdx_delays_wanted)) \
		vhdx_delay_sleep(VHDX_DELAY_##name); \
} while (0)

/**
 * vhdx_delay_atomic() - busy-wait, if the module parameter "delay" names this point
 * @name:	of the point, as in VHDX_DELAY_POINTS()
 *
 * Context: any
 */
#define vhdx_delay_atomic(name) \
do { \
	if (static_branch_unlikely(&vhdx_delays_wanted)) \
		vhdx_delay_spin(VHDX_DELAY_##name); \
} while (0)

#endif /* VHDX_DELAY_H */
