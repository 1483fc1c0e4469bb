/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Delays at named points, for tests: a window of microseconds between two steps becomes one
 * of milliseconds, and a test that aims at it hits it every time.
 */
#ifndef VHDX_DELAY_H
#define VHDX_DELAY_H

#include <linux/jump_label.h>

/* Each point is named after what has just been done, or is about to be. */
#define VHDX_DELAY_POINTS(X) \
	X(recycle)		/* freed space is about to be made to read as zeros */ \
	X(discard_block)		/* a discard or write-zeroes has a block to itself */ \
	X(reserve_told)		/* the journal was told of a command that waits for room */ \
	X(queue_added)		/* a command is on a list, its thread not yet woken */ \
	X(life_end)		/* a disk is GOING, its removal not yet started */ \
	X(remove)		/* about to be unplugged */ \
	X(remove_closed)	/* its files are closed, its number is taken still */ \
	X(make_opened)		/* the image is open, the disk not announced */ \
	X(make_added)		/* announced, and not LIVE yet */ \
	X(kill)			/* dead, and the block layer not yet told */ \
	X(swap_held)		/* I/O is held for a snapshot */ \
	X(swap_done)		/* the child has taken over, I/O is still held */

#define VHDX_DELAY_ENUM(name) VHDX_DELAY_##name,
enum vhdx_delay_point { VHDX_DELAY_POINTS(VHDX_DELAY_ENUM) VHDX_NR_DELAY_POINTS };
#undef VHDX_DELAY_ENUM

DECLARE_STATIC_KEY_FALSE(vhdx_delays_wanted);

void vhdx_delay_sleep(enum vhdx_delay_point point);
void vhdx_delay_spin(enum vhdx_delay_point point);

/**
 * vhdx_delay() - sleep, if a test has asked for that
 * @name:	of the point, as in VHDX_DELAY_POINTS()
 *
 * One instruction that does nothing where no delay is asked for. Context: may sleep.
 */
#define vhdx_delay(name) \
do { \
	if (static_branch_unlikely(&vhdx_delays_wanted)) \
		vhdx_delay_sleep(VHDX_DELAY_##name); \
} while (0)

/**
 * vhdx_delay_atomic() - the same by spinning
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
