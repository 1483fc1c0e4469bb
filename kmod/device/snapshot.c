// SPDX-License-Identifier: GPL-2.0
/*
 * The image of a disk in use is replaced: see image/chain_switch.c.
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

/* A commit in less than that leaves nothing to be done before I/O is held; so many are tried. */
#define VHDX_SNAPSHOT_QUICK_NS	(10 * NSEC_PER_MSEC)
#define VHDX_SNAPSHOT_COMMITS	4

static int vhdx_snapshot_check(struct vhdx_disk *disk, struct file *file,
			       struct vhdx_fault *fault)
{
	if (vhdx_disk_may_write(disk))
		return vhdx_stack_check(disk, file, fault);
	vhdx_fault_set(fault, VHDX_REASON_snapshot_read_only, 0, 0);
	return -EINVAL;
}

/* L4. Return: for vhdx_snapshot_release() */
static unsigned int vhdx_snapshot_hold(struct vhdx_disk *disk)
{
	vhdx_disk_hold(disk);
	vhdx_queues_park(&disk->queues);
	vhdx_delay(swap_held);
	/* reclaim would wait for what is held */
	return memalloc_noio_save();
}

static void vhdx_snapshot_release(struct vhdx_disk *disk, unsigned int noio)
{
	memalloc_noio_restore(noio);
	vhdx_queues_unpark(&disk->queues);
	vhdx_disk_let_go(disk);
}

/* L6. sysfs, which looks at the image meanwhile, finds no journal there. */
static int vhdx_snapshot_end_session(struct vhdx_disk *disk)
{
	down_write(&disk->image_lock);
	disk->image->writable = false;
	up_write(&disk->image_lock);
	return vhdx_image_stop_writing(disk->image);
}

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
	unsigned int noio = vhdx_snapshot_hold(disk);
	int ret = vhdx_life_is_dead(&disk->life) ? -ENODEV : vhdx_chain_check_link(child, fault);

	if (!ret)
		ret = vhdx_snapshot_end_session(disk);
	if (!ret)
		vhdx_snapshot_exchange(disk, child, retiring);
	vhdx_snapshot_release(disk, noio);
	return ret;
}

/* L3. Each time less is left: what was written while the last commit was made */
static int vhdx_snapshot_commit(struct vhdx_image *image)
{
	unsigned int left = VHDX_SNAPSHOT_COMMITS;
	u64 start;
	int ret;

	do {
		start = ktime_get_ns();
		ret = vhdx_image_commit(image);
	} while (!ret && --left && ktime_get_ns() - start > VHDX_SNAPSHOT_QUICK_NS);
	/* with nothing to commit, a frozen file system would be met while I/O is held */
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

/* Return: as vhdx_snapshot_disk() */
static int vhdx_snapshot_into(struct vhdx_disk *disk, struct file *file, struct vhdx_fault *fault)
{
	struct vhdx_image_options options;
	struct vhdx_image *child;
	int ret = vhdx_snapshot_check(disk, file, fault);

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
 * vhdx_snapshot_disk() - go on in a child
 * @disk:	LIVE, and held
 * @file:	the child's; a reference that stays the caller's
 * @held_ns:	set to how long I/O was held, a trial of the child's device (stack.c) included
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: a job, no locks that a file system might want.
 * Return: 0, or a negative errno and the disk is as before, but for what image/chain_switch.c says of
 * failures to write
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
