// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: the life of a disk
 *
 *	vhdx_disk_create	image open, threads running, nothing visible
 *	vhdx_disk_add		announced; partitions are read, so it must work by now
 *	vhdx_disk_close		no new openers (also: vhdx_disk_close_lazily)
 *	vhdx_disk_remove	unplugged; every request is over; files closed
 *	vhdx_block_free_disk		the last opener is gone too
 *
 * Between the last two a disk detached by force may still be open: its openers get errors
 * from the block layer, which no longer calls us. What ->release() touches, the structure
 * itself, lives until vhdx_block_free_disk().
 *
 * A disk cannot be made of a file that lives on it, or on what is made of it: its files are
 * chosen before it exists, and the child of a live snapshot is refused if it is on the disk
 * itself (stack.c). Images inside images are fine, and the outer disk is open as long as the
 * inner one is attached.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "disk.h"

#include <linux/backing-dev.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "chain.h"
#include "compat.h"
#include "image.h"
#include "submit.h"
#include "uapi/vhdx.h"

/* 1 MiB, the smallest block: larger requests would only be held together to be split. */
#define VHDX_MAX_HW_SECTORS	(SZ_1M >> SECTOR_SHIFT)

/* Enough requests on their way to keep any backing file busy. */
#define VHDX_READAHEAD		SZ_2M

static struct workqueue_struct *vhdx_disk_wq;

static int vhdx_block_open(VHDX_OPEN_ARGS)
{
	struct vhdx_disk *disk = VHDX_OPEN_DISK->private_data;

	lockdep_assert_held(&disk->gendisk->open_mutex);
	if (disk->closing)
		return -ENXIO;
	/*
	 * Armed by the first exclusive open, as by mount: udev's probing opens and closes
	 * every disk, and must not make it vanish before its user comes.
	 */
	if ((mode & VHDX_OPEN_EXCL) && (disk->flags & VHDX_ATTACH_AUTOCLEAR))
		disk->autoclear = true;
	return 0;
}

/* Is it time for an autoclear disk to go? Context: open_mutex held */
static void vhdx_disk_try_clear(struct vhdx_disk *disk)
{
	lockdep_assert_held(&disk->gendisk->open_mutex);
	if (disk->autoclear && !disk->closing && !disk_openers(disk->gendisk))
		queue_work(vhdx_disk_wq, &disk->last_close);
}

static void vhdx_block_release(VHDX_RELEASE_ARGS)
{
	vhdx_disk_try_clear(gendisk->private_data);
}

/* Nothing makes a disk writable whose image is not, or cannot be written to any more. */
static int vhdx_block_set_read_only(struct block_device *bdev, bool ro)
{
	const struct vhdx_disk *disk = bdev->bd_disk->private_data;

	return ro || (disk->image->writable && !disk->failure) ? 0 : -EROFS;
}

/* Something could not be written: what is there can still be read. Process context */
static void vhdx_disk_failed(void *context, const char *what, int error)
{
	struct vhdx_disk *disk = context;

	WRITE_ONCE(disk->failure, what);
	pr_err("%s: %s (error %d): no more writing; what was flushed is safe\n",
	       disk->gendisk->disk_name, what, error);
	/* tells user space, too */
	set_disk_ro(disk->gendisk, true);
}

/* Old partitioning tools want a geometry; any consistent one does. */
static int vhdx_block_getgeo(VHDX_GETGEO_ARGS)
{
	geo->heads = 255;
	geo->sectors = 63;
	geo->cylinders = min_t(sector_t, get_capacity(VHDX_GETGEO_DISK) / (255 * 63), U16_MAX);
	return 0;
}

/*
 * The NAA identifier that Hyper-V shows its guests: Microsoft's vendor prefix, then 6 and 6
 * bytes of the Virtual Disk ID as stored. Names like wwn-0x60022480... in a guest's fstab
 * resolve here too.
 */
