// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: space
 *
 * Everything in a VHDX file but its first MiB is in whole MiB ("units" here), so what is
 * used is kept in bitmaps, one bit for each unit. What a unit goes through:
 *
 *	ready	-> used	     [vhdx_space_take]    a block is being written into it
 *	used	-> unknown   [vhdx_space_return]  the write failed, nothing refers to it
 *	used	-> freed     [vhdx_space_free]    its block was dropped, in memory only
 *	freed	-> freeing   [vhdx_space_freeing] the entry that drops it is being logged
 *	freeing	-> durable   [vhdx_space_freed]	  that entry is durable
 *	durable	-> gone	     [vhdx_space_unused]  nobody reads or writes there any more
 *	gone	-> ready     [vhdx_space_recycle] it has been made to read as zeros
 *	unknown	-> ready     [vhdx_space_clean]	  it has been made to read as zeros
 *	(none)	-> ready     [vhdx_space_grow]	  the file was made longer
 *
 * So whatever is handed out reads as zeros, and nobody who takes it needs to know where it
 * comes from: a block's bytes are those written to it or zeros, never another's (P5). The
 * zeros are durable before the entry that refers to the block is, because the journal
 * flushes the file before it logs anything.
 *
 * After a crash a freed unit's old entry may come back, unless the new one is durable:
 * that is why a unit is not reused before (P4). And a read or write that was under way
 * when the block was dropped may still go there: so recycling waits for @users. What is
 * between freed and ready is one lot at a time; what is freed meanwhile is the next.
 *
 * That needs no flush by a user: a second after the last unit was freed the thread asks for a
 * commit. A command that finds no room, in the file or in the file system under it, asks for
 * it at once, and tries again when something has become ready (vhdx_space_reclaim()): it
 * fails only if nothing is on its way. The commit needs neither the thread nor any command.
 *
 * An absent block (UNMAPPED, UNDEFINED) may name the place it had. That place is kept for
 * it: others that read the image may take it for the block's. Before the block gets data its
 * entry drops the place, which is freed then like any other. What is named by two entries, or
 * named by one while a block uses it, is not freed when an entry drops it.
 *
 * Behind the last used unit a file may hold anything when it is opened: unknown.
 *
 * The maps cover twice what all blocks would take, and VHDX_SPACE_SLACK. A file may be longer
 * than that, as a device is, or a file made sparse by mistake: the rest is not used. Only a file
 * that has something there cannot be written to.
 *
 * What takes time (zeroing, growing) is done by a thread of its own; who finds nothing
 * ready waits without sleeping. The thread zeroes in small pieces, and serves those who
 * wait in between. Units are taken from the front, so that the end of the file can be given
 * back on detach.
 */
#include "meta/space.h"

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "meta/space_internal.h"
#include "format/geometry.h"
#include "format/region.h"

/* --- bitmaps -------------------------------------------------------------- */

/*
 * Header section, log and regions are nobody's to take. A region that is not known may lie
 * beyond the end of the file: it is left alone when the file grows over it.
 */
static void vhdx_space_mark_layout(struct vhdx_space *space)
{
	const struct vhdx_layout *layout = space->layout;
	unsigned long first, last;
	unsigned int i;

	for (i = 0; i < layout->count; i++) {
		first = layout->range[i].offset >> VHDX_UNIT_SHIFT;
		last = first + (layout->range[i].length >> VHDX_UNIT_SHIFT);
		last = min(last, space->capacity);
		if (first < last)
			vhdx_space_use(space, first, last - first);
	}
}

