// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: disks on themselves
 *
 * A disk whose file is on a device that is made of the disk waits for itself: its writes go to
 * the device, from there to the disk, from there to the file. The child of a live snapshot is
 * therefore refused if it is on the disk. From the child's file down:
 *
 *	file system, block device	the device is the disk: refused
 *	another disk of ours		all its files are looked at in the same way
 *	a device with hardware		what the disk is made of ends here
 *	any other device (dm, md, loop, bcache, nbd ...), or a file system without one (btrfs)
 *
 * No interface says what is below the last. So it is tried out: the disk is stopped, and the
 * device is flushed, if there is one, and the file's header read directly: caches are in the way of
 * one, or of the other. What ends while the disk is stopped does not need the disk. What does not
 * may only be slow: it is tried three times, for
 * longer each time. vhdxctl looks into sysfs before, and can say what is on what.
 *
 * This is not done at attach: the disk does not exist yet, so nothing is made of it. Nothing can be
 * done about what comes later, as a mapping that is loaded into a device in use. And the trial does
 * not show a device that completes a flush without passing it on. In both cases the disk hangs,
 * and detaching it by force ends that: its requests fail, and so does what waits for them.
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

/* Devices below one file, those of all disks of ours between counted */
#define VHDX_STACK_MAX		32

/* How long the disk is stopped at first, and how often it is tried; each time twice as long */
#define VHDX_TRIAL_MS		500
#define VHDX_TRIALS		3

/* How long a device may take that does not wait for the disk */
#define VHDX_TRIAL_END_MS	10000

/**
 * struct vhdx_trial - see if I/O comes to an end
 * @file:	read
 * @bdev:	flushed, or NULL; stays as long as @file
 * @page:	for what is read
 * @thread:	does that
 * @done:	it did
 * @users:	the thread and its creator, who may be killed
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

/* What comes of it does not matter, only when. */
static void vhdx_trial_read(struct vhdx_trial *trial)
{
	struct bio_vec bvec = { .bv_page = trial->page, .bv_len = PAGE_SIZE };
	struct iov_iter iter;
	struct kiocb iocb;

	iov_iter_bvec(&iter, ITER_DEST, &bvec, 1, PAGE_SIZE);
	init_sync_kiocb(&iocb, trial->file);
	if (trial->file->f_mode & FMODE_CAN_ODIRECT)
		iocb.ki_flags |= IOCB_DIRECT;
	trial->file->f_op->read_iter(&iocb, &iter);
}

static int vhdx_trial_thread(void *data)
{
	struct vhdx_trial *trial = data;

	/* reclaim would wait for the disk that is stopped */
	memalloc_noio_save();
	if (trial->bdev)
		blkdev_issue_flush(trial->bdev);
	vhdx_trial_read(trial);
	complete(&trial->done);
	vhdx_trial_put(trial);
	/* the disk may be gone by now, and with it what keeps the module */
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

/* Return: the trial, to be begun by waking its thread, or an ERR_PTR */
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

/* With the disk stopped. Return: did the device go on? */
static bool vhdx_trial_run(struct vhdx_trial *trial, struct vhdx_disk *disk, unsigned int ms)
{
	bool done;

	vhdx_disk_stop(disk);
	wake_up_process(trial->thread);
	done = wait_for_completion_timeout(&trial->done, msecs_to_jiffies(ms));
	vhdx_disk_let_go(disk);
	return done;
}

/*
 * Stop the disk, and see if the device goes on. Nothing is allocated meanwhile: reclaim could have
 * to write to the disk for it.
 *
 * Return: 1 if it does, 0 if it does not, or a negative errno
 */
static int vhdx_stack_try(struct vhdx_disk *disk, struct file *file, struct block_device *bdev,
			  unsigned int ms)
{
	struct vhdx_trial *trial = vhdx_trial_prepare(file, bdev, disk->index);
	long ret = 1;

	if (IS_ERR(trial))
		return PTR_ERR(trial);
	if (!vhdx_trial_run(trial, disk, ms)) {
		ret = wait_for_completion_killable_timeout(&trial->done,
							   msecs_to_jiffies(VHDX_TRIAL_END_MS));
		ret = min(ret, 0L);
	}
	vhdx_trial_put(trial);
	return ret;
}

/* Return: 1 if the device waits for the disk, or may do so; 0 if not; or a negative errno */
static int vhdx_stack_waits(struct vhdx_disk *disk, struct file *file, struct block_device *bdev)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < VHDX_TRIALS; i++)
		ret = vhdx_stack_try(disk, file, bdev, VHDX_TRIAL_MS << i);
	return ret < 0 ? ret : !ret;
}

static bool vhdx_stack_is_ours(const struct gendisk *gendisk)
{
	return gendisk->fops->owner == THIS_MODULE;
}

/* Devices made of others have no hardware, and so no parent in the tree of devices. */
static bool vhdx_stack_is_opaque(struct block_device *bdev)
{
	return !bdev || !disk_to_dev(bdev->bd_disk)->parent;
}

/* One file, of those that the child needs. Return: as vhdx_stack_waits() */
static int vhdx_stack_look(struct vhdx_disk *disk, struct file *file)
{
	struct block_device *bdev = vhdx_backing_file_bdev(file);

	if (bdev && bdev->bd_disk == disk->gendisk)
		return 1;
	if (!disk_openers(disk->gendisk) || !vhdx_stack_is_opaque(bdev) ||
	    (bdev && vhdx_stack_is_ours(bdev->bd_disk)))
		return 0;
	return vhdx_stack_waits(disk, file, bdev);
}

/* The files of the disk that @file is on, if it is one of ours. Return: how many there are now */
static unsigned int vhdx_stack_add(struct file **files, unsigned int nr, struct file *file)
{
	struct block_device *bdev = vhdx_backing_file_bdev(file);
	const struct vhdx_disk *below;

	if (!bdev || !vhdx_stack_is_ours(bdev->bd_disk))
		return nr;
	below = bdev->bd_disk->private_data;
	return vhdx_backing_devices(below->index, files, nr, VHDX_STACK_MAX);
}

/* Others are refused for what they are when they are opened. */
static bool vhdx_stack_can_read(const struct file *file)
{
	umode_t mode = file->f_mapping->host->i_mode;

	return (S_ISREG(mode) || S_ISBLK(mode)) && file->f_mode & FMODE_READ &&
	       file->f_op->read_iter;
}

/**
 * vhdx_stack_check() - may a disk go on in this file?
 * @disk:	added; not being detached
 * @file:	open
 * @fault:	filled if not
 *
 * Context: process, may sleep; the disk may be stopped for some seconds if the file is on
 * something that cannot be seen through and takes that long.
 * Return: 0, -EINVAL if it is on the disk itself, or another errno
 */
int vhdx_stack_check(struct vhdx_disk *disk, struct file *file, struct vhdx_fault *fault)
{
	struct file *files[VHDX_STACK_MAX];
	unsigned int i, nr = 1;
	int ret = 0;

	if (!vhdx_stack_can_read(file))
		return 0;
	files[0] = get_file(file);
	for (i = 0; !ret && i < nr; i++) {
		ret = vhdx_stack_look(disk, files[i]);
		if (!ret)
			nr = vhdx_stack_add(files, nr, files[i]);
	}
	/* so many that there may be more */
	if (!ret && nr == VHDX_STACK_MAX)
		ret = 1;
	for (i = 0; i < nr; i++)
		vhdx_backing_put_file(files[i]);
	if (ret <= 0)
		return ret;
	vhdx_fault_set(fault, VHDX_REASON_snapshot_on_itself, 0, 0);
	return -EINVAL;
}
