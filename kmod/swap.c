// SPDX-License-Identifier: GPL-2.0
/*
 * The image of a disk in use is replaced: see snapshot.c.
 */
#include "swap.h"

#include <linux/blk-mq.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "chain.h"
#include "compat.h"
#include "disk.h"
#include "image.h"
#include "imagewrite.h"
#include "stack.h"

/* A commit in less than that leaves nothing to be done before I/O is held; so many are tried. */
#define VHDX_SWAP_QUICK_NS	(10 * NSEC_PER_MSEC)
#define VHDX_SWAP_COMMITS	4

static int vhdx_swap_check_snapshot(struct vhdx_disk *disk, struct file *file,
				    struct vhdx_fault *fault)
{
	if (disk->image->writable && !READ_ONCE(disk->failure))
		return vhdx_stack_check(disk, file, fault);
	vhdx_fault_set(fault, VHDX_REASON_snapshot_read_only, 0, 0);
	return -EINVAL;
}

/*
 * L4. A frozen queue has no requests, and lets none in; but it counts as a lock that whoever
 * submits takes, and closing a session takes those of the host file system. So it is only
 * emptied by freezing; then requests may come and wait undispatched.
 *
 * Return: for vhdx_swap_release()
 */
static unsigned int vhdx_swap_hold(struct request_queue *q)
{
	unsigned int frozen = vhdx_freeze_queue(q);

	blk_mq_quiesce_queue(q);
	vhdx_unfreeze_queue(q, frozen);
	/* reclaim would wait for what is held */
	return memalloc_noio_save();
}

static void vhdx_swap_release(struct request_queue *q, unsigned int noio)
{
	memalloc_noio_restore(noio);
	blk_mq_unquiesce_queue(q);
}

/* L4 to L7 of snapshot.c */
static int vhdx_swap_image(struct vhdx_disk *disk, struct vhdx_image *child,
			   struct vhdx_retiring *retiring, u64 *held_ns,
			   struct vhdx_fault *fault)
{
	struct request_queue *q = disk->gendisk->queue;
	u64 start = ktime_get_ns();
	unsigned int noio;
	int ret;

	down_write(&disk->swap);
	noio = vhdx_swap_hold(q);
	ret = vhdx_chain_push(child, retiring, fault);
	if (!ret) {
		disk->image = child;
		vhdx_queues_serve(&disk->queues, child);
	}
	vhdx_swap_release(q, noio);
	up_write(&disk->swap);
	*held_ns = ktime_get_ns() - start;
	return ret;
}

/* L3. Each time less is left: what was written while the last commit was made */
static int vhdx_swap_commit(struct vhdx_image *image)
{
	unsigned int left = VHDX_SWAP_COMMITS;
	u64 start;
	int ret;

	do {
		start = ktime_get_ns();
		ret = vhdx_image_commit(image);
	} while (!ret && --left && ktime_get_ns() - start > VHDX_SWAP_QUICK_NS);
	return ret;
}

static int vhdx_swap_files(struct vhdx_disk *disk, struct vhdx_image *child, u64 *held_ns,
			   struct vhdx_fault *fault)
{
	struct vhdx_retiring retiring;
	int ret = vhdx_retiring_open(&retiring, &disk->image->backing);

	if (ret)
		return ret;
	ret = vhdx_swap_image(disk, child, &retiring, held_ns, fault);
	if (!ret)
		vhdx_chain_give_back(child, &retiring);
	vhdx_retiring_close(&retiring);
	return ret;
}

/**
 * vhdx_swap_snapshot() - go on in a child
 * @disk:	added; not being detached
 * @file:	the child's; a reference that stays the caller's
 * @held_ns:	set to how long I/O was held
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might want.
 * Return: 0, or a negative errno and the disk is as before, but for what snapshot.c says of
 * failures to write
 */
int vhdx_swap_snapshot(struct vhdx_disk *disk, struct file *file, u64 *held_ns,
		       struct vhdx_fault *fault)
{
	struct vhdx_image_options options;
	struct vhdx_image *child;
	int ret = vhdx_swap_check_snapshot(disk, file, fault);

	if (ret)
		return ret;
	vhdx_disk_image_options(disk, &options);
	child = vhdx_chain_open_child(disk->image, file, &options, fault);
	if (IS_ERR(child))
		return PTR_ERR(child);
	ret = vhdx_swap_commit(disk->image);
	if (!ret)
		ret = vhdx_swap_files(disk, child, held_ns, fault);
	if (ret)
		vhdx_chain_drop_child(child);
	return ret;
}
