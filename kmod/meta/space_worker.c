// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The thread that makes space ready: it recycles freed units, zeroes unknown ones, and makes the
 * file longer. See space.c.
 */
#include <linux/bitmap.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "backing/backing.h"
#include "delay.h"
#include "meta/space_internal.h"

/* A file grows by one VHDX_GROW_SHARE-th, but by VHDX_GROW_MIN to VHDX_GROW_MAX units. */
#define VHDX_GROW_MIN		(SZ_64M >> VHDX_UNIT_SHIFT)
#define VHDX_GROW_SHARE		8

/*
 * Time that zeroing one piece should take, in nanoseconds. A command that begins to wait meanwhile,
 * or the end of the session, waits that long. How many units that is differs by orders of
 * magnitude.
 */
#define VHDX_PIECE_NS		(20 * NSEC_PER_MSEC)
#define VHDX_PIECE_FIRST	(SZ_4M >> VHDX_UNIT_SHIFT)

/* Number of places that are tried at once when zeroing fails */
#define VHDX_CLEAN_TRIES	16

/* Time from the last discard to the request of a commit: discards come in crowds */
#define VHDX_RETURN_DELAY	HZ

/* Complete all waits of a list that @space->lock protects. */
static void vhdx_space_complete(struct vhdx_space *space, struct list_head *list, int error)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&space->lock);
	list_splice_init(list, &waiters);
	spin_unlock_irq(&space->lock);
	vhdx_waiters_complete(&waiters, error);
}

/* --- recycling -------------------------------------------------------------- */

/* Find the next quiesced units, one piece at most. Return: false if the lot has no more */
static bool vhdx_space_next_quiesced(struct vhdx_space *space, unsigned long *at, unsigned long *nr)
{
	const unsigned long *map = space->map[VHDX_SPACE_LOT];
	unsigned long end;

	spin_lock_irq(&space->lock);
	*at = find_first_bit(map, space->units);
	end = find_next_zero_bit(map, min(space->units, *at + space->piece), *at);
	*nr = end - *at;
	if (*at >= space->units)
		WRITE_ONCE(space->lot, VHDX_LOT_NONE);
	spin_unlock_irq(&space->lock);
	return *at < space->units;
}

static int vhdx_space_zero(struct vhdx_space *space, unsigned long at, unsigned long nr)
{
	return vhdx_backing_zero(space->backing, (u64)at << VHDX_UNIT_SHIFT,
				 (u64)nr << VHDX_UNIT_SHIFT, false);
}

/*
 * A piece of the quiesced units becomes ready; or unknown, if the file system does not zero it now.
 * Commands that wait for room try again after each piece. The size of the next piece is adapted.
 */
static void vhdx_space_recycle(struct vhdx_space *space)
{
	u64 start = ktime_get_ns(), ns;
	unsigned long at, nr;
	int ret;

	if (!vhdx_space_next_quiesced(space, &at, &nr))
		return;
	vhdx_delay(recycle);
	ret = vhdx_space_zero(space, at, nr);
	ns = ktime_get_ns() - start;
	if (ns > VHDX_PIECE_NS)
		space->piece = max(space->piece / 2, 1UL);
	else if (nr == space->piece && ns < VHDX_PIECE_NS / 4)
		space->piece = min(space->piece * 2, VHDX_GROW_MAX);
	spin_lock_irq(&space->lock);
	bitmap_clear(space->map[VHDX_SPACE_LOT], at, nr);
	bitmap_clear(space->map[VHDX_SPACE_USED], at, nr);
	/* together with unknown units beside them there may be room for a block */
	WRITE_ONCE(space->may_clean, true);
	if (!ret) {
		vhdx_space_ready(space, at, nr);
		space->recycled++;
	}
	spin_unlock_irq(&space->lock);
	vhdx_space_complete(space, &space->reclaimers, 0);
}

/* --- requesting a commit -------------------------------------------------------- */

/* The requested commit has ended. Context: any */
static void vhdx_space_committed(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_space *space = container_of(waiter, struct vhdx_space, committed);
	LIST_HEAD(reclaimers);
	unsigned long flags;

	spin_lock_irqsave(&space->lock, flags);
	if (error) {
		WRITE_ONCE(space->stuck, true);
		list_splice_init(&space->reclaimers, &reclaimers);
	}
	WRITE_ONCE(space->committing, false);
	spin_unlock_irqrestore(&space->lock, flags);
	vhdx_waiters_complete(&reclaimers, error);
	vhdx_space_kick(space);
}

/* Do freed units wait for a commit and for nothing else, and is none requested? */
static bool vhdx_space_freed_waits(const struct vhdx_space *space)
{
	return READ_ONCE(space->any_freed) && READ_ONCE(space->lot) == VHDX_LOT_NONE &&
	       !READ_ONCE(space->committing) && !READ_ONCE(space->stuck);
}

