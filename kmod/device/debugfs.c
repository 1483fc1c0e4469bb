// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: debugfs
 *
 * /sys/kernel/debug/vhdx/ has what a developer wants to see of the module. Nothing there is a
 * stable interface, and no tool depends on it (Documentation/ABI/testing/debugfs-vhdx).
 *
 *	held_locks	by request/held_locks.c
 *	stats		counters of each disk, from the end of its attach to its removal
 *
 * A process that reads a file or lists a directory may hang, because its memory may be a page of
 * a disk that hangs. Neither attach nor removal of a disk depends on that (P9):
 *
 *	- The files exist as long as the module. To add or remove one takes the lock of its
 *	  directory, which a process that lists the directory holds while it writes to its memory.
 *	- A file looks at an image with @image_lock held for reading, as sysfs does: a live snapshot
 *	  and the removal of the disk wait for that look, which does no I/O and does not access the
 *	  memory of the reader. After the removal the disk has no image.
 */
#include "device/debugfs.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "device/disk.h"
#include "device/registry.h"
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

static void vhdx_debugfs_emit_disk(struct vhdx_disk *disk, void *context)
{
	struct seq_file *seq = context;

	down_read(&disk->image_lock);
	if (disk->image) {
		seq_printf(seq, "vhdx%d:\n", disk->index);
		vhdx_debugfs_emit_reads(seq, disk);
		vhdx_debugfs_emit_cache(seq, disk);
		vhdx_debugfs_emit_chain(seq, disk);
		vhdx_debugfs_emit_journal(seq, disk);
	}
	up_read(&disk->image_lock);
}

static int vhdx_debugfs_stats_show(struct seq_file *seq, void *unused)
{
	vhdx_registry_visit(vhdx_debugfs_emit_disk, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vhdx_debugfs_stats);

/**
 * vhdx_debugfs_init() - module init
 *
 * Failures are ignored: the module works without debugfs.
 *
 * Context: process
 * Return: the directory of the module, for debugfs_create_file(); an ERR_PTR, which that function
 * accepts, without debugfs
 */
struct dentry *vhdx_debugfs_init(void)
{
	vhdx_debugfs_root = debugfs_create_dir("vhdx", NULL);
	debugfs_create_file("stats", 0400, vhdx_debugfs_root, NULL, &vhdx_debugfs_stats_fops);
	return vhdx_debugfs_root;
}

/**
 * vhdx_debugfs_exit() - module exit; no disk is left, and no file is open
 *
 * Context: process
 */
void vhdx_debugfs_exit(void)
{
	debugfs_remove(vhdx_debugfs_root);
}