/**
 * vhdx_space_enlarge() - make the map ready for a longer file
 * @space:	the map
 * @capacity:	units, more than now
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_space_enlarge(struct vhdx_space *space, unsigned long capacity)
{
	unsigned long *map[VHDX_SPACE_MAPS], *old;
	unsigned int i;

	capacity = round_up(capacity, BITS_PER_LONG);
	for (i = 0; i < VHDX_SPACE_MAPS; i++) {
		map[i] = kvcalloc(BITS_TO_LONGS(capacity), sizeof(long), GFP_KERNEL);
		if (!map[i])
			goto err;
	}
	spin_lock_irq(&space->lock);
	for (i = 0; i < VHDX_SPACE_MAPS; i++) {
		if (space->capacity)
			bitmap_copy(map[i], space->map[i], space->capacity);
		old = space->map[i];
		space->map[i] = map[i];
		map[i] = old;
	}
	space->capacity = capacity;
	vhdx_space_mark_layout(space);
	spin_unlock_irq(&space->lock);
	i = VHDX_SPACE_MAPS;
err:
	while (i--)
		kvfree(map[i]);
	return space->capacity == capacity ? 0 : -ENOMEM;
}

static unsigned long vhdx_units(u64 bytes)
{
	return (bytes + VHDX_UNIT - 1) >> VHDX_UNIT_SHIFT;
}

/* How many units of a file are of use, however long it is */
static u64 vhdx_space_limit(const struct vhdx_geometry *g)
{
	return 2 * ((g->payload_blocks << (g->block_shift - VHDX_UNIT_SHIFT)) + g->chunks) +
	       VHDX_SPACE_SLACK;
}

/**
 * vhdx_space_covers() - can something be marked there?
 * @space:	not started yet
 * @end:	bytes
 *
 * Return: false if @end is behind what is of use
 */
bool vhdx_space_covers(const struct vhdx_space *space, u64 end)
{
	return end <= (u64)space->capacity << VHDX_UNIT_SHIFT;
}

/**
 * vhdx_space_mark() - something uses a part of the file
 * @space:	not started yet
 * @offset:	bytes
 * @length:	bytes; the last block may reach beyond the end of the file
 *
 * Return: false if something else uses it already
 */
bool vhdx_space_mark(struct vhdx_space *space, u64 offset, u64 length)
{
	unsigned long first = offset >> VHDX_UNIT_SHIFT;
	unsigned long last = min(vhdx_units(offset + length), space->capacity);

	if (first >= last)
		return false;
	space->units = max(space->units, last);
	if (find_next_bit(space->map[VHDX_SPACE_USED], last, first) < last)
		return false;
	bitmap_set(space->map[VHDX_SPACE_USED], first, last - first);
	return true;
}

/**
 * vhdx_space_mark_former() - an entry of an absent block names the place that the block had
 * @space:	not started yet
 * @offset:	bytes, not 0
 *
 * It may be one that cannot be: behind the end of the file, used, or named twice.
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_space_mark_former(struct vhdx_space *space, u64 offset)
{
	unsigned long first = offset >> VHDX_UNIT_SHIFT;
	unsigned long last = first + space->block_units;

	/* no block will ever be there */
	if (last > space->most_units) {
		space->former_unsure = true;
		return 0;
	}
	if (last > space->capacity && vhdx_space_enlarge(space, last))
		return -ENOMEM;
	if (find_next_bit(space->map[VHDX_SPACE_FORMER], last, first) < last)
		space->former_unsure = true;
	bitmap_set(space->map[VHDX_SPACE_FORMER], first, last - first);
	return 0;
}

/* Most units of the file: those there now, what all blocks may need and what is grown ahead */
static unsigned long vhdx_space_most_units(const struct vhdx_space *space,
					   const struct vhdx_geometry *g)
{
	return space->units + g->payload_blocks * space->block_units + g->chunks +
	       VHDX_GROW_MAX + space->block_units;
}

/**
 * vhdx_space_create() - a map of a file in which only the layout is used
 * @backing:	the file; must outlive the map
 * @layout:	header section, log, regions; must outlive the map
 * @g:		of the image
 *
 * Return: the map, or an ERR_PTR
 */
