// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: making, killing and removing a disk
 *
 *	vhdx_disk_alloc		a structure with a number, COMING (life.c has the states)
 *	vhdx_disk_make		image open, threads running; announced; partitions are read,
 *				so it works by now; then it is LIVE
 *	vhdx_disk_kill		at any moment: its I/O ends
 *	vhdx_disk_remove	GOING: unplugged; every request is over; files closed; GONE
 *	vhdx_block_free_disk	the last opener is gone too
 *
 * Making and removing are jobs (job.c): they wait for the backing file, and nothing waits
 * for them that could not stop to. Killing waits for nothing. Its order:
 *
 *	K1  The queues are dead: no request goes to the backing file any more.
 *	K2  The disk is dead: it cannot be opened, and all processes that wait for its state
 *	    go home. A LIVE disk is GOING.
 *	K3  In a job: what is on the queues' lists fails, and so do commands that wait for
 *	    another thread of the disk, for metadata or for each other, because any of that may
 *	    hang in the backing file; the block layer is told, and tells file systems. That may
 *	    hang in what they do about it.
 *
 * Requests that are in the backing file cannot be taken back: their memory is written to.
 * So a dead disk whose backing file hangs stays GOING, its files open and its number taken,
 * until the backing file answers; and the module cannot be unloaded, because jobs and disks
 * hold references to it.
 *
 * Between the last two steps a killed disk may still be open: its openers get errors from
 * the block layer, which calls none of our functions but ->release() and ->set_read_only().
 * What they touch, the structure itself, lives until vhdx_block_free_disk(); the image is
 * closed by then.
 *
 * A disk cannot be made of a file that lives on it, or on what is made of it: its files are
 * chosen before it exists, and the child of a live snapshot is refused if it is on the disk
 * itself (stack.c). Images inside images are fine, and the outer disk is open as long as the
 * inner one is attached.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "device/disk.h"

#include <linux/backing-dev.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "delay.h"
#include "image/chain.h"
#include "image/image.h"
#include "image/writable.h"
#include "request/submit.h"
#include "format/guid.h"

/* 1 MiB, the smallest block: larger requests would only be held together to be split. */
#define VHDX_MAX_HW_SECTORS	(SZ_1M >> SECTOR_SHIFT)

/* Enough requests on their way to keep any backing file busy. */
#define VHDX_READAHEAD		SZ_2M

/* From here on, or no more, the block layer can be told that the disk is dead. */
static void vhdx_disk_plug(struct vhdx_disk *disk, bool plugged)
{
	spin_lock(&disk->life.lock);
	disk->plugged = plugged;
	spin_unlock(&disk->life.lock);
}

static int vhdx_block_open(VHDX_OPEN_ARGS)
{
	struct vhdx_disk *disk = VHDX_OPEN_DISK->private_data;
	/*
	 * Armed by the first exclusive open, as by mount: udev's probing opens and closes
	 * every disk, and must not make it vanish before its user comes.
	 */
	bool arm = (mode & VHDX_OPEN_EXCL) && (disk->flags & VHDX_ATTACH_AUTOCLEAR);

	if (!vhdx_life_open(&disk->life, arm))
		return -ENXIO;
	/* the scan for partitions is the first to come, and may hang */
	vhdx_disk_plug(disk, true);
	return 0;
}

static void vhdx_block_release(VHDX_RELEASE_ARGS)
{
	struct vhdx_disk *disk = gendisk->private_data;

	vhdx_life_release(&disk->life);
}

/*
 * Nothing makes a disk writable whose image is not, or cannot be written to any more. Called
 * on a dead disk, too, which has no image.
 */
static int vhdx_block_set_read_only(struct block_device *bdev, bool ro)
{
	const struct vhdx_disk *disk = bdev->bd_disk->private_data;

	return ro || (disk->writable && !READ_ONCE(disk->failure)) ? 0 : -EROFS;
}

