// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: P9, no disk waits for another
 *
 * Any backing file may hang, and with it whatever waits for it. What keeps that to the one
 * disk:
 *
 *	- vhdx_registry_lock, the only lock that all disks share, is a spinlock held for a
 *	  look at the table. It protects the table, not the disks in it: they are counted.
 *	- What takes I/O is done by jobs (job.c): making a disk, removing it, a snapshot. A
 *	  process that asked for one waits without a lock.
 *	- That wait ends when the job is done, or the disk is killed (detach by force), or the
 *	  process is. The job goes on: it cannot be ended while it is in the backing file. A
 *	  disk whose process was killed while it was being made is removed when it is made.
 *	- Looking at disks (status) waits for nothing; what is shown is noted beforehand.
 *
 * Locks, outermost first; neither is held over anything that sleeps:
 *
 *	vhdx_registry_lock	the table of disks below
 *	vhdx_life.lock		state of one disk (life.c)
 *
 * A disk is in the table from before it is made until after it is removed, so that its
 * number is taken, and so that it can be killed at any time. All others look for disks that
 * are LIVE.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "device/registry.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/idr.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "backing/backing.h"
#include "delay.h"
#include "device/debugfs.h"
#include "device/disk.h"
#include "device/snapshot.h"
#include "device/sysfs.h"

/*
 * How long a process that was killed still waits: what takes no longer than usual is left
 * whole, so that a killed attach leaves a complete disk or none.
 */
#define VHDX_REGISTRY_GRACE	(2 * HZ)

/* How long a detach by force waits for what is in the backing file already */
#define VHDX_REGISTRY_PATIENCE	(10 * HZ)

static DEFINE_SPINLOCK(vhdx_registry_lock);
static DEFINE_IDR(vhdx_disks);

/*
 * Wait until @condition is true. Return: is it? If not, the process was killed, or @limit
 * jiffies are over; 0 is no limit.
 */
#define vhdx_registry_wait(disk, condition, limit) \
({ \
	struct wait_queue_head *__wait = &(disk)->life.wait; \
	long __limit = (limit) ?: MAX_SCHEDULE_TIMEOUT; \
	\
	wait_event_killable_timeout(*__wait, condition, __limit); \
	if (fatal_signal_pending(current)) \
		wait_event_timeout(*__wait, condition, VHDX_REGISTRY_GRACE); \
	(condition); \
})

/* --- the table ---------------------------------------------------------------- */

/* Give a disk a number; the table has a reference. Return: 0 or a negative errno */
static int vhdx_registry_enter(struct vhdx_disk *disk, int index, struct vhdx_fault *fault)
{
	int first = max(index, 0), end = index < 0 ? 0 : index + 1, ret;

	idr_preload(GFP_KERNEL);
	spin_lock(&vhdx_registry_lock);
	ret = idr_alloc(&vhdx_disks, disk, first, end, GFP_NOWAIT);
	if (ret >= 0) {
		disk->index = ret;
		vhdx_disk_get(disk);
	}
	spin_unlock(&vhdx_registry_lock);
	idr_preload_end();
	if (ret >= 0)
		return 0;
	if (ret != -ENOSPC)
		return ret;
	vhdx_fault_set(fault, VHDX_REASON_attach_index_taken, 0, 0);
	return -EBUSY;
}

/* The disk is over: its number is free, then those who wait are told. Context: a job */
static void vhdx_registry_leave(struct vhdx_disk *disk)
{
	spin_lock(&vhdx_registry_lock);
	idr_remove(&vhdx_disks, disk->index);
	spin_unlock(&vhdx_registry_lock);
	vhdx_life_over(&disk->life);
	vhdx_disk_put(disk);
}

/* Any disk of that number, LIVE or not. Return: with a reference; NULL if there is none */
static struct vhdx_disk *vhdx_registry_get(int index, u64 diskseq, struct vhdx_fault *fault)
{
	struct vhdx_disk *disk;