struct vhdx_space *vhdx_space_create(struct vhdx_backing *backing,
				     const struct vhdx_layout *layout,
				     const struct vhdx_geometry *g)
{
	struct vhdx_space *space = kzalloc(sizeof(*space), GFP_KERNEL);
	u64 units;

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->backing = backing;
	space->layout = layout;
	space->block_units = g->block_size >> VHDX_UNIT_SHIFT;
	spin_lock_init(&space->lock);
	INIT_LIST_HEAD(&space->waiters);
	INIT_LIST_HEAD(&space->unit_waiters);
	INIT_LIST_HEAD(&space->reclaimers);
	init_waitqueue_head(&space->wait);
	/* a device cannot grow to whole units, a file will: see vhdx_space_size() */
	if (S_ISBLK(vhdx_backing_inode(backing)->i_mode))
		units = backing->size >> VHDX_UNIT_SHIFT;
	else
		units = vhdx_units(backing->size);
	units = min(units, vhdx_space_limit(g));
	if (vhdx_space_enlarge(space, units + VHDX_SPACE_SPARE + space->block_units)) {
		kfree(space);
		return ERR_PTR(-ENOMEM);
	}
	space->units = units;
	space->most_units = vhdx_space_most_units(space, g);
	return space;
}

/**
 * vhdx_space_destroy() - undo vhdx_space_create()
 * @space:	stopped
 */
void vhdx_space_destroy(struct vhdx_space *space)
{
	unsigned int i;

	for (i = 0; i < VHDX_SPACE_MAPS; i++)
		kvfree(space->map[i]);
	kfree(space);
}

/**
 * vhdx_space_end() - where does the last used unit end?
 * @space:	the map
 *
 * Context: any.
 * Return: bytes
 */
u64 vhdx_space_end(struct vhdx_space *space)
{
	unsigned long last, flags;
	u64 end = 0;

	spin_lock_irqsave(&space->lock, flags);
	last = find_last_bit(space->map[VHDX_SPACE_USED], space->units);
	if (last < space->units)
		end = (u64)(last + 1) << VHDX_UNIT_SHIFT;
	spin_unlock_irqrestore(&space->lock, flags);
	return end;
}

/* How long the file must be, in bytes, for all its units to be there */
u64 vhdx_space_size(const struct vhdx_space *space)
{
	return (u64)space->units << VHDX_UNIT_SHIFT;
}

/* --- taking and giving -------------------------------------------------------- */

/* There is something to do for the thread. Context: any */
void vhdx_space_kick(struct vhdx_space *space)
{
	wake_up(&space->wait);
}

/* Units become used. Context: @space->lock held */
void vhdx_space_use(struct vhdx_space *space, unsigned long first, unsigned long nr)
{
	bitmap_set(space->map[VHDX_SPACE_USED], first, nr);
	bitmap_set(space->map[VHDX_SPACE_UNREADY], first, nr);
}

/* Units become ready. Context: @space->lock held */
void vhdx_space_ready(struct vhdx_space *space, unsigned long first, unsigned long nr)
{
	bitmap_clear(space->map[VHDX_SPACE_USED], first, nr);
	bitmap_clear(space->map[VHDX_SPACE_UNREADY], first, nr);
	/* one that ends here may begin before */
	space->hint = min(space->hint, first - min_t(unsigned long, first, space->block_units));
	space->unit_anywhere = false;
}

/**
 * vhdx_space_find_unit() - find a place for a sector bitmap block
 * @space:	the map
 * @map:	which of the maps: bits that are not set are free
 * @from:	not before this unit
 * @at:		set to a free unit, or VHDX_SPACE_NOWHERE
 *
 * A run of whole payload blocks loses one of them to a sector bitmap block. A run with a unit to
 * spare is preferred; it is looked for in the first VHDX_SPACE_RUNS runs.
 *
 * Context: @space->lock held
 * Return: true if no payload block loses its place
 */
bool vhdx_space_find_unit(const struct vhdx_space *space, enum vhdx_space_map map,
			  unsigned long from, unsigned long *at)
{
	const unsigned long *bits = space->map[map];
	unsigned long first, end = from;
	unsigned int runs;

	*at = VHDX_SPACE_NOWHERE;
	for (runs = 0; runs < VHDX_SPACE_RUNS; runs++) {
		first = find_next_zero_bit(bits, space->units, end);
		if (first >= space->units)
			break;
		end = find_next_bit(bits, space->units, first);
		if (!runs || (end - first) % space->block_units)
			*at = first;
		if ((end - first) % space->block_units)
			return true;
	}
	return false;
}

