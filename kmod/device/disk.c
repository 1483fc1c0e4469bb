// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: making, killing and removing a disk
 *
 *	vhdx_disk_alloc		a structure without an image, COMING (life.c has the states)
 *	vhdx_disk_make		opens the image, starts the threads, announces the disk and
 *				reads its partitions; then it is LIVE (disk_make.c)
 *	vhdx_disk_kill		at any moment: ends its I/O (disk_kill.c)
 *	vhdx_disk_remove	GOING: unplugs it, completes all requests, closes the files; then
 *				it is GONE (disk_make.c)
 *	vhdx_block_free_disk	after the last close (disk_block.c)
 *
 * Making and removing are jobs (job.c), because they wait for the backing file. A process
 * that waits for a job can be killed. Killing a disk waits for nothing. Its order:
 *
 *	K1  The queues are dead: no request goes to the backing file any more.
 *	K2  The disk is dead: it cannot be opened, and all processes that wait for its state
 *	    return. A LIVE disk is GOING.
 *	K3  In a job: commands on the queues' lists fail, and so do commands that wait for a
 *	    thread of the disk, for metadata or for each other, because any of these may hang in
 *	    the backing file. The block layer is informed, and informs file systems. A file
 *	    system may hang in its own reaction.
 *
 * Requests that are in the backing file cannot be taken back: their memory is written to.
 * So a dead disk whose backing file hangs stays GOING, its files open and its number taken,
 * until the backing file answers. Until then the module cannot be unloaded, because jobs and
 * disks hold references to it.
 *
 * Between the last two steps a killed disk may still be open. Its openers get errors from
 * the block layer, which calls no function of the module but ->release() and
 * ->set_read_only(). These use the structure only, which exists until
 * vhdx_block_free_disk(); the image is closed by then.
 *
 * A disk cannot be attached from a file that lies on that disk, or on a device made of it:
 * its files are opened before it exists. The child of a live snapshot is refused if it lies
 * on the disk itself (stack.c). An image inside an image is fine: the outer disk is open as
 * long as the inner one is attached.
 */
#include "device/disk.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>

/**
 * vhdx_disk_alloc() - allocate a disk that is to be made
 * @files:	the image and its parents; the caller keeps its references
 * @nr:		number of @files
 * @flags:	VHDX_ATTACH_*
 * @end:	see struct vhdx_life
 *
 * Context: process, may sleep
 * Return: the disk, COMING, with one reference; or ERR_PTR(-ENOMEM)
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

/**
 * vhdx_disk_get() - take a reference
 * @disk:	to which the caller, or the registry's table, has a reference
 *
 * Context: any
 */
void vhdx_disk_get(struct vhdx_disk *disk)
{
	refcount_inc(&disk->refs);
}

/**
 * vhdx_disk_put() - drop a reference
 * @disk:	freed with the last reference; then it was never made, or is GONE
 *
 * Context: any
 */
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