/* Is it time to request that commit without any command that waits for room? */
static bool vhdx_space_is_due(const struct vhdx_space *space)
{
	return vhdx_space_freed_waits(space) &&
	       time_after_eq(jiffies, READ_ONCE(space->last_freed) + VHDX_RETURN_DELAY);
}

/*
 * No units are quiesced. Request a commit if one is due or if commands wait for room. For waiting
 * commands it is requested even if another commit is on its way: the failure of that one would not
 * end their wait, the failure of the requested one does. If the lot is past the commit, they wait
 * for the lot. If nothing is on its way any more, they try again.
 */
static void vhdx_space_request_commit(struct vhdx_space *space)
{
	bool due = vhdx_space_is_due(space), wanted, pending, request;

	spin_lock_irq(&space->lock);
	wanted = !list_empty(&space->reclaimers);
	pending = vhdx_space_pending(space);
	request = !space->committing && pending && space->lot < VHDX_LOT_DURABLE && (wanted || due);
	if (request)
		WRITE_ONCE(space->committing, true);
	spin_unlock_irq(&space->lock);
	if (request)
		space->owner.commit(space->owner.context, &space->committed);
	else if (wanted && !pending)
		vhdx_space_complete(space, &space->reclaimers, 0);
}

/* --- making more -------------------------------------------------------------- */

/*
 * Find @units unused units, some of them unknown, from unit @from on. Context: @space->lock held.
 * Return: the first of them, or VHDX_SPACE_NOWHERE
 */
static unsigned long vhdx_space_search_unknown(struct vhdx_space *space, unsigned long units,
					       unsigned long from)
{
	unsigned long *used = space->map[VHDX_SPACE_USED], at;

	if (units == space->block_units) {
		at = bitmap_find_next_zero_area(used, space->units, from, units, 0);
		return at + units <= space->units ? at : VHDX_SPACE_NOWHERE;
	}
	vhdx_space_find_unit(space, VHDX_SPACE_USED, from, &at);
	if (at == VHDX_SPACE_NOWHERE)
		return at;
	/* the first units of the run may be ready */
	at = find_next_bit(space->map[VHDX_SPACE_UNREADY], space->units, at);
	return at < space->units && !test_bit(at, used) ? at : VHDX_SPACE_NOWHERE;
}

/*
 * Mark units to be zeroed as used: behind those that could not be zeroed lately, or from the front
 * of the file again. Return: false if there are none
 */
static bool vhdx_space_find_unknown(struct vhdx_space *space, unsigned long *at,
				    unsigned long units)
{
	bool block = units == space->block_units;
	unsigned long *from = &space->clean_from[block];

	spin_lock_irq(&space->lock);
	*at = VHDX_SPACE_NOWHERE;
	if (space->may_clean || !block) {
		*at = vhdx_space_search_unknown(space, units, *from);
		if (*at == VHDX_SPACE_NOWHERE && *from) {
			*from = 0;
			*at = vhdx_space_search_unknown(space, units, 0);
		}
	}
	if (*at != VHDX_SPACE_NOWHERE)
		vhdx_space_use(space, *at, units);
	else if (block)
		WRITE_ONCE(space->may_clean, false);
	spin_unlock_irq(&space->lock);
	return *at != VHDX_SPACE_NOWHERE;
}

/*
 * Zero @units units that are unused. Return: 1 if they became ready, 0 if there are none, or a
 * negative errno
 */
static int vhdx_space_clean_next(struct vhdx_space *space, unsigned long units)
{
	unsigned long at;
	int ret;

	if (!vhdx_space_find_unknown(space, &at, units))
		return 0;
	ret = vhdx_space_zero(space, at, units);
	spin_lock_irq(&space->lock);
	if (ret)
		bitmap_clear(space->map[VHDX_SPACE_USED], at, units);
	else
		vhdx_space_ready(space, at, units);
	spin_unlock_irq(&space->lock);
	if (ret)
		space->clean_from[units == space->block_units] = at + units;
	return ret ? ret : 1;
}

/*
 * As vhdx_space_clean_next(), but units that cannot be zeroed, as on a bad sector of a device, do
 * not keep those behind them from being used. Only some places are tried: all of the device may be
 * bad.
 */
static int vhdx_space_clean(struct vhdx_space *space, unsigned long units)
{
	unsigned int left = VHDX_CLEAN_TRIES;
	int ret = 0, next;

	do {
		next = vhdx_space_clean_next(space, units);
		ret = next ? next : ret;
	} while (next < 0 && next != -ENOSPC && --left);
	return ret;
}