/* A unit that is not ready is not waited for if none to spare can be made ready. */
static unsigned long vhdx_space_search_unit(const struct vhdx_space *space)
{
	unsigned long ready, any;

	if (vhdx_space_find_unit(space, VHDX_SPACE_UNREADY, 0, &ready) ||
	    space->unit_anywhere || !vhdx_space_find_unit(space, VHDX_SPACE_USED, 0, &any))
		return ready;
	return VHDX_SPACE_NOWHERE;
}

/**
 * vhdx_space_search() - where is there ready space?
 * @space:	the map
 * @nr:		units: a payload block's, or one
 *
 * Context: @space->lock held
 * Return: the first unit, or VHDX_SPACE_NOWHERE
 */
unsigned long vhdx_space_search(const struct vhdx_space *space, unsigned long nr)
{
	unsigned long at;

	/* the hint is about whole blocks */
	if (nr != space->block_units)
		return vhdx_space_search_unit(space);
	at = bitmap_find_next_zero_area(space->map[VHDX_SPACE_UNREADY], space->units,
					space->hint, nr, 0);
	return at + nr <= space->units ? at : VHDX_SPACE_NOWHERE;
}

/**
 * vhdx_space_take() - get space for a block
 * @space:	started
 * @length:	bytes: a payload block's, or a sector bitmap block's
 * @offset:	set to where, in bytes; it reads as zeros
 *
 * Context: any.
 * Return: false if none is ready: vhdx_space_wait(), then try again
 */
bool vhdx_space_take(struct vhdx_space *space, u64 length, u64 *offset)
{
	unsigned long flags, at, nr = length >> VHDX_UNIT_SHIFT;
	bool found;

	spin_lock_irqsave(&space->lock, flags);
	at = vhdx_space_search(space, nr);
	found = at != VHDX_SPACE_NOWHERE;
	if (found) {
		vhdx_space_use(space, at, nr);
		*offset = (u64)at << VHDX_UNIT_SHIFT;
	}
	if (nr == space->block_units)
		space->hint = found ? at + nr : space->units;
	spin_unlock_irqrestore(&space->lock, flags);
	return found;
}

/**
 * vhdx_space_wait() - have more space made ready
 * @space:	started
 * @length:	bytes, as for vhdx_space_take()
 * @waiter:	told when there is some, or why there will be none
 *
 * Context: any.
 */
void vhdx_space_wait(struct vhdx_space *space, u64 length, struct vhdx_waiter *waiter)
{
	bool block = length >> VHDX_UNIT_SHIFT == space->block_units, dead;
	unsigned long flags;

	spin_lock_irqsave(&space->lock, flags);
	dead = vhdx_backing_is_dead(space->backing);
	if (!dead)
		list_add_tail(&waiter->node, block ? &space->waiters : &space->unit_waiters);
	spin_unlock_irqrestore(&space->lock, flags);
	if (dead)
		waiter->done(waiter, -EIO);
	else
		vhdx_space_kick(space);
}

/**
 * vhdx_space_abandon() - the disk was killed: all that wait for space are told
 * @space:	started; its thread may hang in the file
 *
 * What comes later is told at once.
 *
 * Context: any that may take spinlocks, interrupts on
 */
void vhdx_space_abandon(struct vhdx_space *space)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&space->lock);
	list_splice_init(&space->waiters, &waiters);
	list_splice_init(&space->unit_waiters, &waiters);
	list_splice_init(&space->reclaimers, &waiters);
	spin_unlock_irq(&space->lock);
	vhdx_waiters_tell(&waiters, -EIO);
}

/**
 * vhdx_space_return() - space was taken for nothing
 * @space:	started
 * @offset:	from vhdx_space_take(); whatever was written there is cleaned up later
 * @length:	bytes, as there
 *
 * Context: any.
 */
void vhdx_space_return(struct vhdx_space *space, u64 offset, u64 length)
{
	unsigned long flags, nr = length >> VHDX_UNIT_SHIFT;

	spin_lock_irqsave(&space->lock, flags);
	bitmap_clear(space->map[VHDX_SPACE_USED], offset >> VHDX_UNIT_SHIFT, nr);
	WRITE_ONCE(space->may_clean, true);
	spin_unlock_irqrestore(&space->lock, flags);
}

