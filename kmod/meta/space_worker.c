// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The thread that makes space ready: see space.c.
 */
#include <linux/bitmap.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "backing/backing.h"
#include "delay.h"
#include "meta/space_internal.h"

/* How much a file grows at once: a share of what it is, between this and VHDX_GROW_MAX. */
#define VHDX_GROW_MIN		(SZ_64M >> VHDX_UNIT_SHIFT)
#define VHDX_GROW_SHARE		8

/*
 * How long zeroing one piece is to take, in nanoseconds: so long does a writer wait that comes
 * meanwhile, or the end of the session. Files differ by orders of magnitude in how much that is.
 */
#define VHDX_PIECE_NS		(20 * NSEC_PER_MSEC)
#define VHDX_PIECE_FIRST	(SZ_4M >> VHDX_UNIT_SHIFT)

/* How many places are tried at once if the file cannot be written to there. */
#define VHDX_CLEAN_TRIES	16

/* How long after the last discard a commit is asked for: discards come in crowds. */
#define VHDX_RETURN_DELAY	HZ

static void vhdx_space_tell(struct vhdx_space *space, struct list_head *list, int error)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&space->lock);
	list_splice_init(list, &waiters);
	spin_unlock_irq(&space->lock);
	vhdx_waiters_tell(&waiters, error);
}

/* --- recycling -------------------------------------------------------------- */

/* Find the next run of units that are gone; one piece at most. Return: false: none are left */
static bool vhdx_space_next_gone(struct vhdx_space *space, unsigned long *at,
				 unsigned long *nr)
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

/* The next piece is to take as long as pieces should. */
static void vhdx_space_pace(struct vhdx_space *space, unsigned long nr, u64 ns)
{
	if (ns > VHDX_PIECE_NS)
		space->piece = max(space->piece / 2, 1UL);
	else if (nr == space->piece && ns < VHDX_PIECE_NS / 4)
		space->piece = min(space->piece * 2, VHDX_GROW_MAX);
}

static int vhdx_space_zero(struct vhdx_space *space, unsigned long at, unsigned long nr)
{
	return vhdx_backing_zero(space->backing, (u64)at << VHDX_UNIT_SHIFT,
				 (u64)nr << VHDX_UNIT_SHIFT, false);
}

/*
 * A piece of what is gone becomes ready; or unknown, if the file system does not zero it now.
 * Those who wait for room try again after each.
 */
static void vhdx_space_recycle(struct vhdx_space *space)
{
	u64 start = ktime_get_ns();
	unsigned long at, nr;
	int ret;

	if (!vhdx_space_next_gone(space, &at, &nr))
		return;
	vhdx_delay(recycle);
	ret = vhdx_space_zero(space, at, nr);
	vhdx_space_pace(space, nr, ktime_get_ns() - start);
	spin_lock_irq(&space->lock);
	bitmap_clear(space->map[VHDX_SPACE_LOT], at, nr);
	bitmap_clear(space->map[VHDX_SPACE_USED], at, nr);
	/* together with what is unknown beside it there may be room */
	WRITE_ONCE(space->may_clean, true);
	if (!ret) {
		vhdx_space_ready(space, at, nr);
		space->recycled++;
	}
	spin_unlock_irq(&space->lock);
	vhdx_space_tell(space, &space->reclaimers, 0);
}

/* --- asking for a commit -------------------------------------------------------- */

/* The commit is over. Context: any */
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
	WRITE_ONCE(space->asked, false);
	spin_unlock_irqrestore(&space->lock, flags);
	vhdx_waiters_tell(&reclaimers, error);
	vhdx_space_kick(space);
}

/* Would a commit return what was freed, and it alone? */
static bool vhdx_space_freed_waits(const struct vhdx_space *space)
{
	return READ_ONCE(space->any_freed) && READ_ONCE(space->lot) == VHDX_LOT_NONE &&
	       !READ_ONCE(space->asked) && !READ_ONCE(space->stuck);
}

static bool vhdx_space_is_due(const struct vhdx_space *space)
{
	return vhdx_space_freed_waits(space) &&
	       time_after_eq(jiffies, READ_ONCE(space->last_freed) + VHDX_RETURN_DELAY);
}

/*
 * Nothing is gone. For those who wait for room a commit is asked for even if one is on its way:
 * it may fail, and they are told so. If a lot is on its way behind it, they wait for that.
 */
static void vhdx_space_ask(struct vhdx_space *space)
{
	bool due = vhdx_space_is_due(space), wanted, pending, ask;

	spin_lock_irq(&space->lock);
	wanted = !list_empty(&space->reclaimers);
	pending = vhdx_space_pending(space);
	ask = !space->asked && pending && space->lot < VHDX_LOT_DURABLE && (wanted || due);
	if (ask)
		WRITE_ONCE(space->asked, true);
	spin_unlock_irq(&space->lock);
	if (ask)
		space->owner.commit(space->owner.context, &space->committed);
	else if (wanted && !pending)
		vhdx_space_tell(space, &space->reclaimers, 0);
}

/* --- making more -------------------------------------------------------------- */

/* Context: @space->lock held. Return: where units from @from on are unused, and some unknown */
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
	/* the run that it begins may be ready at first */
	at = find_next_bit(space->map[VHDX_SPACE_UNREADY], space->units, at);
	return at < space->units && !test_bit(at, used) ? at : VHDX_SPACE_NOWHERE;
}

/* Behind what could not be zeroed lately, or from the front again */
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

/* Return: 1 if so many units became ready, 0 if there are none, or a negative errno */
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
 * A place that cannot be zeroed, as a bad one of a device, does not keep those behind it from being
 * used. So many are tried: all of the device may be bad. Return: as above
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