/* Something could not be written: what is there can still be read. Process context */
static void vhdx_disk_failed(void *context, const char *what, int error)
{
	struct vhdx_disk *disk = context;

	WRITE_ONCE(disk->failure, what);
	pr_err("%s: %s (error %d): disk is read-only from now on, flushed data is safe\n",
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
 * A fixed disk keeps its blocks, so there is nothing to discard. What a discard leaves
 * of a block becomes a hole in the file, if that may have holes.
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

/* What direct I/O to any file of the chain needs of memory addresses, in bytes */
static u32 vhdx_disk_memory_alignment(const struct vhdx_disk *disk)
{
	const struct vhdx_image *image;
	u32 alignment = SECTOR_SIZE;

	for (image = disk->image; image; image = image->parent)
		if (vhdx_backing_is_direct(&image->backing))
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
		.dead		= &disk->life.dead,
		.index		= disk->index,
		.on_failure	= vhdx_disk_failed,
		.context	= disk,
	};
}

static u32 vhdx_disk_type(const struct vhdx_geometry *g)
{
	if (g->has_parent)
		return VHDX_TYPE_DIFFERENCING;
	return g->leave_allocated ? VHDX_TYPE_FIXED : VHDX_TYPE_DYNAMIC;
}

static void vhdx_disk_note_file(struct vhdx_ioc_status *status, const struct vhdx_backing *b)
{
	const struct inode *inode = file_inode(b->file);

	if (vhdx_backing_is_direct(b))
		status->flags |= VHDX_STATUS_DIRECT_IO;
	status->file_major = MAJOR(inode->i_sb->s_dev);
	status->file_minor = MINOR(inode->i_sb->s_dev);
	status->file_inode = inode->i_ino;
}

/**
 * vhdx_disk_note() - note what is shown of a disk's image
 * @disk:	with an image that stays meanwhile
 *
 * So that nobody who looks has to wait for a snapshot, or for a removal.
 */
void vhdx_disk_note(struct vhdx_disk *disk)
{
	const struct vhdx_image *image = disk->image;
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	struct vhdx_ioc_status status = {
		.index			= disk->index,
		.flags			= disk->flags,
		.type			= vhdx_disk_type(g),
		.nr_files		= image->depth + 1,
		.block_size		= g->block_size,
		.disk_size		= g->disk_size,
		.logical_sector_size	= g->logical_sector_size,
		.physical_sector_size	= g->physical_sector_size,
		.diskseq		= disk->gendisk->diskseq,
		.replayed		= image->replayed,
	};

	memcpy(status.disk_id, image->super->disk_id.bytes, sizeof(status.disk_id));
	vhdx_disk_note_file(&status, &image->backing);
	spin_lock(&disk->life.lock);
	disk->noted = status;
	spin_unlock(&disk->life.lock);
}

/* The sequence number; 0 until there is one. Context: any that may take spinlocks */
u64 vhdx_disk_seq(struct vhdx_disk *disk)
{
	u64 seq;

	spin_lock(&disk->life.lock);
	seq = disk->noted.diskseq;
	spin_unlock(&disk->life.lock);
	return seq;
}

/**
 * vhdx_disk_status() - what is shown of a disk
 * @disk:	was LIVE a moment ago
 * @status:	filled, but for @size and @next
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

static void vhdx_disk_put_files(struct vhdx_disk *disk)
{
	/* of a killed caller's, these are the last references */
	while (disk->nr_files)
		vhdx_backing_put_file(disk->files[--disk->nr_files]);
	kfree(disk->files);
	disk->files = NULL;
}

/**
 * vhdx_disk_alloc() - a disk to be made
 * @files:	the image and its parents; references that stay the caller's
 * @nr:		how many
 * @flags:	VHDX_ATTACH_*
 * @end:	see struct vhdx_life
 *
 * Return: the disk, COMING, with one reference; or an ERR_PTR
 */
struct vhdx_disk *vhdx_disk_alloc(struct file *const *files, unsigned int nr, u32 flags,
				  void (*end)(struct vhdx_life *life))
{
	struct vhdx_disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);

	if (!disk)
		return ERR_PTR(-ENOMEM);
	disk->files = kmemdup(files, nr * sizeof(*files), GFP_KERNEL);
	if (!disk->files) {
		kfree(disk);
		return ERR_PTR(-ENOMEM);
	}
	while (disk->nr_files < nr)
		get_file(disk->files[disk->nr_files++]);
	refcount_set(&disk->refs, 1);
	disk->flags = flags;
	init_rwsem(&disk->image_lock);
	vhdx_life_init(&disk->life, end);
	return disk;
}

