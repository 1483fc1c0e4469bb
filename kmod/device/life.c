// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the life of a disk
 *
 *	COMING -> LIVE	[vhdx_life_begin]   it is complete
 *	LIVE -> GOING	[vhdx_life_try_end] it is to be removed, and no snapshot is being made;
 *			it was
 *			- closed while not open (detach),
 *			- closed for the last time after it was armed (autoclear, lazy detach),
 *			- or killed (detach by force)
 *	GOING -> GONE	[vhdx_life_over]    it is removed
 *	COMING -> GONE	[vhdx_life_over]    it could not be made
 *
 * Each transition happens once, under the lock. The one to GOING calls @end, which starts
 * the one job that removes the disk. So exactly one job removes it, whatever the cause, and
 * however often it is opened, closed and detached meanwhile.
 *
 * Openers are counted here. The count of the block layer changes under open_mutex, which is
 * held over a scan for partitions, and so over I/O.
 *
 * A disk may be killed at any time. What must not be done on a dead disk checks @dead.
 * A kill does not remove a disk that is COMING or of which a snapshot is being made: the
 * job that does this ends with vhdx_life_begin(), vhdx_life_over() or vhdx_life_unhold(), which
 * make a dead disk GOING or GONE.
 *
 * P9, no disk waits for another: the lock is a leaf. All waits for a disk are on @wait, in
 * processes that hold no lock and can be killed, and a kill of the disk ends them.
 */
#include "device/life.h"

#include <linux/sched.h>

/**
 * vhdx_life_init() - begin the life of a disk, as COMING
 * @life:	filled
 * @end:	see struct vhdx_life
 *
 * Context: any
 */
void vhdx_life_init(struct vhdx_life *life, void (*end)(struct vhdx_life *life))
{
	spin_lock_init(&life->lock);
	init_waitqueue_head(&life->wait);
	life->state = VHDX_LIFE_COMING;
	life->dead = false;
	life->armed = false;
	life->busy = false;
	life->openers = 0;
	life->end = end;
}

/* Make the disk GOING if it is to be removed. Return: true if the caller must call @end */
static bool vhdx_life_try_end(struct vhdx_life *life)
{
	lockdep_assert_held(&life->lock);
	if (life->state != VHDX_LIFE_LIVE || life->busy)
		return false;
	if (!life->dead && (!life->armed || life->openers))
		return false;
	WRITE_ONCE(life->state, VHDX_LIFE_GOING);
	return true;
}

/**
 * vhdx_life_open() - count an opener
 * @life:	of the disk
 * @arm:	remove the disk after the last close
 *
 * Context: any that may take spinlocks
 * Return: true if the disk may be opened; then vhdx_life_release() must follow
 */
bool vhdx_life_open(struct vhdx_life *life, bool arm)
{
	bool may;

	spin_lock(&life->lock);
	may = life->state <= VHDX_LIFE_LIVE && !life->dead;
	if (may) {
		life->openers++;
		if (arm)
			WRITE_ONCE(life->armed, true);
	}
	spin_unlock(&life->lock);
	return may;
}

/**
 * vhdx_life_release() - undo vhdx_life_open()
 * @life:	of the disk
 *
 * Context: any that may take spinlocks
 */
void vhdx_life_release(struct vhdx_life *life)
{
	bool end;

	spin_lock(&life->lock);
	life->openers--;
	end = vhdx_life_try_end(life);
	spin_unlock(&life->lock);
	if (end)
		life->end(life);
}

/**
 * vhdx_life_begin() - the disk is complete: LIVE
 * @life:	COMING
 *
 * It may become GOING at once, if it was killed, or armed and closed, while COMING.
 *
 * Context: any that may take spinlocks
 */
void vhdx_life_begin(struct vhdx_life *life)
{
	bool end;

	spin_lock(&life->lock);
	/* pairs with vhdx_life_is_coming() */
	smp_store_release(&life->state, VHDX_LIFE_LIVE);
	end = vhdx_life_try_end(life);
	spin_unlock(&life->lock);
	wake_up_all(&life->wait);
	if (end)
		life->end(life);
}

