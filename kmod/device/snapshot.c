// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Replacing the image of a disk in use: image/chain_switch.c has the steps L1 to L9.
 */
#include "device/snapshot.h"

#include <linux/blkdev.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "delay.h"
#include "device/disk.h"
#include "device/stack.h"
#include "image/chain.h"
#include "image/image.h"
#include "image/writable.h"

/* L3 is repeated until a commit takes less than that; and the number of commits at most */
#define VHDX_SNAPSHOT_QUICK_NS	(10 * NSEC_PER_MSEC)
#define VHDX_SNAPSHOT_COMMITS	4

/* L7 */
static void vhdx_snapshot_exchange(struct vhdx_disk *disk, struct vhdx_image *child,
				   struct vhdx_backing_retiring *retiring)
{
	down_write(&disk->image_lock);
	vhdx_backing_retire(retiring);
	WRITE_ONCE(disk->image, child);
	vhdx_queues_serve(&disk->queues, child);
	vhdx_disk_note(disk);
	up_write(&disk->image_lock);
	vhdx_delay(swap_done);
}

/* L4 to L7 of image/chain_switch.c */
static int vhdx_snapshot_image(struct vhdx_disk *disk, struct vhdx_image *child,
			       struct vhdx_backing_retiring *retiring, struct vhdx_fault *fault)
{
	unsigned int noio;
	int ret;

	/* L4 */
	vhdx_disk_hold(disk);
	vhdx_queues_park(&disk->queues);
	vhdx_delay(swap_held);
	/* reclaim would wait for requests that are held */
	noio = memalloc_noio_save();
	/* L5 */
	ret = vhdx_life_is_dead(&disk->life) ? -ENODEV : vhdx_chain_check_link(child, fault);
	if (!ret) {
		/* L6; sysfs must not use the journal meanwhile */
		down_write(&disk->image_lock);
		disk->image->writable = false;
		up_write(&disk->image_lock);
		ret = vhdx_image_stop_writing(disk->image);
	}
	if (!ret)
		vhdx_snapshot_exchange(disk, child, retiring);
	memalloc_noio_restore(noio);
	vhdx_queues_unpark(&disk->queues);
	vhdx_disk_resume(disk);
	return ret;
}

/* L3. Each commit covers only what was written during the one before. */
static int vhdx_snapshot_commit(struct vhdx_image *image)
{
	unsigned int left = VHDX_SNAPSHOT_COMMITS;
	u64 start;
	int ret;

	do {
		start = ktime_get_ns();
		ret = vhdx_image_commit(image);
	} while (!ret && --left && ktime_get_ns() - start > VHDX_SNAPSHOT_QUICK_NS);
	/* wait for a frozen file system here rather than while requests are held */
	if (!ret)
		ret = vhdx_backing_start_write(&image->backing);
	if (!ret)
		vhdx_backing_end_write(&image->backing);
	return ret;
}

static int vhdx_snapshot_files(struct vhdx_disk *disk, struct vhdx_image *child,
			       struct vhdx_fault *fault)
{
	struct vhdx_backing_retiring retiring;
	int ret = vhdx_backing_retiring_open(&retiring, &disk->image->backing);

	if (ret)
		return ret;
	ret = vhdx_snapshot_image(disk, child, &retiring, fault);
	if (!ret)
		vhdx_chain_give_back(child, &retiring);
	vhdx_backing_retiring_close(&retiring);
	return ret;
}

/* L2 to L9. Return: as vhdx_snapshot_disk() */
static int vhdx_snapshot_into(struct vhdx_disk *disk, struct file *file, struct vhdx_fault *fault)
{
	struct vhdx_image_options options;
	struct vhdx_image *child;
	int ret;

	if (!vhdx_disk_may_write(disk)) {
		vhdx_fault_set(fault, VHDX_REASON_snapshot_read_only, 0, 0);
		return -EINVAL;
	}
	ret = vhdx_stack_check(disk, file, fault);
	if (ret)
		return ret;
	vhdx_disk_image_options(disk, &options);
	child = vhdx_chain_open_child(disk->image, file, &options, fault);
	if (IS_ERR(child))
		return PTR_ERR(child);
	ret = vhdx_snapshot_commit(disk->image);
	if (!ret)
		ret = vhdx_snapshot_files(disk, child, fault);
	if (ret)
		vhdx_chain_drop_child(child);
	return ret;
}

/**
 * vhdx_snapshot_disk() - make a child the image of a disk
 * @disk:	LIVE, and held by vhdx_life_hold()
 * @file:	the child's; the caller keeps its reference
 * @held_ns:	set to the time that requests were held, in ns; includes the trials of stack.c
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: a job, no locks that a file system might take.
 * Return: 0; or a negative errno, and the disk keeps its image. image/chain_switch.c says what a
 * failed write means.
 */
int vhdx_snapshot_disk(struct vhdx_disk *disk, struct file *file, u64 *held_ns,
		       struct vhdx_fault *fault)
{
	int ret;

	disk->held_ns = 0;
	ret = vhdx_snapshot_into(disk, file, fault);
	*held_ns = disk->held_ns;
	return ret;
}
