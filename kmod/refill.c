// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that makes space ready: see space.c.
 */
#include <linux/bitmap.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>

#include "backing.h"
#include "spacestate.h"

/* How much a file grows at once: a share of what it is, within these bounds. */
#define VHDX_GROW_MIN		(SZ_64M >> VHDX_UNIT_SHIFT)
#define VHDX_GROW_MAX		(SZ_1G >> VHDX_UNIT_SHIFT)
#define VHDX_GROW_SHARE		8

/*
 * Find the next run of units that are gone, from @at on; @max units at most, so that
 * those who wait get something soon.
 */
static bool vhdx_space_next_gone(struct vhdx_space *space, unsigned long *at,
				 unsigned long *nr)
{
	const unsigned long *map = space->map[VHDX_SPACE_FREEING];
	unsigned long end;

	spin_lock_irq(&space->lock);
	*at = find_next_bit(map, space->units, *at);
	end = find_next_zero_bit(map, min(space->units, *at + VHDX_GROW_MAX), *at);
	*nr = end - *at;
	spin_unlock_irq(&space->lock);
	return *at < space->units;
}

static int vhdx_space_zero(struct vhdx_space *space, unsigned long at, unsigned long nr)
{
	return vhdx_backing_zero(space->backing, (u64)at << VHDX_UNIT_SHIFT,
				 (u64)nr << VHDX_UNIT_SHIFT, false);
}

/* What is gone becomes ready; or unknown, if the file system does not zero it now. */
static void vhdx_space_recycle(struct vhdx_space *space)
{
	unsigned long at = 0, nr;
	int ret;

	/* nobody who looked up the old entries is still on his way */
	synchronize_srcu(space->users);
	while (vhdx_space_next_gone(space, &at, &nr)) {
		ret = vhdx_space_zero(space, at, nr);
		spin_lock_irq(&space->lock);
		bitmap_clear(space->map[VHDX_SPACE_FREEING], at, nr);
		bitmap_clear(space->map[VHDX_SPACE_USED], at, nr);
		if (ret)
			space->nr_unknown += nr;
		else
			vhdx_space_ready(space, at, nr);
		spin_unlock_irq(&space->lock);
		at += nr;
	}
	spin_lock_irq(&space->lock);
	space->gone = false;
	space->busy_freeing = false;
	spin_unlock_irq(&space->lock);
}

/* Find a block's worth of units that are not used, of which some may be unknown. */
static bool vhdx_space_find_unknown(struct vhdx_space *space, unsigned long *at)
{
	bool found = false;

	spin_lock_irq(&space->lock);
	if (space->nr_unknown) {
		*at = bitmap_find_next_zero_area(space->map[VHDX_SPACE_USED], space->units, 0,
						 space->block_units, 0);
		found = *at + space->block_units <= space->units;
		if (!found)
			space->nr_unknown = 0;
	}
	if (found)
		vhdx_space_use(space, *at, space->block_units);
	spin_unlock_irq(&space->lock);
	return found;
}

/* Return: 1 if a block's worth became ready, 0 if there is none, or a negative errno */
static int vhdx_space_clean(struct vhdx_space *space)
{
	unsigned long at;
	int ret;

	if (!vhdx_space_find_unknown(space, &at))
		return 0;
	ret = vhdx_space_zero(space, at, space->block_units);
	spin_lock_irq(&space->lock);
	if (ret) {
		bitmap_clear(space->map[VHDX_SPACE_USED], at, space->block_units);
	} else {
		vhdx_space_ready(space, at, space->block_units);
		space->nr_unknown -= min_t(unsigned long, space->nr_unknown,
					   space->block_units);
	}
	spin_unlock_irq(&space->lock);
	return ret ? ret : 1;
}

static int vhdx_space_grow_to(struct vhdx_space *space, unsigned long units)
{
	int ret = 0;

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

/* In big steps, or if there is no room for one, by as much as is wanted at least. */
static int vhdx_space_grow(struct vhdx_space *space)
{
	unsigned long step = clamp_t(unsigned long, space->units / VHDX_GROW_SHARE,
				     VHDX_GROW_MIN, VHDX_GROW_MAX);
	int ret;

	step = roundup(step, space->block_units);
	ret = vhdx_space_grow_to(space, space->units + step);
	if (ret && step > space->block_units)
		ret = vhdx_space_grow_to(space, space->units + space->block_units);
	return ret;
}

/* What cannot be cleaned now is left for another time, and is an error if nothing can grow. */
static int vhdx_space_refill(struct vhdx_space *space)
{
	int cleaned = vhdx_space_clean(space), ret;

	if (cleaned > 0)
		return 0;
	ret = vhdx_space_grow(space);
	return ret == -ENOSPC && cleaned < 0 ? cleaned : ret;
}

static bool vhdx_space_any_ready(struct vhdx_space *space)
{
	bool ready;

	spin_lock_irq(&space->lock);
	ready = bitmap_find_next_zero_area(space->map[VHDX_SPACE_UNREADY], space->units,
					   space->hint, space->block_units, 0) +
		space->block_units <= space->units;
	spin_unlock_irq(&space->lock);
	return ready;
}

static void vhdx_space_serve(struct vhdx_space *space)
{
	LIST_HEAD(waiters);
	int ret = 0;

	if (READ_ONCE(space->gone))
		vhdx_space_recycle(space);
	spin_lock_irq(&space->lock);
	list_splice_init(&space->waiters, &waiters);
	spin_unlock_irq(&space->lock);
	if (list_empty(&waiters))
		return;
	if (!vhdx_space_any_ready(space))
		ret = vhdx_space_refill(space);
	vhdx_waiters_tell(&waiters, ret);
}

static int vhdx_space_thread(void *data)
{
	struct vhdx_space *space = data;

	/* see queue.c */
	current->flags |= PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO;
	set_freezable();
	while (!kthread_should_stop()) {
		wait_event_freezable(space->wait, READ_ONCE(space->gone) ||
				     !list_empty_careful(&space->waiters) ||
				     kthread_should_stop());
		vhdx_space_serve(space);
	}
	return 0;
}

/**
 * vhdx_space_settle() - the session is over: nothing that was freed can come back
 * @space:	stopped
 *
 * Context: process, may sleep long.
 */
void vhdx_space_settle(struct vhdx_space *space)
{
	unsigned int round;

	/* what the last commit dropped, and what is waiting behind it */
	for (round = 0; round < 2; round++) {
		vhdx_space_freeing(space);
		vhdx_space_recycle(space);
	}
}

/**
 * vhdx_space_start() - everything is marked, from now on space can be taken
 * @space:	the map
 * @users:	held by whoever uses space by an entry he looked up
 * @index:	number of the disk, for the thread's name
 *
 * Return: 0 or a negative errno
 */
int vhdx_space_start(struct vhdx_space *space, struct srcu_struct *users, int index)
{
	unsigned long used = bitmap_weight(space->map[VHDX_SPACE_USED], space->units);

	/* whatever is not used may hold anything */
	bitmap_set(space->map[VHDX_SPACE_UNREADY], 0, space->units);
	space->nr_unknown = space->units - used;
	space->users = users;
	space->thread = kthread_run(vhdx_space_thread, space, "vhdx%d/space", index);
	return PTR_ERR_OR_ZERO(space->thread);
}

/**
 * vhdx_space_stop() - undo vhdx_space_start()
 * @space:	nobody waits or takes any more
 */
void vhdx_space_stop(struct vhdx_space *space)
{
	kthread_stop(space->thread);
}
