// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The status of a disk as user space sees it. It is copied from the image when that changes
 * (vhdx_disk_note()), so that a reader does not wait for a snapshot or for a removal.
 */
#include "device/disk.h"

#include <linux/blkdev.h>
#include <linux/fs.h>

#include "image/image.h"

/**
 * vhdx_disk_note() - copy the status from the image of a disk
 * @disk:	with a gendisk, and an image that is not replaced meanwhile
 *
 * Context: process
 */
void vhdx_disk_note(struct vhdx_disk *disk)
{
	const struct vhdx_image *image = disk->image;
	const struct inode *inode = file_inode(image->backing.file);
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	struct vhdx_ioc_status status = {
		.index			= disk->index,
		.flags			= disk->flags,
		.type			= g->leave_allocated ? VHDX_TYPE_FIXED : VHDX_TYPE_DYNAMIC,
		.nr_files		= image->depth + 1,
		.block_size		= g->block_size,
		.disk_size		= g->disk_size,
		.logical_sector_size	= g->logical_sector_size,
		.physical_sector_size	= g->physical_sector_size,
		.diskseq		= disk->gendisk->diskseq,
		.replayed		= image->replayed,
	};

	if (g->has_parent)
		status.type = VHDX_TYPE_DIFFERENCING;
	memcpy(status.disk_id, image->super->disk_id.bytes, sizeof(status.disk_id));
	if (vhdx_backing_is_direct(&image->backing))
		status.flags |= VHDX_STATUS_DIRECT_IO;
	status.file_major = MAJOR(inode->i_sb->s_dev);
	status.file_minor = MINOR(inode->i_sb->s_dev);
	status.file_inode = inode->i_ino;
	spin_lock(&disk->life.lock);
	disk->noted = status;
	spin_unlock(&disk->life.lock);
}

/**
 * vhdx_disk_seq() - the sequence number of a disk (diskseq)
 * @disk:	in any state
 *
 * Context: any that may take spinlocks
 * Return: the number; 0 before the first vhdx_disk_note()
 */
u64 vhdx_disk_seq(struct vhdx_disk *disk)
{
	u64 seq;

	spin_lock(&disk->life.lock);
	seq = disk->noted.diskseq;
	spin_unlock(&disk->life.lock);
	return seq;
}

/**
 * vhdx_disk_status() - the status of a disk
 * @disk:	LIVE at some time before the call
 * @status:	filled, except for @size and @next
 *
 * Context: any that may take spinlocks
 */
void vhdx_disk_status(struct vhdx_disk *disk, struct vhdx_ioc_status *status)
{
	u32 size = status->size, next = status->next;

	spin_lock(&disk->life.lock);
	*status = disk->noted;
	status->openers = disk->life.openers;
	spin_unlock(&disk->life.lock);
	status->size = size;
	status->next = next;
	status->major = MAJOR(disk->devt);
	status->minor = MINOR(disk->devt);
}