/* Context: any */
void vhdx_disk_get(struct vhdx_disk *disk)
{
	refcount_inc(&disk->refs);
}

/* Context: any; the last one finds a disk that was never made, or is gone */
void vhdx_disk_put(struct vhdx_disk *disk)
{
	if (!refcount_dec_and_test(&disk->refs))
		return;
	/* still there if no job was ever started */
	while (disk->nr_files)
		fput(disk->files[--disk->nr_files]);
	kfree(disk->files);
	kfree(disk);
}

/* Context: process; reads partitions, so it takes as long as the backing file likes */
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
	vhdx_disk_plug(disk, true);
	vhdx_delay(make_added);
	return 0;
}

/* Wait for a kill that is under way. */
static void vhdx_disk_await_mark(struct vhdx_disk *disk)
{
	wait_event(disk->life.wait, !READ_ONCE(disk->marking));
}

/* No kill is in the queues or in the gendisk from here on. */
static void vhdx_disk_unplug(struct vhdx_disk *disk)
{
	vhdx_disk_plug(disk, false);
	vhdx_disk_await_mark(disk);
}

/* The image is open: make a disk of it, and announce that. */
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
	/* of a disk that was never added the block layer frees the queue here: tags last */
	put_disk(disk->gendisk);
err_stop_queues:
	vhdx_queues_stop(&disk->queues);
	return ret;
}

/**
 * vhdx_disk_make() - open the image, and announce the disk
 * @disk:	COMING, with its number
 * @groups:	its sysfs files, there from the first uevent on
 *
 * Context: process, no locks that a file system might want; as the backing file likes.
 * Return: 0, or a negative errno, perhaps with a reason in @disk->fault; then nothing is
 * left of it
 */
int vhdx_disk_make(struct vhdx_disk *disk, const struct attribute_group **groups)
{
	struct vhdx_image_options options;
	int ret;

	vhdx_disk_image_options(disk, &options);
	disk->image = vhdx_chain_open(disk->files, disk->nr_files, &options, &disk->fault);
	vhdx_disk_put_files(disk);
	if (IS_ERR(disk->image))
		return PTR_ERR(disk->image);
	disk->writable = disk->image->writable;
	vhdx_guid_naa(&disk->image->super->disk_id, disk->wwn);
	ret = vhdx_disk_make_gendisk(disk, groups);
	if (ret)
		vhdx_chain_close(disk->image);
	return ret;
}

/**
 * vhdx_disk_let_go() - requests are dispatched again
 * @disk:	held by vhdx_disk_hold(), or let go since because it was killed
 */
void vhdx_disk_let_go(struct vhdx_disk *disk)
{
	bool held;

	spin_lock(&disk->life.lock);
	held = disk->held;
	disk->held = false;
	if (held)
		disk->held_ns += ktime_get_ns() - disk->held_since;
	spin_unlock(&disk->life.lock);
	if (held)
		blk_mq_unquiesce_queue(disk->gendisk->queue);
}

/* What is dispatched no more is dispatched again by vhdx_disk_let_go(), or a kill. */
static void vhdx_disk_note_held(struct vhdx_disk *disk)
{
	spin_lock(&disk->life.lock);
	disk->held = true;
	spin_unlock(&disk->life.lock);
	/* it may have been before it was held that a kill let it go */
	if (vhdx_life_is_dead(&disk->life))
		vhdx_disk_let_go(disk);
}

/**
 * vhdx_disk_stop() - let no request follow those that are on their way
 * @disk:	LIVE, and kept from being removed
 *
 * As vhdx_disk_hold(), but for those that are on their way: they are not waited for.
 *
 * Context: process
 */
void vhdx_disk_stop(struct vhdx_disk *disk)
{
	disk->held_since = ktime_get_ns();
	blk_mq_quiesce_queue_nowait(disk->gendisk->queue);
	vhdx_disk_note_held(disk);
}

/**
 * vhdx_disk_hold() - complete what is on its way, and let nothing follow
 * @disk:	LIVE, and kept from being removed
 *
 * A frozen queue has no requests, and lets none in; but it counts as a lock that a
 * submitter takes, and closing a session takes those of the host file system. So it is only
 * emptied by freezing; then requests may come and wait undispatched, until
 * vhdx_disk_let_go(), or until the disk is killed: then they fail, and get no further than
 * request/submit.c.
 *
 * Context: process
 */
