// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: P9, no disk waits for another
 *
 * Any backing file may hang, and with it what waits for it. What limits that to the one disk:
 *
 *	- vhdx_registry_lock, the only lock that all disks share, is a spinlock held for a
 *	  lookup in the table. It protects the table, not the disks in it: they are counted.
 *	- Jobs (job.c) do what takes I/O: making a disk, removing it, a snapshot. The
 *	  process that waits for a job holds no lock.
 *	- That wait ends when the job is complete, when the disk is killed (detach by force), or
 *	  when the process is killed. The job continues: it cannot be ended while it is in the
 *	  backing file. If the process is killed during an attach the disk is removed as soon as
 *	  it is made.
 *	- A status query waits for nothing; the status is copied beforehand.
 *
 * Locks, outermost first; neither is held over anything that sleeps:
 *
 *	vhdx_registry_lock	the table of disks below
 *	vhdx_life.lock		state of one disk (life.c)
 *
 * A disk is in the table from before it is made until after it is removed, so that its
 * number is taken, and so that it can be killed at any time. Other lookups find LIVE disks only,
 * but statistics are shown until the image is closed.
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
#include "device/disk.h"
#include "device/snapshot.h"
#include "device/sysfs.h"

/*
 * How long a process that was killed still waits. A job that takes no longer than usual completes
 * in this time, so that a killed attach leaves a complete disk or none.
 */
#define VHDX_REGISTRY_GRACE	(2 * HZ)

/* How long a detach by force waits for requests that are in the backing file */
#define VHDX_REGISTRY_PATIENCE	(10 * HZ)

static DEFINE_SPINLOCK(vhdx_registry_lock);
static DEFINE_IDR(vhdx_disks);

/*
 * Wait until @condition is true, for @limit jiffies at most; 0 is no limit.
 *
 * Return: true; false if the process was killed, or after the limit
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

/* Add a disk to the table, with a number and a reference. Return: 0 or a negative errno */
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

/* Free the number of the disk, then make it GONE and wake waiting processes. Context: a job */
static void vhdx_registry_leave(struct vhdx_disk *disk)
{
	spin_lock(&vhdx_registry_lock);
	idr_remove(&vhdx_disks, disk->index);
	spin_unlock(&vhdx_registry_lock);
	vhdx_life_over(&disk->life);
	vhdx_disk_put(disk);
}

/* Find a disk, LIVE or not. Return: the disk, with a reference; or NULL */
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

/* The errno and the reason for an answer of life.c. Return: 0 or a negative errno */
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
	vhdx_delay(remove_closed);
	vhdx_job_done(job);
	vhdx_registry_leave(disk);
}

/* @end of struct vhdx_life: the disk is GOING */
static void vhdx_registry_end(struct vhdx_life *life)
{
	struct vhdx_disk *disk = container_of(life, struct vhdx_disk, life);

	vhdx_delay(life_end);
	vhdx_job_start(&disk->remove, vhdx_registry_remove_job, true);
}

/*
 * Wait until a disk is GONE; if it is dead, for a limited time.
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

/**
 * vhdx_registry_detach() - remove a disk
 * @index:	its number
 * @diskseq:	0, or the sequence number it must have
 * @flags:	VHDX_DETACH_*
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * VHDX_DETACH_FORCE also removes a disk that is being attached or detached.
 *
 * Context: process, no locks.
 * Return: 0 or a negative errno; after -EIO the disk is removed as well, after -EINPROGRESS
 * and -EINTR it will be
 */
int vhdx_registry_detach(int index, u64 diskseq, u32 flags, struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = vhdx_registry_get(index, diskseq, fault);
	enum vhdx_life_answer answer = VHDX_LIFE_DONE;
	int ret;

	if (!disk)
		return -ENODEV;
	if (flags & VHDX_DETACH_FORCE)
		vhdx_disk_kill(disk);
	else
		answer = vhdx_life_close(&disk->life, flags & VHDX_DETACH_LAZY);
	if (answer == VHDX_LIFE_DONE)
		ret = vhdx_registry_await_gone(disk, fault);
	else
		ret = vhdx_registry_refusal(answer, fault);
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
	if (disk->made)
		vhdx_registry_leave(disk);
	else
		vhdx_life_begin(&disk->life);
	vhdx_disk_put(disk);
}

/* Have a job make the disk. Return: 0, or a negative errno and the disk is or will be removed */
static int vhdx_registry_make(struct vhdx_disk *disk, struct vhdx_fault *fault)
{
	struct vhdx_life *life = &disk->life;

	vhdx_disk_get(disk);
	vhdx_job_start(&disk->make, vhdx_registry_make_job, true);
	if (!vhdx_registry_wait(disk, !vhdx_life_is_coming(life) || vhdx_life_is_dead(life), 0)) {
		/* the process does not return the number of the disk to its caller */
		vhdx_disk_kill(disk);
		return -EINTR;
	}
	if (!vhdx_life_is_coming(life))
		vhdx_job_joined(&disk->make);
	/* even if it was made: a kill ends the waits of the job, which may then succeed */
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
 * @files:	the image and its parents; the caller keeps its references
 * @nr:		number of @files
 * @flags:	VHDX_ATTACH_*
 * @index:	the number the disk must have, or negative for the first that is free
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

/* Shared by the job of a snapshot and the process that waits for it */
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

/* Start the job. It owns the reference to @disk, which is held. Return: NULL without memory */
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
 * vhdx_registry_snapshot() - make a child the image of a disk
 * @index:	number of the disk
 * @diskseq:	0, or the sequence number it must have
 * @file:	the child's; the caller keeps its reference
 * @held_ns:	set to the time that requests were held, in ns
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks.
 * Return: 0 or a negative errno; after -EINTR, and after -ENODEV because the disk was killed, the
 * snapshot may still be made
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

/* --- status ------------------------------------------------------------------------ */

/**
 * vhdx_registry_status() - the status of a live disk
 * @index:	its number
 * @or_next:	if there is no live disk of that number, of the next one
 * @status:	filled, except for @size and @next
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

/* The disk with the lowest number from @index on. Return: it, with a reference; or NULL */
static struct vhdx_disk *vhdx_registry_next(int index)
{
	struct vhdx_disk *disk;

	spin_lock(&vhdx_registry_lock);
	disk = idr_get_next(&vhdx_disks, &index);
	if (disk)
		vhdx_disk_get(disk);
	spin_unlock(&vhdx_registry_lock);
	return disk;
}

/**
 * vhdx_registry_visit() - call a function for each disk that was made, in the order of numbers
 * @visit:	may sleep; the disk may be LIVE, GOING or GONE, and change its state meanwhile
 * @context:	for @visit
 *
 * Context: process
 */
void vhdx_registry_visit(void (*visit)(struct vhdx_disk *disk, void *context), void *context)
{
	struct vhdx_disk *disk;
	int index = 0;

	while ((disk = vhdx_registry_next(index))) {
		index = disk->index + 1;
		if (!vhdx_life_is_coming(&disk->life) && !disk->made)
			visit(disk, context);
		vhdx_disk_put(disk);
	}
}

/**
 * vhdx_registry_exit() - module exit; no disk is left
 *
 * Context: process
 */
void vhdx_registry_exit(void)
{
	idr_destroy(&vhdx_disks);
}