/**
 * vhdx_life_over() - the disk is removed: GONE
 * @life:	COMING, and it could not be made; or GOING
 *
 * Context: any that may take spinlocks
 */
void vhdx_life_over(struct vhdx_life *life)
{
	spin_lock(&life->lock);
	/* pairs with vhdx_life_is_gone() */
	smp_store_release(&life->state, VHDX_LIFE_GONE);
	spin_unlock(&life->lock);
	wake_up_all(&life->wait);
}

/**
 * vhdx_life_close() - remove the disk unless it is open
 * @life:	of the disk
 * @lazily:	if it is open, remove it after the last close
 *
 * Context: any that may take spinlocks
 * Return: DONE if it is GOING now; else what enum vhdx_life_answer says
 */
enum vhdx_life_answer vhdx_life_close(struct vhdx_life *life, bool lazily)
{
	enum vhdx_life_answer answer = VHDX_LIFE_DONE;

	spin_lock(&life->lock);
	if (life->state >= VHDX_LIFE_GOING || life->dead)
		answer = VHDX_LIFE_NONE;
	else if (life->busy)
		answer = VHDX_LIFE_BUSY;
	else if (!lazily && (life->openers || life->state == VHDX_LIFE_COMING))
		answer = VHDX_LIFE_OPEN;
	else
		WRITE_ONCE(life->armed, true);
	if (answer == VHDX_LIFE_DONE && !vhdx_life_try_end(life))
		answer = VHDX_LIFE_LATER;
	spin_unlock(&life->lock);
	if (answer == VHDX_LIFE_DONE)
		life->end(life);
	return answer;
}

/**
 * vhdx_life_kill() - remove the disk, open or not, as soon as no job keeps it
 * @life:	of the disk
 *
 * Context: any that may take spinlocks
 */
void vhdx_life_kill(struct vhdx_life *life)
{
	bool end;

	spin_lock(&life->lock);
	WRITE_ONCE(life->dead, true);
	end = vhdx_life_try_end(life);
	spin_unlock(&life->lock);
	wake_up_all(&life->wait);
	if (end)
		life->end(life);
}

/**
 * vhdx_life_hold() - keep the disk from being removed
 * @life:	of the disk
 *
 * Context: any that may take spinlocks
 * Return: DONE: it is kept until vhdx_life_unhold(); or BUSY or NONE
 */
enum vhdx_life_answer vhdx_life_hold(struct vhdx_life *life)
{
	enum vhdx_life_answer answer = VHDX_LIFE_DONE;

	spin_lock(&life->lock);
	if (life->state != VHDX_LIFE_LIVE || life->dead)
		answer = VHDX_LIFE_NONE;
	else if (life->busy)
		answer = VHDX_LIFE_BUSY;
	else
		life->busy = true;
	spin_unlock(&life->lock);
	return answer;
}

/**
 * vhdx_life_unhold() - undo vhdx_life_hold()
 * @life:	held
 *
 * Context: any that may take spinlocks
 */
void vhdx_life_unhold(struct vhdx_life *life)
{
	bool end;

	spin_lock(&life->lock);
	life->busy = false;
	/* after a last close, or a kill, while it was held */
	end = vhdx_life_try_end(life);
	spin_unlock(&life->lock);
	if (end)
		life->end(life);
}

/**
 * vhdx_life_is_live() - is the disk attached?
 * @life:	of the disk
 *
 * Context: any that may take spinlocks
 * Return: true if it is LIVE and not dead
 */
bool vhdx_life_is_live(struct vhdx_life *life)
{
	bool live;

	spin_lock(&life->lock);
	live = life->state == VHDX_LIFE_LIVE && !life->dead;
	spin_unlock(&life->lock);
	return live;
}
