// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: disks on themselves
 *
 * A disk waits for itself if its file is on a device that is made of the disk: its writes go to
 * the device, from there to the disk, from there to the file. The child of a live snapshot is
 * therefore refused if it is on the disk. From the child's file down:
 *
 *	file system, block device	if the device is the disk: refused
 *	another disk of this driver	all its files are examined in the same way
 *	a device with hardware		nothing more is below
 *	any other device (dm, md, loop, bcache, nbd ...), or a file system without one (btrfs)
 *
 * No interface says what is below the last kind. So a trial finds out: the disk is stopped, the
 * device, if there is one, is flushed, and the file's header is read directly. A cache may hide
 * the dependency from one of the two, but not from both. If both complete while the disk is
 * stopped the device does not need the disk. If they do not, the device may still only be slow,
 * so there are three trials, each longer than the one before. vhdxctl examines sysfs before that,
 * and can report which device is on which.
 *
 * There is no such check at attach: the disk does not exist yet, so no device is made of it.
 * Changes after the check are not noticed, such as a mapping loaded into a device in use. And
 * the trial fails to notice a device that completes a flush without passing it on. In both cases
 * the disk hangs until it is detached by force: then its requests fail, and so do their waits.
 */
#include "device/stack.h"

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "compat/blk.h"
#include "device/disk.h"
#include "format/reason.h"

/* Files to examine for one child, including those of other disks of this driver below it */
#define VHDX_STACK_MAX		32

/* Time that the disk is stopped in the first trial; the number of trials, each twice as long */
#define VHDX_TRIAL_MS		500
#define VHDX_TRIALS		3

/* How long a slow device may take after the disk is dispatched again */
#define VHDX_TRIAL_END_MS	10000

/**
 * struct vhdx_trial - a flush and a read in a thread
 * @thread:	does both
 * @file:	is read
 * @bdev:	is flushed, or NULL; exists as long as @file
 * @page:	for the data
 * @done:	both are complete
 * @users:	references: of the thread, and of its creator, which may be killed
 */
struct vhdx_trial {
	struct task_struct *thread;
	struct file *file;
	struct block_device *bdev;
	struct page *page;
	struct completion done;
	refcount_t users;
};

static void vhdx_trial_put(struct vhdx_trial *trial)
{
	if (!refcount_dec_and_test(&trial->users))
		return;
	vhdx_backing_put_file(trial->file);
	__free_page(trial->page);
	kfree(trial);
}

static int vhdx_trial_thread(void *data)
{
	struct vhdx_trial *trial = data;
	struct bio_vec bvec = { .bv_page = trial->page, .bv_len = PAGE_SIZE };
	struct iov_iter iter;
	struct kiocb iocb;

	/* reclaim would wait for the stopped disk */
	memalloc_noio_save();
	if (trial->bdev)
		blkdev_issue_flush(trial->bdev);
	iov_iter_bvec(&iter, ITER_DEST, &bvec, 1, PAGE_SIZE);
	init_sync_kiocb(&iocb, trial->file);
	if (trial->file->f_mode & FMODE_CAN_ODIRECT)
		iocb.ki_flags |= IOCB_DIRECT;
	/* only their completion counts, not their results */
	trial->file->f_op->read_iter(&iocb, &iter);
	complete(&trial->done);
	vhdx_trial_put(trial);
	/* the disk may be freed by now, and with it its reference to the module */
	module_put_and_kthread_exit(0);
}

static struct vhdx_trial *vhdx_trial_create(struct file *file, struct block_device *bdev)
{
	struct vhdx_trial *trial = kzalloc(sizeof(*trial), GFP_KERNEL);

	if (!trial)
		return NULL;
	trial->page = alloc_page(GFP_KERNEL);
	if (!trial->page) {
		kfree(trial);
		return NULL;
	}
	trial->file = get_file(file);
	trial->bdev = bdev;
	init_completion(&trial->done);
	refcount_set(&trial->users, 2);
	return trial;
}

/* Return: a trial with a thread to be woken, or an ERR_PTR */
static struct vhdx_trial *vhdx_trial_prepare(struct file *file, struct block_device *bdev,
					     int index)
{
	struct vhdx_trial *trial = vhdx_trial_create(file, bdev);
	struct task_struct *thread;

	if (!trial)
		return ERR_PTR(-ENOMEM);
	__module_get(THIS_MODULE);
	thread = kthread_create(vhdx_trial_thread, trial, "vhdx%d/trial", index);
	trial->thread = thread;
	if (!IS_ERR(thread))
		return trial;
	module_put(THIS_MODULE);
	refcount_set(&trial->users, 1);
	vhdx_trial_put(trial);
	return ERR_CAST(thread);
}