/* Make the file as long as @units units. Return: 0 or a negative errno */
static int vhdx_space_grow_to(struct vhdx_space *space, unsigned long units)
{
	int ret = 0;

	/* the file is longer than the map, see space_map.c: what is there is not known */
	if (((u64)units << VHDX_UNIT_SHIFT) < vhdx_backing_size(space->backing))
		return -ENOSPC;
	if (units > space->capacity)
		ret = vhdx_space_enlarge(space, max(units, 2 * space->capacity));
	if (!ret)
		ret = vhdx_backing_resize(space->backing, (u64)units << VHDX_UNIT_SHIFT);
	if (ret)
		return ret;
	spin_lock_irq(&space->lock);
	space->hint = min(space->hint, space->units - min_t(unsigned long, space->units,
							    space->block_units));
	space->units = units;
	spin_unlock_irq(&space->lock);
	return 0;
}

/* Grow by a large step; if there is no room for that, by @units. Return: 0 or a negative errno */
static int vhdx_space_grow(struct vhdx_space *space, unsigned long units)
{
	unsigned long step = clamp_t(unsigned long, space->units / VHDX_GROW_SHARE,
				     VHDX_GROW_MIN, VHDX_GROW_MAX);
	int ret;

	step = roundup(step, space->block_units);
	ret = vhdx_space_grow_to(space, space->units + step);
	if (ret && step > units)
		ret = vhdx_space_grow_to(space, space->units + units);
	return ret;
}

static bool vhdx_space_any_ready(struct vhdx_space *space, unsigned long units)
{
	bool ready;

	spin_lock_irq(&space->lock);
	ready = vhdx_space_search(space, units) != VHDX_SPACE_NOWHERE;
	spin_unlock_irq(&space->lock);
	return ready;
}

/*
 * No unit to spare can be made ready: allow any unit for a sector bitmap block, at the cost of room
 * for a payload block. Return: true if one is ready
 */
static bool vhdx_space_unit_anywhere(struct vhdx_space *space)
{
	spin_lock_irq(&space->lock);
	space->unit_anywhere = true;
	spin_unlock_irq(&space->lock);
	return vhdx_space_any_ready(space, 1);
}

static bool vhdx_space_is_pending(struct vhdx_space *space)
{
	bool pending;

	spin_lock_irq(&space->lock);
	pending = vhdx_space_pending(space);
	spin_unlock_irq(&space->lock);
	return pending;
}

/*
 * Make @units units ready: zero unknown ones, or grow the file. Units that cannot be zeroed now are
 * left for another time. Zeroing errors count only if the file cannot grow and nothing is on its
 * way: for what is on its way, commands that get -ENOSPC wait. Return: 0 or a negative errno
 */
static int vhdx_space_refill(struct vhdx_space *space, unsigned long units)
{
	int cleaned = vhdx_space_clean(space, units), ret;

	if (cleaned > 0)
		return 0;
	if (units < space->block_units && vhdx_space_unit_anywhere(space))
		return 0;
	ret = vhdx_space_grow(space, units);
	return ret == -ENOSPC && cleaned < 0 && !vhdx_space_is_pending(space) ? cleaned : ret;
}

/*
 * Serve commands that wait for @units units at once. While units are being recycled, those that
 * need a payload block wait for these units; only afterwards it is known that none are on their
 * way. For a sector bitmap block an unknown unit is zeroed, because recycled units may not give one
 * to spare.
 */
static void vhdx_space_provide(struct vhdx_space *space, struct list_head *waiters,
			       unsigned long units, bool quiesced)
{
	int ret = 0;

	if (list_empty_careful(waiters))
		return;
	if (!vhdx_space_any_ready(space, units)) {
		if (quiesced && (units == space->block_units ||
				 (vhdx_space_clean_next(space, 1) <= 0 &&
				  !vhdx_space_unit_anywhere(space))))
			return;
		ret = quiesced ? 0 : vhdx_space_refill(space, units);
		/* units to spare may be behind more runs than are searched */
		if (!ret && units < space->block_units && !vhdx_space_any_ready(space, units))
			vhdx_space_unit_anywhere(space);
	}
	vhdx_space_complete(space, waiters, ret);
}

/* --- the thread -------------------------------------------------------------- */

static bool vhdx_space_has_work(struct vhdx_space *space)
{
	return READ_ONCE(space->lot) == VHDX_LOT_QUIESCED ||
	       !list_empty_careful(&space->waiters) ||
	       !list_empty_careful(&space->unit_waiters) ||
	       (!list_empty_careful(&space->reclaimers) && !READ_ONCE(space->committing) &&
		READ_ONCE(space->lot) < VHDX_LOT_DURABLE) ||
	       vhdx_space_is_due(space) || kthread_should_stop();
}