	spin_lock(&vhdx_registry_lock);
	disk = idr_find(&vhdx_disks, index);
	if (disk && diskseq && diskseq != vhdx_disk_seq(disk))
		disk = NULL;
	if (disk)
		vhdx_disk_get(disk);
	spin_unlock(&vhdx_registry_lock);
	if (!disk)
		vhdx_fault_set(fault, VHDX_REASON_detach_unknown, 0, 0);
	return disk;
}

/* What an answer of life.c means to people. Return: 0 or a negative errno */
static int vhdx_registry_refusal(enum vhdx_life_answer answer, struct vhdx_fault *fault)
{
	switch (answer) {
	case VHDX_LIFE_DONE:
	case VHDX_LIFE_LATER:
		return 0;
	case VHDX_LIFE_OPEN:
		vhdx_fault_set(fault, VHDX_REASON_detach_in_use, 0, 0);
		return -EBUSY;
	case VHDX_LIFE_BUSY:
		vhdx_fault_set(fault, VHDX_REASON_detach_busy, 0, 0);
		return -EBUSY;
	default:
		vhdx_fault_set(fault, VHDX_REASON_detach_unknown, 0, 0);
		return -ENODEV;
	}
}

/* --- removing -------------------------------------------------------------------- */

static void vhdx_registry_remove_job(struct vhdx_job *job)
{
	struct vhdx_disk *disk = container_of(job, struct vhdx_disk, remove);

	disk->removed = vhdx_disk_remove(disk);
	vhdx_debugfs_remove(disk);
	vhdx_delay(remove_closed);
	vhdx_job_done(job);
	vhdx_registry_leave(disk);
}

/* A disk is GOING. */
static void vhdx_registry_end(struct vhdx_life *life)
{
	struct vhdx_disk *disk = container_of(life, struct vhdx_disk, life);

	vhdx_delay(life_end);
	vhdx_job_start(&disk->remove, vhdx_registry_remove_job, true);
}

/*
 * Wait for a disk that is to go: a killed one for a while only.
 *
 * Return: 0 or a negative errno
 */
static int vhdx_registry_await_gone(struct vhdx_disk *disk, struct vhdx_fault *fault)
{
	struct vhdx_life *life = &disk->life;

	vhdx_registry_wait(disk, vhdx_life_is_gone(life) || vhdx_life_is_dead(life), 0);
	if (vhdx_life_is_dead(life))
		vhdx_registry_wait(disk, vhdx_life_is_gone(life), VHDX_REGISTRY_PATIENCE);
	if (!vhdx_life_is_gone(life)) {
		vhdx_fault_set(fault, VHDX_REASON_detach_pending, 0, 0);
		return fatal_signal_pending(current) ? -EINTR : -EINPROGRESS;
	}
	vhdx_job_joined(&disk->remove);
	if (!disk->removed)
		return 0;
	vhdx_fault_set(fault, disk->removed == -ENOTEMPTY ? VHDX_REASON_detach_log_left :
							    VHDX_REASON_detach_unwritten, 0, 0);
	return -EIO;
}

static int vhdx_registry_end_as(struct vhdx_disk *disk, u32 flags, struct vhdx_fault *fault)
{
	enum vhdx_life_answer answer = VHDX_LIFE_DONE;

	if (flags & VHDX_DETACH_FORCE)
		vhdx_disk_kill(disk);
	else
		answer = vhdx_life_close(&disk->life, flags & VHDX_DETACH_LAZY);
	if (answer != VHDX_LIFE_DONE)
		return vhdx_registry_refusal(answer, fault);
	return vhdx_registry_await_gone(disk, fault);
}

/**
 * vhdx_registry_detach() - remove a disk
 * @index:	its number
 * @diskseq:	0, or the sequence number it must have
 * @flags:	VHDX_DETACH_*
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * By force also one that is being attached, or detached already.
 *
 * Context: process, no locks.
 * Return: 0 or a negative errno; after -EIO the disk is gone as well, after -EINPROGRESS
 * and -EINTR it will be
 */
