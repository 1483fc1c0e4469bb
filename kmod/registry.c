// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: locking
 *
 *	vhdx_registry_lock	the table of disks below; never held over I/O, so that one
 *				hanging backing file stops nobody else
 *	  gendisk->open_mutex	openers, vhdx_disk.closing and .autoclear
 *
 * Locks of the file layer (the pager's) nest inside neither.
 *
 * The table has a disk only while it is live. While one is being attached or detached its
 * number is in the table with no disk: taken, but nothing to be found.
 *
 *	free -> taken	[vhdx_registry_reserve]	 attach begins
 *	taken -> live	[vhdx_registry_publish]	 the disk is announced
 *	live -> taken	[vhdx_registry_withdraw] whoever does this, and only he, removes it
 *	taken -> free	[vhdx_registry_release]
 */
#include "registry.h"

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/mutex.h>

#include "disk.h"
#include "format/reason.h"
#include "swap.h"
#include "sysfs.h"
#include "uapi/vhdx.h"

static DEFINE_MUTEX(vhdx_registry_lock);
static DEFINE_IDR(vhdx_disks);

static int vhdx_registry_reserve(int index, struct vhdx_fault *fault)
{
	int ret;

	mutex_lock(&vhdx_registry_lock);
	if (index < 0)
		ret = idr_alloc(&vhdx_disks, NULL, 0, 0, GFP_KERNEL);
	else
		ret = idr_alloc(&vhdx_disks, NULL, index, index + 1, GFP_KERNEL);
	mutex_unlock(&vhdx_registry_lock);
	if (ret != -ENOSPC)
		return ret;
	vhdx_fault_set(fault, VHDX_REASON_attach_index_taken, 0, 0);
	return -EBUSY;
}

static void vhdx_registry_publish(struct vhdx_disk *disk)
{
	mutex_lock(&vhdx_registry_lock);
	idr_replace(&vhdx_disks, disk, disk->index);
	mutex_unlock(&vhdx_registry_lock);
}

static void vhdx_registry_release(int index)
{
	mutex_lock(&vhdx_registry_lock);
	idr_remove(&vhdx_disks, index);
	mutex_unlock(&vhdx_registry_lock);
}

static void vhdx_registry_withdraw(struct vhdx_disk *disk)
{
	lockdep_assert_held(&vhdx_registry_lock);
	idr_replace(&vhdx_disks, NULL, disk->index);
}

static int vhdx_registry_remove(struct vhdx_disk *disk, bool force)
{
	int index = disk->index;
	int ret = vhdx_disk_remove(disk, force);

	vhdx_registry_release(index);
	return ret;
}

/* An autoclear disk was closed. It may be open again, or being detached, by now. */
static void vhdx_registry_last_close(struct work_struct *work)
{
	struct vhdx_disk *disk = container_of(work, struct vhdx_disk, last_close);
	bool closed;

	mutex_lock(&vhdx_registry_lock);
	/* while a snapshot is being made, it looks again afterwards */
	closed = idr_find(&vhdx_disks, disk->index) == disk && !disk->busy &&
		 vhdx_disk_close(disk, false);
	if (closed)
		vhdx_registry_withdraw(disk);
	mutex_unlock(&vhdx_registry_lock);
	if (closed)
		vhdx_registry_remove(disk, false);
}

static int vhdx_registry_attach_at(struct file *const *files, unsigned int nr, u32 flags,
				   int index, struct vhdx_attached *attached,
				   struct vhdx_fault *fault)
{
	struct vhdx_disk *disk;
	int ret;

	disk = vhdx_disk_create(files, nr, flags, index, vhdx_registry_last_close, fault);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	ret = vhdx_disk_add(disk, vhdx_sysfs_groups);
	if (ret) {
		vhdx_disk_discard(disk);
		return ret;
	}
	/* once published anybody may detach it */
	attached->index = index;
	attached->devt = disk_devt(disk->gendisk);
	attached->diskseq = disk->gendisk->diskseq;
	vhdx_registry_publish(disk);
	return 0;
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
	int ret;

	index = vhdx_registry_reserve(index, fault);
	if (index < 0)
		return index;
	ret = vhdx_registry_attach_at(files, nr, flags, index, attached, fault);
	if (ret)
		vhdx_registry_release(index);
	return ret;
}

/* Close the disk as @flags say. Return: 0 if the caller is to remove it now, or 1, or errno */
static int vhdx_registry_close(struct vhdx_disk *disk, u32 flags, struct vhdx_fault *fault)
{
	bool closed;

	lockdep_assert_held(&vhdx_registry_lock);
	if (disk->busy) {
		vhdx_fault_set(fault, VHDX_REASON_detach_busy, 0, 0);
		return -EBUSY;
	}
	if (flags & VHDX_DETACH_LAZY)
		closed = vhdx_disk_close_lazily(disk);
	else
		closed = vhdx_disk_close(disk, flags & VHDX_DETACH_FORCE);
	if (closed) {
		vhdx_registry_withdraw(disk);
		return 0;
	}
	if (flags & VHDX_DETACH_LAZY)
		return 1;
	vhdx_fault_set(fault, VHDX_REASON_detach_in_use, 0, 0);
	return -EBUSY;
}

/**
 * vhdx_registry_detach() - remove a disk
 * @index:	its number
 * @diskseq:	0, or the sequence number it must have
 * @flags:	VHDX_DETACH_*
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks.
 * Return: 0 or a negative errno; after -EIO the disk is gone as well
 */
int vhdx_registry_detach(int index, u64 diskseq, u32 flags, struct vhdx_fault *fault)
{
	struct vhdx_disk *disk;
	int ret;

	mutex_lock(&vhdx_registry_lock);
	disk = idr_find(&vhdx_disks, index);
	if (!disk || (diskseq && diskseq != disk->gendisk->diskseq)) {
		vhdx_fault_set(fault, VHDX_REASON_detach_unknown, 0, 0);
		ret = -ENODEV;
	} else {
		ret = vhdx_registry_close(disk, flags, fault);
	}
	mutex_unlock(&vhdx_registry_lock);
	if (ret)
		return min(ret, 0);
	/* if it runs it finds the disk withdrawn */
	cancel_work_sync(&disk->last_close);
	ret = vhdx_registry_remove(disk, flags & VHDX_DETACH_FORCE);
	if (!ret)
		return 0;
	vhdx_fault_set(fault, ret == -ENOTEMPTY ? VHDX_REASON_detach_log_left :
						  VHDX_REASON_detach_unwritten, 0, 0);
	return -EIO;
}

/* A live disk that nothing is being done to. Return: the disk, or an ERR_PTR */
static struct vhdx_disk *vhdx_registry_hold(int index, u64 diskseq, struct vhdx_fault *fault)
{
	struct vhdx_disk *disk;

	mutex_lock(&vhdx_registry_lock);
	disk = idr_find(&vhdx_disks, index);
	if (!disk || (diskseq && diskseq != disk->gendisk->diskseq)) {
		vhdx_fault_set(fault, VHDX_REASON_detach_unknown, 0, 0);
		disk = ERR_PTR(-ENODEV);
	} else if (disk->busy) {
		vhdx_fault_set(fault, VHDX_REASON_detach_busy, 0, 0);
		disk = ERR_PTR(-EBUSY);
	} else {
		disk->busy = true;
	}
	mutex_unlock(&vhdx_registry_lock);
	return disk;
}

static void vhdx_registry_unhold(struct vhdx_disk *disk)
{
	mutex_lock(&vhdx_registry_lock);
	disk->busy = false;
	/* the last close may have come meanwhile */
	vhdx_disk_closed(disk);
	mutex_unlock(&vhdx_registry_lock);
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
 * Return: 0 or a negative errno
 */
int vhdx_registry_snapshot(int index, u64 diskseq, struct file *file, u64 *held_ns,
			   struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = vhdx_registry_hold(index, diskseq, fault);
	int ret;

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	ret = vhdx_swap_snapshot(disk, file, held_ns, fault);
	vhdx_registry_unhold(disk);
	return ret;
}

/**
 * vhdx_registry_find() - look at a live disk
 * @index:	its number
 * @or_next:	if there is none of that number, take the next one
 * @visit:	called with the disk, which cannot go away meanwhile; must not sleep long
 * @context:	for @visit
 *
 * Return: 0 or -ENODEV
 */
int vhdx_registry_find(int index, bool or_next, vhdx_registry_visit visit, void *context)
{
	struct vhdx_disk *disk;

	mutex_lock(&vhdx_registry_lock);
	disk = idr_find(&vhdx_disks, index);
	if (!disk && or_next)
		disk = idr_get_next(&vhdx_disks, &index);
	if (disk)
		visit(disk, context);
	mutex_unlock(&vhdx_registry_lock);
	return disk ? 0 : -ENODEV;
}

/**
 * vhdx_registry_exit() - module exit; no disk is left
 */
void vhdx_registry_exit(void)
{
	idr_destroy(&vhdx_disks);
}
