// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: space
 *
 * Everything in a VHDX file but its first MiB is in whole MiB ("units" here). So bitmaps with one
 * bit for each unit record what is used. These are the states of a unit:
 *
 *	ready	  -> used      [vhdx_space_allocate] a block is being written into it
 *	used	  -> unknown   [vhdx_space_return]   the write failed, nothing refers to it
 *	used	  -> freed     [vhdx_space_free]     its block was dropped, in memory only
 *	freed	  -> freeing   [vhdx_space_freeing]  the entry that drops it is being logged
 *	freeing	  -> durable   [vhdx_space_freed]    that entry is durable
 *	durable	  -> quiesced  [vhdx_space_quiesced] no read or write of the old block is left
 *	quiesced  -> ready     [vhdx_space_recycle]  it was made to read as zeros
 *	unknown	  -> ready     [vhdx_space_clean]    it was made to read as zeros
 *	(none)	  -> ready     [vhdx_space_grow]     the file was made longer
 *
 * So allocated space reads as zeros, wherever it comes from: the bytes of a block are those that
 * were written to it, or zeros, never those of another block (P5). The zeros are durable before the
 * entry that refers to the block is, because the journal flushes the file before it logs an entry.
 *
 * After a crash the old entry of a freed unit may come back, until the new entry is durable. So the
 * unit is not reused before (P4). A read or write that was in flight when the block was dropped may
 * still access the unit. So recycling waits for the SRCU readers of @users. The units between freed
 * and ready are one lot; what is freed while a lot is on its way belongs to the next one.
 *
 * Recycling does not depend on flush requests: a second after the last unit was freed, the thread
 * requests a commit. A command that finds no room, in the file or in the file system under it, has
 * the commit requested at once, and tries again when something has become ready
 * (vhdx_space_reclaim()). It fails only if nothing is on its way to ready. The commit needs neither
 * this thread nor any command.
 *
 * The entry of an absent block (UNMAPPED, UNDEFINED) may name the place that the block had. That
 * place stays reserved for it, because other programs that read the image may take it for the
 * block's. Before the block gets data, its entry drops the place, which is then freed like any
 * other. A place that two entries name, or that one entry names and a block uses, is not freed when
 * an entry drops it.
 *
 * What is behind the last used unit when the file is opened is unknown.
 *
 * Zeroing and growing take time, so a thread does them (space_worker.c). A command that finds
 * nothing ready waits without sleeping. The thread zeroes in small pieces, and serves waiting
 * commands in between. Units are allocated from the front of the file, so that its end can be cut
 * off on detach. The bitmaps are in space_map.c.
 */
#include "meta/space.h"

#include <linux/bitmap.h>

#include "backing/backing.h"
#include "meta/space_internal.h"

/**
 * vhdx_space_kick() - wake the thread that makes space ready
 * @space:	started
 *
 * Context: any
 */
void vhdx_space_kick(struct vhdx_space *space)
{
	wake_up(&space->wait);
}

/**
 * vhdx_space_allocate() - allocate space for a block
 * @space:	started
 * @length:	bytes: those of a payload block, or of a sector bitmap block
 * @offset:	set to the offset of the space in the file, in bytes; the space reads as zeros
 *
 * Context: any
 * Return: false if none is ready: vhdx_space_wait(), then try again
 */
bool vhdx_space_allocate(struct vhdx_space *space, u64 length, u64 *offset)
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
 * vhdx_space_wait() - wait until more space is ready
 * @space:	started
 * @length:	bytes, as for vhdx_space_allocate()
 * @waiter:	completed with 0 when another try may succeed; with a negative errno if there will
 *		be no space; perhaps before this returns
 *
 * Context: any
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
 * vhdx_space_abandon() - complete all waits with -EIO, after a detach by force
 * @space:	started; vhdx_backing_is_dead() is true, and its thread may hang in the file
 *
 * Waits that begin later end at once.
 *
 * Context: any that may take spinlocks, interrupts enabled
 */
void vhdx_space_abandon(struct vhdx_space *space)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&space->lock);
	list_splice_init(&space->waiters, &waiters);
	list_splice_init(&space->unit_waiters, &waiters);
	list_splice_init(&space->reclaimers, &waiters);
	spin_unlock_irq(&space->lock);
	vhdx_waiters_complete(&waiters, -EIO);
}

/**
 * vhdx_space_return() - undo vhdx_space_allocate(): no entry refers to the space
 * @space:	started
 * @offset:	from vhdx_space_allocate(); what was written there is zeroed before it is used again
 * @length:	bytes, as there
 *
 * Context: any
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
 * vhdx_space_free() - free the space of a payload block whose entry was changed in memory
 * @space:	started
 * @offset:	of the block in the file, in bytes
 *
 * After a crash the old entry may come back: the space is reused only later.
 *
 * Context: any; after vhdx_journal_change() of the entry, so that vhdx_space_freeing() never sees a
 * block whose entry is not copied; and with the block lock held, so that a write to the block finds
 * room, or some on its way
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
 * vhdx_space_free_former() - free the former place of a block that its entry does not name any more
 * @space:	started
 * @offset:	of that place in the file, in bytes, not 0
 *
 * Does nothing if former places of the image are not to be trusted.
 *
 * Context: as vhdx_space_free()
 */
void vhdx_space_free_former(struct vhdx_space *space, u64 offset)
{
	if (!space->former_unsure)
		vhdx_space_free(space, offset);
}

/**
 * vhdx_space_pending() - is any space between freed and ready, and will it become ready?
 * @space:	started
 *
 * Context: @space->lock held
 * Return: true if so
 */
bool vhdx_space_pending(const struct vhdx_space *space)
{
	return !space->stuck && (space->any_freed || space->lot != VHDX_LOT_NONE);
}

/**
 * vhdx_space_reclaim() - wait for freed space to become ready, when there is no room
 * @space:	started
 * @seen:	0 before the first try; keeps what this try has seen for the next one
 * @waiter:	if this returns true: completed when another try may succeed, with 0, or with a
 *		negative errno; perhaps before this returns
 *
 * Context: any; outside of SRCU sections of vhdx_space_owner.users
 * Return: false if nothing is on its way, and nothing has become ready since the last try
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
 * vhdx_space_freeing() - note that the entries of all space freed so far are copied for the log
 * @space:	started
 *
 * If the last lot is still on its way, the space stays freed until a later commit.
 *
 * Context: under the journal's lock, in step J3
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

/* All reads and writes that found the old entries of a lot have ended. Context: softirq */
static void vhdx_space_quiesced(struct rcu_head *rcu)
{
	struct vhdx_space *space = container_of(rcu, struct vhdx_space, lot_rcu);
	unsigned long flags;

	spin_lock_irqsave(&space->lock, flags);
	WRITE_ONCE(space->lot, VHDX_LOT_QUIESCED);
	spin_unlock_irqrestore(&space->lock, flags);
	vhdx_space_kick(space);
}

/**
 * vhdx_space_freed() - note that the entries copied since vhdx_space_freeing() are durable
 * @space:	started
 *
 * Context: process, after step J6
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
		call_srcu(space->owner.users, &space->lot_rcu, vhdx_space_quiesced);
}
