// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Making a disk of an image, and removing it. These are jobs: disk.c says why.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "device/disk.h"

#include <linux/backing-dev.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "delay.h"
#include "image/chain.h"
#include "image/image.h"
#include "request/submit.h"
#include "format/guid.h"

/* Enough requests under way to keep any backing file busy */
#define VHDX_READAHEAD		SZ_2M

/* The image cannot be written any more. It can still be read. Context: process */
static void vhdx_disk_failed(void *context, const char *what, int error)
{
	struct vhdx_disk *disk = context;

	WRITE_ONCE(disk->failure, what);
	pr_err("%s: %s (error %d): disk is read-only from now on, flushed data is safe\n",
	       disk->gendisk->disk_name, what, error);
	/* also sends a uevent */
	set_disk_ro(disk->gendisk, true);
}

/**
 * vhdx_disk_image_options() - how to open an image of a disk, by the flags of its attach
 * @disk:	with its number; with a gendisk if @options are for the child of a snapshot
 * @options:	filled
 *
 * The limits of a gendisk are fixed: a child has to comply with them.
 *
 * Context: any
 */
void vhdx_disk_image_options(struct vhdx_disk *disk, struct vhdx_image_options *options)
{
	*options = (struct vhdx_image_options) {
		.writable	= !(disk->flags & VHDX_ATTACH_READ_ONLY),
		.mode.buffered	= disk->flags & VHDX_ATTACH_BUFFERED,
		.no_replay	= disk->flags & VHDX_ATTACH_NO_REPLAY,
		.no_holes	= disk->flags & VHDX_ATTACH_NO_HOLES,
		.dead		= &disk->life.dead,
		.index		= disk->index,
		.on_failure	= vhdx_disk_failed,
		.context	= disk,
	};
	if (disk->gendisk) {
		options->mode.alignment = queue_dma_alignment(disk->gendisk->queue) + 1;
		options->mode.unstable = !bdev_stable_writes(disk->gendisk->part0);
	}
}

/* Context: process; reads partitions, so it takes as long as the backing file does */
static int vhdx_disk_add(struct vhdx_disk *disk, const struct attribute_group **groups)
{
	int ret;

	/* until vhdx_block_free_disk() */
	__module_get(THIS_MODULE);
	vhdx_disk_get(disk);
	ret = device_add_disk(NULL, disk->gendisk, groups);
	if (ret) {
		vhdx_disk_put(disk);
		module_put(THIS_MODULE);
		return ret;
	}
	disk->gendisk->bdi->ra_pages = VHDX_READAHEAD >> PAGE_SHIFT;
	disk->devt = disk_devt(disk->gendisk);
	vhdx_disk_plug(disk);
	vhdx_delay(make_added);
	return 0;
}

/* Make a block device of the image, and announce it. */
static int vhdx_disk_make_gendisk(struct vhdx_disk *disk, const struct attribute_group **groups)
{
	int ret = vhdx_queues_start(&disk->queues, disk->image, &vhdx_submit_ops, disk->index);

	if (ret)
		return ret;
	ret = vhdx_disk_alloc_gendisk(disk);
	if (ret)
		goto err_stop_queues;
	vhdx_disk_note(disk);
	vhdx_delay(make_opened);
	ret = vhdx_life_is_dead(&disk->life) ? -ENODEV : vhdx_disk_add(disk, groups);
	if (!ret)
		return 0;
	vhdx_disk_unplug(disk);
	/* of a disk that was never added this frees the queue: before its tags */
	put_disk(disk->gendisk);
err_stop_queues:
	vhdx_queues_stop(&disk->queues);
	return ret;
}

/**
 * vhdx_disk_make() - open the image, and announce the disk
 * @disk:	COMING, with its number
 * @groups:	its sysfs files, present from the first uevent on
 *
 * Context: a job, no locks that a file system might take; takes as long as the backing file does
 * Return: 0, or a negative errno, perhaps with a reason in @disk->fault; then the disk has no
 * image, no gendisk and no queues
 */
int vhdx_disk_make(struct vhdx_disk *disk, const struct attribute_group **groups)
{
	struct vhdx_image_options options;
	int ret;

	vhdx_disk_image_options(disk, &options);
	disk->image = vhdx_chain_open(disk->files, disk->nr_files, &options, &disk->fault);
	/* these are the last references if the process that attaches was killed */
	while (disk->nr_files)
		vhdx_backing_put_file(disk->files[--disk->nr_files]);
	kfree(disk->files);
	disk->files = NULL;
	if (IS_ERR(disk->image))
		return PTR_ERR(disk->image);
	vhdx_guid_naa(&disk->image->super->disk_id, disk->wwn);
	ret = vhdx_disk_make_gendisk(disk, groups);
	if (ret)
		vhdx_chain_close(disk->image);
	return ret;
}

/**
 * vhdx_disk_remove() - unplug a disk, and close its files
 * @disk:	GOING
 *
 * Context: a job, no locks that a file system might take; takes as long as the backing file does
 * Return: 0, or a negative errno as from vhdx_image_close(); the disk is removed in any case
 */
int vhdx_disk_remove(struct vhdx_disk *disk)
{
	struct vhdx_image *image = disk->image;
	int ret;

	vhdx_delay(remove);
	/* inform file systems of a dead disk before del_gendisk() has them write */
	if (vhdx_life_is_dead(&disk->life))
		vhdx_disk_mark_dead(disk);
	del_gendisk(disk->gendisk);
	vhdx_disk_unplug(disk);
	/* after its last request has completed, a submitter may still be in request/submit.c */
	blk_mq_quiesce_queue(disk->gendisk->queue);
	/* from now on, readers of debugfs find no image, and use no queues */
	down_write(&disk->image_lock);
	disk->image = NULL;
	up_write(&disk->image_lock);
	vhdx_queues_stop(&disk->queues);
	ret = vhdx_chain_close(image);
	put_disk(disk->gendisk);
	return ret;
}
