// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Stopping the requests of a disk: for a snapshot, or for good. disk.c has the order of a kill.
 */
#include "device/disk.h"

#include <linux/blkdev.h>
#include <linux/ktime.h>

#include "compat/blk.h"
#include "delay.h"
#include "image/image.h"
#include "image/writable.h"

/* Wait for a vhdx_disk_mark() that is under way. */
static void vhdx_disk_await_mark(struct vhdx_disk *disk)
{
	wait_event(disk->life.wait, !READ_ONCE(disk->marking));
}

/**
 * vhdx_disk_unplug() - from now on no kill uses the queues or the gendisk
 * @disk:	plugged or not
 *
 * Waits for a kill that is under way.
 *
 * Context: process, may sleep
 */
void vhdx_disk_unplug(struct vhdx_disk *disk)
{
	spin_lock(&disk->life.lock);
	disk->plugged = false;
	spin_unlock(&disk->life.lock);
	vhdx_disk_await_mark(disk);
}

/**
 * vhdx_disk_resume() - dispatch requests again
 * @disk:	stopped by vhdx_disk_hold() or vhdx_disk_stop(); a kill may have undone that already
 *
 * Context: any that may take spinlocks
 */
void vhdx_disk_resume(struct vhdx_disk *disk)
{
	bool held;

	spin_lock(&disk->life.lock);
	held = disk->held;
	disk->held = false;
	if (held)
		disk->held_ns += ktime_get_ns() - disk->held_since;
	spin_unlock(&disk->life.lock);
	if (held)
		blk_mq_unquiesce_queue(disk->gendisk->queue);
}

/* Requests are not dispatched from now on. vhdx_disk_resume() or a kill ends that. */
static void vhdx_disk_mark_held(struct vhdx_disk *disk)
{
	spin_lock(&disk->life.lock);
	disk->held = true;
	spin_unlock(&disk->life.lock);
	/* a kill may have called vhdx_disk_resume() before @held was set */
	if (vhdx_life_is_dead(&disk->life))
		vhdx_disk_resume(disk);
}

/**
 * vhdx_disk_stop() - stop dispatching requests; those under way go on
 * @disk:	LIVE, and kept from being removed
 *
 * Context: process
 */
void vhdx_disk_stop(struct vhdx_disk *disk)
{
	disk->held_since = ktime_get_ns();
	blk_mq_quiesce_queue_nowait(disk->gendisk->queue);
	vhdx_disk_mark_held(disk);
}

/**
 * vhdx_disk_hold() - stop dispatching requests, and wait for those under way
 * @disk:	LIVE, and kept from being removed
 *
 * The queue is not kept frozen: a frozen queue counts as a lock that each submitter takes, and
 * ending a session takes locks of the host file system, in the other order. Freezing only empties
 * the queue. Afterwards requests may be submitted and wait undispatched, until
 * vhdx_disk_resume(). If the disk is killed they fail in request/submit.c.
 *
 * Context: process
 */
void vhdx_disk_hold(struct vhdx_disk *disk)
{
	struct request_queue *q = disk->gendisk->queue;
	unsigned int frozen;

	disk->held_since = ktime_get_ns();
	frozen = vhdx_freeze_queue(q);
	blk_mq_quiesce_queue(q);
	vhdx_unfreeze_queue(q, frozen);
	vhdx_disk_mark_held(disk);
}

/* K3: queued requests fail, and the block layer accepts no new ones. */
static void vhdx_disk_mark(struct vhdx_disk *disk)
{
	struct vhdx_image *image;

	vhdx_delay(kill);
	vhdx_queues_drain(&disk->queues);
	/*
	 * A snapshot that replaces the image meanwhile has waited for all commands, so no command
	 * waits for an image that is not visited here.
	 */
	down_read(&disk->image_lock);
	for (image = disk->image; image; image = image->parent)
		vhdx_image_abandon(image);
	up_read(&disk->image_lock);
	vhdx_disk_resume(disk);
	blk_mark_disk_dead(disk->gendisk);
	spin_lock(&disk->life.lock);
	WRITE_ONCE(disk->marking, false);
	spin_unlock(&disk->life.lock);
	wake_up_all(&disk->life.wait);
}

/* Return: true if the caller is to call vhdx_disk_mark(); only one caller ever gets that */
static bool vhdx_disk_take_mark(struct vhdx_disk *disk)
{
	bool first;

	spin_lock(&disk->life.lock);
	first = disk->plugged && !disk->marked;
	if (first) {
		disk->marked = true;
		WRITE_ONCE(disk->marking, true);
	}
	spin_unlock(&disk->life.lock);
	return first;
}

/**
 * vhdx_disk_mark_dead() - K3, unless a job has begun it; wait until it is complete
 * @disk:	dead
 *
 * Context: process, may sleep
 */
void vhdx_disk_mark_dead(struct vhdx_disk *disk)
{
	if (vhdx_disk_take_mark(disk))
		vhdx_disk_mark(disk);
	vhdx_disk_await_mark(disk);
}

static void vhdx_disk_mark_job(struct vhdx_job *job)
{
	struct vhdx_disk *disk = container_of(job, struct vhdx_disk, mark);

	vhdx_disk_mark(disk);
	vhdx_disk_put(disk);
}

/**
 * vhdx_disk_kill() - end a disk's I/O, and all waits for it, now
 * @disk:	in any state
 *
 * Only jobs of the disk wait for the requests that are in the backing file. The disk is removed
 * after that.
 *
 * Context: any that may take spinlocks
 */
void vhdx_disk_kill(struct vhdx_disk *disk)
{
	bool mark;

	vhdx_queues_kill(&disk->queues);
	mark = vhdx_disk_take_mark(disk);
	vhdx_life_kill(&disk->life);
	if (!mark)
		return;
	/* in a job: file systems on the disk are informed, and may hang in their reaction */
	vhdx_disk_get(disk);
	vhdx_job_start(&disk->mark, vhdx_disk_mark_job, false);
}