/* There is a timeout only while freed units wait for a commit: an idle disk wakes no CPU. */
static void vhdx_space_sleep(struct vhdx_space *space)
{
	long left = READ_ONCE(space->last_freed) + VHDX_RETURN_DELAY - jiffies;

	if (vhdx_space_freed_waits(space))
		wait_event_freezable_timeout(space->wait, vhdx_space_has_work(space),
					     max(left, 1L));
	else
		wait_event_freezable(space->wait, vhdx_space_has_work(space) ||
				     vhdx_space_freed_waits(space));
}

/* Does one piece of each kind of work at a time, so that none keeps the others waiting for long. */
static int vhdx_space_thread(void *data)
{
	struct vhdx_space *space = data;
	bool quiesced;

	/* see request/queue.c */
	current->flags |= PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO;
	set_freezable();
	while (!kthread_should_stop()) {
		vhdx_space_sleep(space);
		/* with enough work to do, it never sleeps */
		try_to_freeze();
		if (kthread_should_stop())
			break;
		quiesced = READ_ONCE(space->lot) == VHDX_LOT_QUIESCED;
		/* a sector bitmap block needs one unit, and may find that where no block fits */
		vhdx_space_provide(space, &space->unit_waiters, 1, quiesced);
		vhdx_space_provide(space, &space->waiters, space->block_units, quiesced);
		if (quiesced)
			vhdx_space_recycle(space);
		else
			vhdx_space_request_commit(space);
		cond_resched();
	}
	return 0;
}

/**
 * vhdx_space_start() - start to make space ready, once everything in use is marked
 * @space:	the map
 * @owner:	copied
 *
 * Former places of absent blocks count as used from now on. They are never freed if some of them
 * are used by blocks or named twice.
 *
 * Context: process, may sleep
 * Return: 0 or a negative errno
 */
int vhdx_space_start(struct vhdx_space *space, const struct vhdx_space_owner *owner)
{
	unsigned long *former = space->map[VHDX_SPACE_FORMER];
	unsigned long *unready = space->map[VHDX_SPACE_UNREADY];
	unsigned long *used = space->map[VHDX_SPACE_USED];

	if (bitmap_intersects(used, former, space->capacity))
		space->former_unsure = true;
	bitmap_or(used, used, former, space->capacity);
	bitmap_or(unready, unready, former, space->capacity);
	bitmap_zero(former, space->capacity);
	/* unused units are unknown: they may hold anything */
	bitmap_set(unready, 0, space->units);
	space->may_clean = true;
	space->owner = *owner;
	space->committed.done = vhdx_space_committed;
	space->piece = VHDX_PIECE_FIRST;
	space->thread = kthread_run(vhdx_space_thread, space, "vhdx%d/space", owner->index);
	return PTR_ERR_OR_ZERO(space->thread);
}

/**
 * vhdx_space_stop() - undo vhdx_space_start()
 * @space:	no command waits for space or allocates any more
 *
 * Callbacks of the owner are not called afterwards.
 *
 * Context: process; sleeps for one piece and one commit at most
 */
void vhdx_space_stop(struct vhdx_space *space)
{
	kthread_stop(space->thread);
	wait_event(space->wait, !READ_ONCE(space->committing));
}

/* --- after the session ------------------------------------------------------- */

/* Give the units of @map back to the file system, until that fails. */
static void vhdx_space_punch(struct vhdx_space *space, struct vhdx_backing *backing,
			     const unsigned long *map)
{
	unsigned long at = 0, end;

	while ((at = find_next_bit(map, space->units, at)) < space->units) {
		end = find_next_zero_bit(map, min(space->units, at + VHDX_GROW_MAX), at);
		if (vhdx_backing_punch(backing, (u64)at << VHDX_UNIT_SHIFT,
				       (u64)(end - at) << VHDX_UNIT_SHIFT))
			break;
		at = end;
		cond_resched();
	}
}

/**
 * vhdx_space_give_back() - after the session, give freed space back to the file system
 * @space:	stopped; no old entry can come back any more
 * @backing:	the file, in a mode in which it can be written to
 * @cut:	cut off the unused end of the file
 *
 * The next session makes unused space read as zeros before it uses it, so errors only cost space.
 *
 * Context: process, may sleep long
 */
void vhdx_space_give_back(struct vhdx_space *space, struct vhdx_backing *backing, bool cut)
{
	unsigned long *freed = space->map[VHDX_SPACE_FREED];
	u64 end;

	bitmap_or(freed, freed, space->map[VHDX_SPACE_LOT], space->units);
	bitmap_andnot(space->map[VHDX_SPACE_USED], space->map[VHDX_SPACE_USED], freed,
		      space->units);
	end = vhdx_space_end(space);
	if (cut && end < vhdx_backing_size(backing) && !vhdx_backing_resize(backing, end)) {
		vhdx_backing_flush(backing);
		bitmap_clear(freed, end >> VHDX_UNIT_SHIFT,
			     space->units - (end >> VHDX_UNIT_SHIFT));
	}
	vhdx_space_punch(space, backing, freed);
}