static void vhdx_disk_set_wwn(struct vhdx_disk *disk)
{
	static const u8 prefix[] = { 0x60, 0x02, 0x24, 0x80 };
	const u8 *disk_id = disk->image->super->disk_id.bytes;

	memcpy(disk->wwn, prefix, 4);
	memcpy(disk->wwn + 4, disk_id, 6);
	memcpy(disk->wwn + 10, disk_id + 10, 6);
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
	kfree(gendisk->private_data);
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
 * A fixed disk keeps its blocks, so there is nothing to discard. What a discard leaves
 * of a block becomes a hole in the file, if that may have holes.
 */
static void vhdx_disk_set_write_limits(struct vhdx_disk *disk, struct vhdx_limits *limits)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(disk->image);

	limits->write_cache = true;
	limits->stable_writes = disk->image->backing.stable && disk->image->backing.direct;
	limits->max_zeroes_sectors = UINT_MAX >> SECTOR_SHIFT;
	if (g->leave_allocated)
		return;
	limits->max_discard_sectors = UINT_MAX >> SECTOR_SHIFT;
	limits->discard_granularity = disk->image->backing.holes ? VHDX_PAGE_SIZE :
								    g->block_size;
}

/* What direct I/O to any file of the chain needs of memory addresses, in bytes */
static u32 vhdx_disk_memory_alignment(const struct vhdx_disk *disk)
{
	const struct vhdx_image *image;
	u32 alignment = SECTOR_SIZE;

	for (image = disk->image; image; image = image->parent)
		if (image->backing.direct)
			alignment = max(alignment, image->backing.memory_alignment);
	return alignment;
}

/*
 * There is no optimal size of a request (io_opt). mkfs.ext4 takes one for the stripe of a RAID and
 * spreads its tables by it, and since Linux 6.9 each change of a limit sets read-ahead to twice as
 * much: half a GiB for blocks of 256 MiB. That requests do not cross blocks is in chunk_sectors.
 */
static int vhdx_disk_alloc_gendisk(struct vhdx_disk *disk)
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
	/* only the kernel's own look is left out: partx and parted may still add partitions */
	if (disk->flags & VHDX_ATTACH_NO_PARTSCAN)
		set_bit(GD_SUPPRESS_PART_SCAN, &gendisk->state);
	set_capacity(gendisk, g->disk_size >> SECTOR_SHIFT);
	set_disk_ro(gendisk, !disk->image->writable);
	disk->gendisk = gendisk;
	return 0;
}

/* A disk that is there already takes data as it was told to when it was made. */
static struct vhdx_backing_mode vhdx_disk_mode(const struct vhdx_disk *disk)
{
	struct vhdx_backing_mode mode = { .buffered = disk->flags & VHDX_ATTACH_BUFFERED };

	if (disk->gendisk) {
		mode.alignment = queue_dma_alignment(disk->gendisk->queue) + 1;
		mode.unstable = !bdev_stable_writes(disk->gendisk->part0);
	}
	return mode;
}

/* How a disk's image is to be opened, as asked for at attach */
void vhdx_disk_image_options(struct vhdx_disk *disk, struct vhdx_image_options *options)
{
	*options = (struct vhdx_image_options) {
		.writable	= !(disk->flags & VHDX_ATTACH_READ_ONLY),
		.mode		= vhdx_disk_mode(disk),
		.no_replay	= disk->flags & VHDX_ATTACH_NO_REPLAY,
		.no_holes	= disk->flags & VHDX_ATTACH_NO_HOLES,
		.index		= disk->index,
		.on_failure	= vhdx_disk_failed,
		.context	= disk,
	};
}

/**
 * vhdx_disk_create() - everything about a disk that can be done before it is seen
 * @files:	the image and its parents; references that stay the caller's
 * @nr:		how many
 * @flags:	VHDX_ATTACH_*
 * @index:	N of /dev/vhdxN, reserved by the caller
 * @on_last_close: work to do when an autoclear disk was closed; finds the disk by its
 *		member last_close
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might want.
 * Return: the disk, or an ERR_PTR
 */
struct vhdx_disk *vhdx_disk_create(struct file *const *files, unsigned int nr, u32 flags,
				   int index, work_func_t on_last_close,
				   struct vhdx_fault *fault)
{
	struct vhdx_disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	struct vhdx_image_options options;
	int ret;

	if (!disk)
		return ERR_PTR(-ENOMEM);
	disk->index = index;
	disk->flags = flags;
	init_rwsem(&disk->swap);
	vhdx_disk_image_options(disk, &options);
	INIT_WORK(&disk->last_close, on_last_close);
	disk->image = vhdx_chain_open(files, nr, &options, fault);
	if (IS_ERR(disk->image)) {
		ret = PTR_ERR(disk->image);
		goto err_free_disk;
	}
	vhdx_disk_set_wwn(disk);
	ret = vhdx_queues_start(&disk->queues, disk->image, &vhdx_submit_ops, index);
	if (ret)
		goto err_close_image;
	ret = vhdx_disk_alloc_gendisk(disk);
	if (ret)
		goto err_stop_queues;
	return disk;

err_stop_queues:
	vhdx_queues_stop(&disk->queues);
err_close_image:
	vhdx_chain_close(disk->image);
err_free_disk:
	kfree(disk);
	return ERR_PTR(ret);
}

