// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: debugfs
 *
 * /sys/kernel/debug/vhdx/ has what a developer wants to see of the module. Nothing there is a
 * stable interface, and no tool depends on it (Documentation/ABI/testing/debugfs-vhdx).
 *
 *	held_locks	by request/held_locks.c
 *	vhdxN/stats	counters of one disk, from the end of its attach to the end of its removal
 *
 * debugfs_remove() waits for the functions of a file that are running, reads included: the copy
 * to the reader's memory can take as long as a page fault there. The removal of a disk must not
 * depend on that (P9). So a file here is an "unsafe" one: debugfs guards only its open, which is
 * short, and an open file is safe because
 *
 *	- it has a reference to the disk, and to the module;
 *	- it looks at the image with @image_lock held for reading, as sysfs does: a live snapshot
 *	  and the removal of the disk wait for that look, which does no I/O;
 *	- after the removal the disk has no image, and a read fails with ENODEV.
 */
#include "device/debugfs.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>

#include "device/disk.h"
#include "image/chain_cache.h"
#include "image/image.h"
#include "meta/cache.h"
#include "meta/journal.h"

static struct dentry *vhdx_debugfs_root;

/* How reads were submitted */
static void vhdx_debugfs_emit_reads(struct seq_file *seq, const struct vhdx_disk *disk)
{
	struct vhdx_queue_stats stats;

	vhdx_queues_stats(&disk->queues, &stats);
	seq_printf(seq, "reads_nowait %llu\n", stats.nowait_reads);
	seq_printf(seq, "reads_queued %llu\n", stats.queued_reads);
}

/* The metadata caches of all files of the chain together */
static void vhdx_debugfs_emit_cache(struct seq_file *seq, const struct vhdx_disk *disk)
{
	struct vhdx_cache_stats stats, sum = { .pages = 0 };
	const struct vhdx_image *image;

	for (image = disk->image; image; image = image->parent) {
		vhdx_cache_stats(image->cache, &stats);
		sum.pages += stats.pages;
		sum.loads += stats.loads;
	}
	seq_printf(seq, "cache_pages %lu\n", sum.pages);
	seq_printf(seq, "cache_loads %lu\n", sum.loads);
}

/* Zeros for a chain that has no such cache */
static void vhdx_debugfs_emit_chain(struct seq_file *seq, const struct vhdx_disk *disk)
{
	struct vhdx_chain_cache_stats stats = { .answers = 0 };

	if (disk->image->chain_cache)
		vhdx_chain_cache_stats(disk->image->chain_cache, &stats);
	seq_printf(seq, "chain_answers %lu\n", stats.answers);
	seq_printf(seq, "chain_bytes %lu\n", stats.bytes);
}

/* Zeros for a disk that is read-only */
static void vhdx_debugfs_emit_journal(struct seq_file *seq, const struct vhdx_disk *disk)
{
	struct vhdx_journal_stats stats = { .commits = 0 };

	if (disk->image->writable)
		vhdx_journal_stats(disk->image->journal, &stats);
	seq_printf(seq, "journal_commits %llu\n", stats.commits);
	seq_printf(seq, "journal_dirty %u\n", stats.dirty);
	seq_printf(seq, "journal_logged %u\n", stats.logged);
}

static int vhdx_debugfs_show(struct seq_file *seq, void *unused)
{
	struct vhdx_disk *disk = seq->private;
	int ret = -ENODEV;

	down_read(&disk->image_lock);
	if (disk->image) {
		vhdx_debugfs_emit_reads(seq, disk);
		vhdx_debugfs_emit_cache(seq, disk);
		vhdx_debugfs_emit_chain(seq, disk);
		vhdx_debugfs_emit_journal(seq, disk);
		ret = 0;
	}
	up_read(&disk->image_lock);
	return ret;
}

/* vhdx_debugfs_remove() waits for this. */
static int vhdx_debugfs_open(struct inode *inode, struct file *file)
{
	struct vhdx_disk *disk = inode->i_private;
	unsigned int noio = memalloc_noio_save();
	int ret = single_open(file, vhdx_debugfs_show, disk);

	/* reclaim does not wait for I/O here: it could be that of the disk which is removed */
	memalloc_noio_restore(noio);
	if (!ret)
		vhdx_disk_get(disk);
	return ret;
}

static int vhdx_debugfs_release(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;
	struct vhdx_disk *disk = seq->private;
	int ret = single_release(inode, file);

	vhdx_disk_put(disk);
	return ret;
}

static const struct file_operations vhdx_debugfs_fops = {
	.owner		= THIS_MODULE,
	.open		= vhdx_debugfs_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= vhdx_debugfs_release,
};

/**
 * vhdx_debugfs_add() - show the statistics of a disk
 * @disk:	made, with its number
 *
 * Failures are ignored: a disk works without debugfs.
 *
 * Context: process
 */
void vhdx_debugfs_add(struct vhdx_disk *disk)
{
	/* memory is allocated under the lock of a directory that all disks share */
	unsigned int noio = memalloc_noio_save();
	char name[16];

	snprintf(name, sizeof(name), "vhdx%d", disk->index);
	disk->debugfs = debugfs_create_dir(name, vhdx_debugfs_root);
	debugfs_create_file_unsafe("stats", 0400, disk->debugfs, disk, &vhdx_debugfs_fops);
	memalloc_noio_restore(noio);
}

/**
 * vhdx_debugfs_remove() - undo vhdx_debugfs_add()
 * @disk:	its number is still taken
 *
 * Files that are open stay open; see above.
 *
 * Context: process
 */
void vhdx_debugfs_remove(struct vhdx_disk *disk)
{
	debugfs_remove(disk->debugfs);
}

/**
 * vhdx_debugfs_init() - module init
 *
 * Return: the directory of the module, for debugfs_create_file(); an ERR_PTR, which that function
 * accepts, without debugfs
 */
struct dentry *vhdx_debugfs_init(void)
{
	vhdx_debugfs_root = debugfs_create_dir("vhdx", NULL);
	return vhdx_debugfs_root;
}

/**
 * vhdx_debugfs_exit() - module exit; no disk is left
 */
void vhdx_debugfs_exit(void)
{
	debugfs_remove(vhdx_debugfs_root);
}