int vhdx_registry_detach(int index, u64 diskseq, u32 flags, struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = vhdx_registry_get(index, diskseq, fault);
	int ret;

	if (!disk)
		return -ENODEV;
	ret = vhdx_registry_end_as(disk, flags, fault);
	if (ret == -EINPROGRESS)
		pr_warn("vhdx%d: forced detach is incomplete: the backing file does not respond\n",
			index);
	vhdx_disk_put(disk);
	return ret;
}

/* --- making ---------------------------------------------------------------------- */

static void vhdx_registry_make_job(struct vhdx_job *job)
{
	struct vhdx_disk *disk = container_of(job, struct vhdx_disk, make);

	disk->made = vhdx_disk_make(disk, vhdx_sysfs_groups);
	vhdx_job_done(job);
	if (disk->made) {
		vhdx_registry_leave(disk);
	} else {
		vhdx_debugfs_add(disk);
		vhdx_life_begin(&disk->life);
	}
	vhdx_disk_put(disk);
}

/* Return: 0 or a negative errno; then there is no disk, or soon will be none */
static int vhdx_registry_make(struct vhdx_disk *disk, struct vhdx_fault *fault)
{
	struct vhdx_life *life = &disk->life;

	vhdx_disk_get(disk);
	vhdx_job_start(&disk->make, vhdx_registry_make_job, true);
	if (!vhdx_registry_wait(disk, !vhdx_life_is_coming(life) || vhdx_life_is_dead(life), 0)) {
		/* nobody will know of it */
		vhdx_disk_kill(disk);
		return -EINTR;
	}
	if (!vhdx_life_is_coming(life))
		vhdx_job_joined(&disk->make);
	/* made or not: a kill ends what making it waits for, so it may be made just then */
	if (vhdx_life_is_dead(life)) {
		vhdx_fault_set(fault, VHDX_REASON_detached_meanwhile, 0, 0);
		return -ENODEV;
	}
	if (disk->made)
		*fault = disk->fault;
	return disk->made;
}

/**
 * vhdx_registry_attach() - make a disk of an image
 * @files:	the image and its parents; references that stay the caller's
 * @nr:		how many
 * @flags:	VHDX_ATTACH_*
 * @index:	number wanted, or negative for the first that is free
 * @attached:	filled on success
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks.
 * Return: 0 or a negative errno
 */
int vhdx_registry_attach(struct file *const *files, unsigned int nr, u32 flags, int index,
			 struct vhdx_attached *attached, struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = vhdx_disk_alloc(files, nr, flags, vhdx_registry_end);
	int ret;

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	ret = vhdx_registry_enter(disk, index, fault);
	if (!ret)
		ret = vhdx_registry_make(disk, fault);
	if (!ret) {
		attached->index = disk->index;
		attached->devt = disk->devt;
		attached->diskseq = vhdx_disk_seq(disk);
	}
	vhdx_disk_put(disk);
	return ret;
}

/* --- snapshots -------------------------------------------------------------------- */

/*
 * What the job and the process that waits for it share. The last one frees it.
 */
struct vhdx_registry_snapshot {
	struct vhdx_job job;
	refcount_t refs;
	struct vhdx_disk *disk;
	struct file *file;
	u64 held_ns;
	struct vhdx_fault fault;
	int result;
	bool done;
};

static void vhdx_registry_put_snapshot(struct vhdx_registry_snapshot *snapshot)
{
	if (!refcount_dec_and_test(&snapshot->refs))
		return;
	vhdx_disk_put(snapshot->disk);
	kfree(snapshot);
}

static void vhdx_registry_snapshot_job(struct vhdx_job *job)
{
	struct vhdx_registry_snapshot *snapshot =
		container_of(job, struct vhdx_registry_snapshot, job);
	struct vhdx_disk *disk = snapshot->disk;

	snapshot->result = vhdx_snapshot_disk(disk, snapshot->file, &snapshot->held_ns,
					      &snapshot->fault);
	vhdx_backing_put_file(snapshot->file);
	vhdx_job_done(job);
	vhdx_life_unhold(&disk->life);
	smp_store_release(&snapshot->done, true);
	wake_up_all(&disk->life.wait);
	vhdx_registry_put_snapshot(snapshot);
}