/**
 * vhdx_space_free() - a block was dropped, but its old entry may come back after a crash
 * @space:	started
 * @offset:	where it is
 *
 * Context: any; after the journal was told of the entry that drops it, so that
 * vhdx_space_freeing() never sees a block whose entry is not copied; and before the block is
 * let go, so that there is room for its next data or some on its way.
 */
void vhdx_space_free(struct vhdx_space *space, u64 offset)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&space->lock, flags);
	bitmap_set(space->map[VHDX_SPACE_FREED], offset >> VHDX_UNIT_SHIFT, space->block_units);
	first = !space->any_freed;
	WRITE_ONCE(space->any_freed, true);
	WRITE_ONCE(space->last_freed, jiffies);
	spin_unlock_irqrestore(&space->lock, flags);
	if (first)
		vhdx_space_kick(space);
}

/**
 * vhdx_space_free_former() - an absent block's entry does not name its former place any more
 * @space:	started
 * @offset:	what it named, not 0
 *
 * Context: as vhdx_space_free()
 */
void vhdx_space_free_former(struct vhdx_space *space, u64 offset)
{
	if (!space->former_unsure)
		vhdx_space_free(space, offset);
}

/* Is anything between freed and ready? Context: @space->lock held */
bool vhdx_space_pending(const struct vhdx_space *space)
{
	return !space->stuck && (space->any_freed || space->lot != VHDX_LOT_NONE);
}

/**
 * vhdx_space_reclaim() - there is no room: have what was freed made ready
 * @space:	started
 * @seen:	0 at first; for the next time that the same is tried
 * @waiter:	told when to try again, or why there is no point
 *
 * Context: any; nothing is held that vhdx_space_owner.users stands for
 * Return: false if nothing is on its way, nor has become ready since the last time: the
 * waiter is not told
 */
bool vhdx_space_reclaim(struct vhdx_space *space, u32 *seen, struct vhdx_waiter *waiter)
{
	bool pending, more;
	unsigned long flags;

	spin_lock_irqsave(&space->lock, flags);
	pending = vhdx_space_pending(space) && !vhdx_backing_is_dead(space->backing);
	more = *seen != space->recycled;
	*seen = space->recycled;
	if (pending)
		list_add_tail(&waiter->node, &space->reclaimers);
	spin_unlock_irqrestore(&space->lock, flags);
	if (pending)
		vhdx_space_kick(space);
	else if (more)
		waiter->done(waiter, 0);
	return pending || more;
}

/**
 * vhdx_space_freeing() - the entries of all that was freed so far are about to be logged
 * @space:	started
 *
 * Called under the journal's lock, with the entries copied. If the last lot is not
 * recycled yet, this one waits for the next time.
 */
void vhdx_space_freeing(struct vhdx_space *space)
{
	unsigned long flags;

	spin_lock_irqsave(&space->lock, flags);
	if (space->any_freed && space->lot == VHDX_LOT_NONE) {
		swap(space->map[VHDX_SPACE_FREED], space->map[VHDX_SPACE_LOT]);
		WRITE_ONCE(space->any_freed, false);
		WRITE_ONCE(space->lot, VHDX_LOT_FREEING);
	}
	spin_unlock_irqrestore(&space->lock, flags);
}

/* Whatever looked up the old entries of a lot has ended. Context: softirq */
static void vhdx_space_unused(struct rcu_head *rcu)
{
	struct vhdx_space *space = container_of(rcu, struct vhdx_space, lot_rcu);
	unsigned long flags;

	spin_lock_irqsave(&space->lock, flags);
	WRITE_ONCE(space->lot, VHDX_LOT_GONE);
	spin_unlock_irqrestore(&space->lock, flags);
	vhdx_space_kick(space);
}

/**
 * vhdx_space_freed() - what was logged since vhdx_space_freeing() is durable
 * @space:	started
 */
void vhdx_space_freed(struct vhdx_space *space)
{
	bool durable;

	spin_lock_irq(&space->lock);
	durable = space->lot == VHDX_LOT_FREEING;
	if (durable)
		WRITE_ONCE(space->lot, VHDX_LOT_DURABLE);
	spin_unlock_irq(&space->lock);
	if (durable)
		call_srcu(space->owner.users, &space->lot_rcu, vhdx_space_unused);
}