/*
 * One trial. Nothing is allocated while the disk is stopped: reclaim could have to write to it.
 *
 * Return: 1 if the device completed meanwhile, 0 if not, or a negative errno
 */
static int vhdx_stack_try(struct vhdx_disk *disk, struct file *file, struct block_device *bdev,
			  unsigned int ms)
{
	struct vhdx_trial *trial = vhdx_trial_prepare(file, bdev, disk->index);
	long ret = 1;
	bool done;

	if (IS_ERR(trial))
		return PTR_ERR(trial);
	vhdx_disk_stop(disk);
	wake_up_process(trial->thread);
	done = wait_for_completion_timeout(&trial->done, msecs_to_jiffies(ms));
	vhdx_disk_resume(disk);
	if (!done) {
		ret = wait_for_completion_killable_timeout(&trial->done,
							   msecs_to_jiffies(VHDX_TRIAL_END_MS));
		ret = min(ret, 0L);
	}
	vhdx_trial_put(trial);
	return ret;
}

static bool vhdx_stack_is_ours(const struct gendisk *gendisk)
{
	return gendisk->fops->owner == THIS_MODULE;
}

/* Examine one file. Return: 1 if it needs the disk, or may do so; 0 if not; or a negative errno */
static int vhdx_stack_look(struct vhdx_disk *disk, struct file *file)
{
	struct block_device *bdev = vhdx_backing_file_bdev(file);
	unsigned int i;
	int ret = 0;

	if (bdev && bdev->bd_disk == disk->gendisk)
		return 1;
	if (!disk_openers(disk->gendisk))
		return 0;
	/* only a device with hardware has a parent in the tree of devices */
	if (bdev && (disk_to_dev(bdev->bd_disk)->parent || vhdx_stack_is_ours(bdev->bd_disk)))
		return 0;
	for (i = 0; !ret && i < VHDX_TRIALS; i++)
		ret = vhdx_stack_try(disk, file, bdev, VHDX_TRIAL_MS << i);
	return ret < 0 ? ret : !ret;
}

/* If @file is on a disk of this driver, add the files of that. Return: the number of files now */
static unsigned int vhdx_stack_add(struct file **files, unsigned int nr, struct file *file)
{
	struct block_device *bdev = vhdx_backing_file_bdev(file);
	const struct vhdx_disk *below;

	if (!bdev || !vhdx_stack_is_ours(bdev->bd_disk))
		return nr;
	below = bdev->bd_disk->private_data;
	return vhdx_backing_devices(below->index, files, nr, VHDX_STACK_MAX);
}

/**
 * vhdx_stack_check() - may a file become the image of a disk?
 * @disk:	added, and kept from being removed
 * @file:	open
 * @fault:	filled if not
 *
 * The disk may be stopped for some seconds, if a trial is needed and the device is slow.
 *
 * Context: process, may sleep
 * Return: 0; -EINVAL if the file is on the disk itself, or may be; or another errno
 */
int vhdx_stack_check(struct vhdx_disk *disk, struct file *file, struct vhdx_fault *fault)
{
	struct file *files[VHDX_STACK_MAX];
	umode_t mode = file->f_mapping->host->i_mode;
	unsigned int i, nr = 1;
	int ret = 0;

	/* files that cannot be read are refused when the child is opened */
	if (!(S_ISREG(mode) || S_ISBLK(mode)) || !(file->f_mode & FMODE_READ) ||
	    !file->f_op->read_iter)
		return 0;
	files[0] = get_file(file);
	for (i = 0; !ret && i < nr; i++) {
		ret = vhdx_stack_look(disk, files[i]);
		if (!ret)
			nr = vhdx_stack_add(files, nr, files[i]);
	}
	/* the array is full: there may be more files */
	if (!ret && nr == VHDX_STACK_MAX)
		ret = 1;
	for (i = 0; i < nr; i++)
		vhdx_backing_put_file(files[i]);
	if (ret <= 0)
		return ret;
	vhdx_fault_set(fault, VHDX_REASON_snapshot_on_itself, 0, 0);
	return -EINVAL;
}