/* Takes over the reference to @disk, which is held. Return: a started one, or NULL */
static struct vhdx_registry_snapshot *vhdx_registry_start_snapshot(struct vhdx_disk *disk,
								   struct file *file)
{
	struct vhdx_registry_snapshot *snapshot = kzalloc(sizeof(*snapshot), GFP_KERNEL);

	if (!snapshot)
		return NULL;
	refcount_set(&snapshot->refs, 2);
	snapshot->disk = disk;
	snapshot->file = get_file(file);
	snapshot->fault.reason = VHDX_OK;
	vhdx_job_start(&snapshot->job, vhdx_registry_snapshot_job, true);
	return snapshot;
}

static int vhdx_registry_await_snapshot(struct vhdx_registry_snapshot *snapshot, u64 *held_ns,
					struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = snapshot->disk;

	if (!vhdx_registry_wait(disk, smp_load_acquire(&snapshot->done) ||
				vhdx_life_is_dead(&disk->life), 0))
		return -EINTR;
	if (!smp_load_acquire(&snapshot->done)) {
		vhdx_fault_set(fault, VHDX_REASON_detached_meanwhile, 0, 0);
		return -ENODEV;
	}
	vhdx_job_joined(&snapshot->job);
	*held_ns = snapshot->held_ns;
	*fault = snapshot->fault;
	return snapshot->result;
}

/**
 * vhdx_registry_snapshot() - let a disk go on in a child
 * @index:	its number
 * @diskseq:	0, or the sequence number it must have
 * @file:	the child's; a reference that stays the caller's
 * @held_ns:	set to how long I/O was held
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks.
 * Return: 0 or a negative errno; after -EINTR, and after -ENODEV because the disk was killed, it
 * may be made all the same
 */
int vhdx_registry_snapshot(int index, u64 diskseq, struct file *file, u64 *held_ns,
			   struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = vhdx_registry_get(index, diskseq, fault);
	struct vhdx_registry_snapshot *snapshot;
	int ret;

	if (!disk)
		return -ENODEV;
	ret = vhdx_registry_refusal(vhdx_life_hold(&disk->life), fault);
	if (ret) {
		vhdx_disk_put(disk);
		return ret;
	}
	snapshot = vhdx_registry_start_snapshot(disk, file);
	if (!snapshot) {
		vhdx_life_unhold(&disk->life);
		vhdx_disk_put(disk);
		return -ENOMEM;
	}
	ret = vhdx_registry_await_snapshot(snapshot, held_ns, fault);
	vhdx_registry_put_snapshot(snapshot);
	return ret;
}

/* --- looking ----------------------------------------------------------------------- */

/**
 * vhdx_registry_status() - look at a live disk
 * @index:	its number
 * @or_next:	if there is none of that number, take the next one
 * @status:	filled, but for @size and @next
 *
 * Context: any that may take spinlocks
 * Return: 0 or -ENODEV
 */
int vhdx_registry_status(int index, bool or_next, struct vhdx_ioc_status *status)
{
	struct vhdx_disk *disk;

	spin_lock(&vhdx_registry_lock);
	disk = idr_find(&vhdx_disks, index);
	if (or_next)
		while ((disk = idr_get_next(&vhdx_disks, &index)) &&
		       !vhdx_life_is_live(&disk->life))
			index++;
	if (disk && !vhdx_life_is_live(&disk->life))
		disk = NULL;
	if (disk)
		vhdx_disk_status(disk, status);
	spin_unlock(&vhdx_registry_lock);
	return disk ? 0 : -ENODEV;
}

/**
 * vhdx_registry_exit() - module exit; no disk is left
 */
void vhdx_registry_exit(void)
{
	idr_destroy(&vhdx_disks);
}