/**
 * vhdx_disk_discard() - undo vhdx_disk_create()
 * @disk:	was never added
 */
void vhdx_disk_discard(struct vhdx_disk *disk)
{
	/* of a disk that was never added the block layer frees the queue here: tags last */
	put_disk(disk->gendisk);
	vhdx_queues_stop(&disk->queues);
	vhdx_chain_close(disk->image);
	kfree(disk);
}

/**
 * vhdx_disk_add() - announce a disk
 * @disk:	created
 * @groups:	its sysfs files, there from the first uevent on
 *
 * Reads partitions, so this may take as long as the backing file takes to answer.
 *
 * Return: 0, or a negative errno and the disk is as before
 */
int vhdx_disk_add(struct vhdx_disk *disk, const struct attribute_group **groups)
{
	int ret;

	/* until vhdx_block_free_disk() */
	__module_get(THIS_MODULE);
	ret = device_add_disk(NULL, disk->gendisk, groups);
	if (ret)
		module_put(THIS_MODULE);
	else
		disk->gendisk->bdi->ra_pages = VHDX_READAHEAD >> PAGE_SHIFT;
	return ret;
}

/**
 * vhdx_disk_close() - let nobody open the disk any more
 * @disk:	added
 * @force:	even if somebody has it open
 *
 * Return: false, and nothing changed, if it is open
 */
bool vhdx_disk_close(struct vhdx_disk *disk, bool force)
{
	bool closed;

	mutex_lock(&disk->gendisk->open_mutex);
	closed = force || !disk_openers(disk->gendisk);
	if (closed)
		disk->closing = true;
	mutex_unlock(&disk->gendisk->open_mutex);
	return closed;
}

/**
 * vhdx_disk_close_lazily() - as vhdx_disk_close(), or else do it after the last close
 * @disk:	added
 *
 * Return: true if the disk was not open, and is closed now
 */
bool vhdx_disk_close_lazily(struct vhdx_disk *disk)
{
	bool closed;

	mutex_lock(&disk->gendisk->open_mutex);
	disk->autoclear = true;
	closed = !disk_openers(disk->gendisk);
	disk->closing = closed;
	mutex_unlock(&disk->gendisk->open_mutex);
	return closed;
}

/**
 * vhdx_disk_closed() - see if it was closed for the last time, once more
 * @disk:	added
 */
void vhdx_disk_closed(struct vhdx_disk *disk)
{
	mutex_lock(&disk->gendisk->open_mutex);
	vhdx_disk_try_clear(disk);
	mutex_unlock(&disk->gendisk->open_mutex);
}

/**
 * vhdx_disk_remove() - unplug a closed disk
 * @disk:	closed; must not be touched by the caller afterwards
 * @force:	fail what is not yet being read; reads in the backing file are waited for
 *
 * Context: process, no locks that a file system might want.
 * Return: 0, or a negative errno as vhdx_image_close() has it; the disk is gone all the same
 */
int vhdx_disk_remove(struct vhdx_disk *disk, bool force)
{
	int ret;

	if (force) {
		vhdx_queues_kill(&disk->queues);
		vhdx_chain_abandon(disk->image);
		blk_mark_disk_dead(disk->gendisk);
	}
	del_gendisk(disk->gendisk);
	/* whose request is over may still be on the way out of submit.c */
	blk_mq_quiesce_queue(disk->gendisk->queue);
	vhdx_queues_stop(&disk->queues);
	ret = vhdx_chain_close(disk->image);
	put_disk(disk->gendisk);
	return ret;
}

/**
 * vhdx_disk_init() - module init
 *
 * Return: 0 or a negative errno
 */
int vhdx_disk_init(void)
{
	vhdx_disk_wq = alloc_workqueue("vhdx-detach", WQ_UNBOUND, 0);
	return vhdx_disk_wq ? 0 : -ENOMEM;
}

/**
 * vhdx_disk_exit() - module exit; no disk is left
 */
void vhdx_disk_exit(void)
{
	destroy_workqueue(vhdx_disk_wq);
}