static int vhdx_space_grow_to(struct vhdx_space *space, unsigned long units)
{
	int ret = 0;

	/* longer than what is of use, see space.c: what is there was not looked at */
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

/* In big steps, or if there is no room for one, by as much as is wanted. */
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

/* None to spare: then one of a payload block's is as good as any. Return: true if one is ready */
static bool vhdx_space_unit_anywhere(struct vhdx_space *space)
{
	spin_lock_irq(&space->lock);
	space->unit_anywhere = true;
	spin_unlock_irq(&space->lock);
	return vhdx_space_any_ready(space, 1);
}

/*
 * While units are being recycled: none of these may become one to spare, so one that can be cleaned
 * is. Return: true if a unit is ready
 */
static bool vhdx_space_unit_meanwhile(struct vhdx_space *space)
{
	return vhdx_space_clean_next(space, 1) > 0 || vhdx_space_unit_anywhere(space);
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
 * What cannot be cleaned now is left for another time. It is an error if nothing can grow, nor is
 * on its way: for that, commands wait if they are told that there is no room.
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
 * Commands wait for @units at once. While units are being recycled they wait for these, if they
 * need a block's worth; then it is known that nothing is on its way.
 */
static void vhdx_space_provide(struct vhdx_space *space, struct list_head *waiters,
			       unsigned long units, bool gone)
{
	int ret = 0;

	if (list_empty_careful(waiters))
		return;
	if (!vhdx_space_any_ready(space, units)) {
		if (gone && (units == space->block_units || !vhdx_space_unit_meanwhile(space)))
			return;
		ret = gone ? 0 : vhdx_space_refill(space, units);
		/* what there is to spare may be behind more runs than are looked at */
		if (!ret && units < space->block_units && !vhdx_space_any_ready(space, units))
			vhdx_space_unit_anywhere(space);
	}
	vhdx_space_tell(space, waiters, ret);
}

/* --- the thread -------------------------------------------------------------- */

/* One thing of each kind: none that takes long keeps the others waiting. */
static void vhdx_space_serve(struct vhdx_space *space)
{
	bool gone = READ_ONCE(space->lot) == VHDX_LOT_GONE;

	/* a sector bitmap block needs one unit, and may find that where no block fits */
	vhdx_space_provide(space, &space->unit_waiters, 1, gone);
	vhdx_space_provide(space, &space->waiters, space->block_units, gone);
	if (gone)
		vhdx_space_recycle(space);
	else
		vhdx_space_ask(space);
}

static bool vhdx_space_has_work(struct vhdx_space *space)
{
	return READ_ONCE(space->lot) == VHDX_LOT_GONE ||
	       !list_empty_careful(&space->waiters) ||
	       !list_empty_careful(&space->unit_waiters) ||
	       (!list_empty_careful(&space->reclaimers) && !READ_ONCE(space->asked) &&
		READ_ONCE(space->lot) < VHDX_LOT_DURABLE) ||
	       vhdx_space_is_due(space) || kthread_should_stop();
}

/* Only what was freed has a time: an idle disk wakes nothing. */
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

static int vhdx_space_thread(void *data)
{
	struct vhdx_space *space = data;

	/* see request/queue.c */
	current->flags |= PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO;
	set_freezable();
	while (!kthread_should_stop()) {
		vhdx_space_sleep(space);
		/* with work enough it does not sleep */
		try_to_freeze();
		if (!kthread_should_stop())
			vhdx_space_serve(space);
		cond_resched();
	}
	return 0;
}

/* Places that absent blocks name are used; whose they are must be sure for them to be freed. */
static void vhdx_space_keep_former(struct vhdx_space *space)
{
	unsigned long *former = space->map[VHDX_SPACE_FORMER];
	unsigned long *used = space->map[VHDX_SPACE_USED];

	if (bitmap_intersects(used, former, space->capacity))
		space->former_unsure = true;
	bitmap_or(used, used, former, space->capacity);
	bitmap_or(space->map[VHDX_SPACE_UNREADY], space->map[VHDX_SPACE_UNREADY], former,
		  space->capacity);
	bitmap_zero(former, space->capacity);
}

/**
 * vhdx_space_start() - everything is marked, from now on space can be taken
 * @space:	the map
 * @owner:	copied
 *
 * Return: 0 or a negative errno
 */
int vhdx_space_start(struct vhdx_space *space, const struct vhdx_space_owner *owner)
{
	vhdx_space_keep_former(space);
	/* whatever is not used may hold anything */
	bitmap_set(space->map[VHDX_SPACE_UNREADY], 0, space->units);
	space->may_clean = true;
	space->owner = *owner;
	space->committed.done = vhdx_space_committed;
	space->piece = VHDX_PIECE_FIRST;
	space->thread = kthread_run(vhdx_space_thread, space, "vhdx%d/space", owner->index);
	return PTR_ERR_OR_ZERO(space->thread);
}

/**
 * vhdx_space_stop() - undo vhdx_space_start()
 * @space:	nobody waits or takes any more
 *
 * Takes no longer than one piece and one commit. Nothing is asked of the owner afterwards.
 */
void vhdx_space_stop(struct vhdx_space *space)
{
	kthread_stop(space->thread);
	wait_event(space->wait, !READ_ONCE(space->asked));
}

/* --- afterwards -------------------------------------------------------------- */

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
 * vhdx_space_give_back() - the session is over: nothing that was freed can come back
 * @space:	stopped
 * @backing:	the file, as it can be written to
 * @cut:	it may become shorter
 *
 * What was freed goes back to the file system, if that takes it. It need not read as zeros: the
 * next session makes it so before it is used. Any of that may fail; it is only space.
 *
 * Context: process, may sleep long.
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
