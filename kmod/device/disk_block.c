// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The block device of a disk: its limits, and what its openers may do.
 */
#include "device/disk.h"

#include <linux/blkdev.h>
#include <linux/module.h>

#include "compat/blk.h"
#include "image/image.h"

/* 1 MiB, the smallest block. The block layer would merge larger requests only to split them. */
#define VHDX_MAX_HW_SECTORS	(SZ_1M >> SECTOR_SHIFT)

/**
 * vhdx_disk_plug() - from now on a kill reaches the queues and the gendisk
 * @disk:	with a gendisk
 *
 * Context: any that may take spinlocks
 */
void vhdx_disk_plug(struct vhdx_disk *disk)
{
	spin_lock(&disk->life.lock);
	disk->plugged = true;
	spin_unlock(&disk->life.lock);
}

static int vhdx_block_open(VHDX_OPEN_ARGS)
{
	struct vhdx_disk *disk = VHDX_OPEN_DISK->private_data;
	/*
	 * The first exclusive open, such as a mount, arms the disk. The probes of udev open
	 * and close every disk, and must not remove it before its first use.
	 */
	bool arm = (mode & VHDX_OPEN_EXCL) && (disk->flags & VHDX_ATTACH_AUTOCLEAR);

	if (!vhdx_life_open(&disk->life, arm))
		return -ENXIO;
	/* the first opener is the scan for partitions, which may hang: a kill must reach it */
	vhdx_disk_plug(disk);
	return 0;
}

static void vhdx_block_release(VHDX_RELEASE_ARGS)
{
	struct vhdx_disk *disk = gendisk->private_data;

	vhdx_life_release(&disk->life);
}

/*
 * A disk stays read-only if it was attached so, or after a failed write. The block layer calls
 * this on a dead disk, too, which has no image.
 */
static int vhdx_block_set_read_only(struct block_device *bdev, bool ro)
{
	const struct vhdx_disk *disk = bdev->bd_disk->private_data;

	return ro || vhdx_disk_may_write(disk) ? 0 : -EROFS;
}

/* Old partitioning tools want a geometry. Any consistent one does. */
static int vhdx_block_getgeo(VHDX_GETGEO_ARGS)
{
	geo->heads = 255;
	geo->sectors = 63;
	geo->cylinders = min_t(sector_t, get_capacity(VHDX_GETGEO_DISK) / (255 * 63), U16_MAX);
	return 0;
}

static int vhdx_block_get_unique_id(struct gendisk *gendisk, u8 id[16], enum blk_unique_id type)
{
	const struct vhdx_disk *disk = gendisk->private_data;

	if (type != BLK_UID_NAA)
		return -EINVAL;
	memcpy(id, disk->wwn, sizeof(disk->wwn));
	return sizeof(disk->wwn);
}

static void vhdx_block_free_disk(struct gendisk *gendisk)
{
	vhdx_disk_put(gendisk->private_data);
	module_put(THIS_MODULE);
}

static const struct block_device_operations vhdx_fops = {
	.owner		= THIS_MODULE,
	.open		= vhdx_block_open,
	.release	= vhdx_block_release,
	.set_read_only	= vhdx_block_set_read_only,
	.getgeo		= vhdx_block_getgeo,
	.get_unique_id	= vhdx_block_get_unique_id,
	.free_disk	= vhdx_block_free_disk,
};

/*
 * A fixed image keeps its blocks, so it has no discard. Elsewhere, a discard of a part of a
 * block makes a hole in the file, if that may have holes.
 */
static void vhdx_disk_set_write_limits(struct vhdx_disk *disk, struct vhdx_limits *limits)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(disk->image);

	limits->write_cache = true;
	limits->stable_writes = disk->image->backing.stable &&
		vhdx_backing_is_direct(&disk->image->backing);
	limits->max_zeroes_sectors = UINT_MAX >> SECTOR_SHIFT;
	if (g->leave_allocated)
		return;
	limits->max_discard_sectors = UINT_MAX >> SECTOR_SHIFT;
	limits->discard_granularity = disk->image->backing.holes ? VHDX_PAGE_SIZE :
								    g->block_size;
}

/* The strictest alignment of memory, in bytes, that direct I/O to the files of the chain needs */
static u32 vhdx_disk_memory_alignment(const struct vhdx_disk *disk)
{
	const struct vhdx_image *image;
	u32 alignment = SECTOR_SIZE;

	for (image = disk->image; image; image = image->parent)
		if (vhdx_backing_is_direct(&image->backing))
			alignment = max(alignment, image->backing.memory_alignment);
	return alignment;
}

/**
 * vhdx_disk_alloc_gendisk() - allocate the gendisk, with limits according to the image
 * @disk:	with an image and queues; @disk->gendisk is set
 *
 * There is no optimal size of a request (io_opt). mkfs.ext4 takes that for the stripe of a RAID
 * and spreads its tables accordingly, and since Linux 6.9 each change of a limit sets read-ahead
 * to twice as much: half a GiB for blocks of 256 MiB. chunk_sectors keeps requests from crossing
 * payload blocks.
 *
 * Context: process, may sleep
 * Return: 0 or a negative errno
 */
int vhdx_disk_alloc_gendisk(struct vhdx_disk *disk)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(disk->image);
	struct vhdx_limits limits = {
		.logical_block_size	= g->logical_sector_size,
		.physical_block_size	= max(g->physical_sector_size, g->logical_sector_size),
		.chunk_sectors		= g->block_size >> SECTOR_SHIFT,
		.dma_alignment		= vhdx_disk_memory_alignment(disk) - 1,
		.max_hw_sectors		= VHDX_MAX_HW_SECTORS,
	};
	struct gendisk *gendisk;

	if (disk->image->writable)
		vhdx_disk_set_write_limits(disk, &limits);
	gendisk = vhdx_alloc_gendisk(&disk->queues.tag_set, &limits, disk);
	if (IS_ERR(gendisk))
		return PTR_ERR(gendisk);
	snprintf(gendisk->disk_name, DISK_NAME_LEN, "vhdx%d", disk->index);
	gendisk->fops = &vhdx_fops;
	gendisk->private_data = disk;
	/* only the kernel's own scan: partx and parted may still add partitions */
	if (disk->flags & VHDX_ATTACH_NO_PARTSCAN)
		set_bit(GD_SUPPRESS_PART_SCAN, &gendisk->state);
	set_capacity(gendisk, g->disk_size >> SECTOR_SHIFT);
	set_disk_ro(gendisk, !disk->image->writable);
	disk->gendisk = gendisk;
	return 0;
}