void vhdx_disk_hold(struct vhdx_disk *disk)
{
	struct request_queue *q = disk->gendisk->queue;
	unsigned int frozen;

	disk->held_since = ktime_get_ns();
	frozen = vhdx_freeze_queue(q);
	blk_mq_quiesce_queue(q);
	vhdx_unfreeze_queue(q, frozen);
	vhdx_disk_note_held(disk);
}

/*
 * Commands wait for nothing any more. A snapshot that gives the disk another image meanwhile has
 * waited for all commands: none wait for the image that is not looked at.
 */
static void vhdx_disk_abandon(struct vhdx_disk *disk)
{
	struct vhdx_image *image;

	down_read(&disk->image_lock);
	for (image = disk->image; image; image = image->parent)
		vhdx_image_abandon(image);
	up_read(&disk->image_lock);
}

/* Queued requests fail, and the block layer lets no new ones in. */
static void vhdx_disk_mark(struct vhdx_disk *disk)
{
	vhdx_delay(kill);
	vhdx_queues_drain(&disk->queues);
	vhdx_disk_abandon(disk);
	vhdx_disk_let_go(disk);
	blk_mark_disk_dead(disk->gendisk);
	spin_lock(&disk->life.lock);
	WRITE_ONCE(disk->marking, false);
	spin_unlock(&disk->life.lock);
	wake_up_all(&disk->life.wait);
}

/* Return: true if the caller is to call vhdx_disk_mark(), which no other task does or did */
static bool vhdx_disk_take_mark(struct vhdx_disk *disk)
{
	bool ours;

	spin_lock(&disk->life.lock);
	ours = disk->plugged && !disk->marked;
	if (ours) {
		disk->marked = true;
		WRITE_ONCE(disk->marking, true);
	}
	spin_unlock(&disk->life.lock);
	return ours;
}

static void vhdx_disk_mark_job(struct vhdx_job *job)
{
	struct vhdx_disk *disk = container_of(job, struct vhdx_disk, mark);

	vhdx_disk_mark(disk);
	vhdx_disk_put(disk);
}

/**
 * vhdx_disk_kill() - end a disk's I/O, and all waits for it, now
 * @disk:	in any state
 *
 * What is in the backing file already is waited for, by the disk's jobs only. Then it is
 * removed.
 *
 * Context: any that may take spinlocks
 */
void vhdx_disk_kill(struct vhdx_disk *disk)
{
	bool mark;

	vhdx_queues_kill(&disk->queues);
	mark = vhdx_disk_take_mark(disk);
	vhdx_life_kill(&disk->life);
	if (!mark)
		return;
	/* in a job of its own: file systems on the disk are told, and those that work hang */
	vhdx_disk_get(disk);
	vhdx_job_start(&disk->mark, vhdx_disk_mark_job, false);
}

/* Debugfs files of the disk may still be open: they see no image, and no queues, from here on. */
static struct vhdx_image *vhdx_disk_hide_image(struct vhdx_disk *disk)
{
	struct vhdx_image *image = disk->image;

	down_write(&disk->image_lock);
	disk->image = NULL;
	up_write(&disk->image_lock);
	return image;
}

/**
 * vhdx_disk_remove() - unplug a disk, and close its files
 * @disk:	GOING
 *
 * Context: process, no locks that a file system might want; as the backing file likes.
 * Return: 0, or a negative errno as vhdx_image_close() has it; the disk is gone all the same
 */
int vhdx_disk_remove(struct vhdx_disk *disk)
{
	struct vhdx_image *image;
	int ret;

	vhdx_delay(remove);
	/* file systems learn that it is dead before they are asked to write */
	if (vhdx_life_is_dead(&disk->life)) {
		if (vhdx_disk_take_mark(disk))
			vhdx_disk_mark(disk);
		vhdx_disk_await_mark(disk);
	}
	del_gendisk(disk->gendisk);
	vhdx_disk_unplug(disk);
	/* whose request is over may still be on the way out of request/submit.c */
	blk_mq_quiesce_queue(disk->gendisk->queue);
	image = vhdx_disk_hide_image(disk);
	vhdx_queues_stop(&disk->queues);
	ret = vhdx_chain_close(image);
	put_disk(disk->gendisk);
	return ret;
}
