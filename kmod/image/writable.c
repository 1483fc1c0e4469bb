// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Making an image writable, and ending that.
 */
#include "image/writable.h"

#include <linux/completion.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "image/bat_scan.h"
#include "image/image.h"
#include "image/replay_memory.h"
#include "meta/cache.h"
#include "meta/journal.h"
#include "meta/space.h"

/**
 * vhdx_image_check_replay() - check that the log touches no payload block
 * @image:	open, with a log replayed in memory
 * @fault:	filled if it does
 *
 * Context: process, may sleep long
 * Return: 0 or a negative errno
 */
int vhdx_image_check_replay(struct vhdx_image *image, struct vhdx_fault *fault)
{
	struct vhdx_replay_reader replayed;
	struct vhdx_bat_scan scan = {
		.reader		= &replayed.reader,
		.rules		= &image->rules,
		.overlay	= &image->replay->overlay,
	};
	int ret = vhdx_replay_reader_open(&replayed, image->replay);

	if (!ret)
		ret = vhdx_bat_scan(&scan, fault);
	vhdx_replay_reader_close(&replayed);
	return ret;
}

/* The space map must cover all regions, or the file would be cut off before them. */
static int vhdx_image_check_layout(const struct vhdx_image *image, struct vhdx_fault *fault)
{
	const struct vhdx_layout *layout = &image->super->layout;
	const struct vhdx_range *range;
	unsigned int i;

	for (i = 0; i < layout->count; i++) {
		range = &layout->range[i];
		if (range->offset >= image->backing.size ||
		    vhdx_space_covers(image->space, range->offset + range->length))
			continue;
		vhdx_fault_set(fault, VHDX_REASON_attach_far_out, range->offset, range->length);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int vhdx_image_scan(struct vhdx_image *image, struct vhdx_fault *fault)
{
	struct vhdx_reader reader = {
		.read		= vhdx_backing_reader_read,
		.context	= &image->backing,
		.size		= image->backing.size,
	};
	struct vhdx_bat_scan scan = {
		.reader		= &reader,
		.file		= image->backing.file,
		.rules		= &image->rules,
		.space		= image->space,
	};

	int ret = vhdx_image_check_layout(image, fault);

	if (ret)
		return ret;
	ret = vhdx_bat_scan(&scan, fault);
	return ret && fault->reason == VHDX_REASON_attach_far_out ? -EOPNOTSUPP : ret;
}

static int vhdx_image_create_journal(struct vhdx_image *image,
				     const struct vhdx_image_options *options)
{
	struct vhdx_journal_options journal = {
		.backing	= &image->backing,
		.cache		= image->cache,
		.space		= image->space,
		.header		= &image->super->header,
		.slot		= image->super->header_slot,
		.fixed		= image->super->geometry.leave_allocated,
		.index		= options->index,
		.on_failure	= options->on_failure,
		.context	= options->context,
	};

	image->journal = vhdx_journal_create(&journal);
	return PTR_ERR_OR_ZERO(image->journal);
}

/* Context: as vhdx_journal_flush(). Not called before there is a journal: nothing was freed. */
static void vhdx_image_commit_space(void *context, struct vhdx_waiter *waiter)
{
	const struct vhdx_image *image = context;

	vhdx_journal_flush(image->journal, waiter);
}

/**
 * vhdx_image_prepare_writing() - make an image writable
 * @image:	open for reading
 * @options:	of the image
 * @fault:	filled on failure if the failure has a reason
 *
 * Context: process, no locks that a file system might take.
 * Return: 0, and @image->writable is set; or a negative errno, and the image is as before
 */
int vhdx_image_prepare_writing(struct vhdx_image *image,
			       const struct vhdx_image_options *options,
			       struct vhdx_fault *fault)
{
	const struct vhdx_space_owner owner = {
		.users		= &image->users,
		.commit		= vhdx_image_commit_space,
		.context	= image,
		.index		= options->index,
	};
	struct vhdx_space *space;
	int ret;

	if (vhdx_header_check_writable(&image->super->header, fault))
		return -EOPNOTSUPP;
	image->backing.holes = !options->no_holes && vhdx_backing_may_fallocate(&image->backing);
	/* a block device has no holes */
	image->backing.keep_holes = options->no_holes &&
				    S_ISREG(vhdx_backing_inode(&image->backing)->i_mode);
	vhdx_block_locks_init(&image->locks, image->backing.dead);
	space = vhdx_space_create(&image->backing, &image->super->layout,
				  &image->super->geometry);
	if (IS_ERR(space))
		return PTR_ERR(space);
	image->space = space;
	ret = vhdx_image_scan(image, fault);
	/* the file will grow, and later entries may be beyond its present size */
	image->rules.file_size = S64_MAX;
	if (!ret)
		ret = init_srcu_struct(&image->users);
	if (ret)
		goto err_destroy_space;
	ret = vhdx_space_start(space, &owner);
	if (ret)
		goto err_cleanup_users;
	ret = vhdx_image_create_journal(image, options);
	if (ret)
		goto err_stop_space;
	image->writable = true;
	return 0;

err_stop_space:
	vhdx_space_stop(space);
err_cleanup_users:
	cleanup_srcu_struct(&image->users);
err_destroy_space:
	vhdx_space_destroy(space);
	image->space = NULL;
	return ret;
}

/**
 * vhdx_image_stop_writing() - make everything durable, and end the session
 * @image:	without requests under way; vhdx_image_give_back() is to follow
 *
 * The time that this takes does not depend on what was discarded: in a live snapshot the requests
 * of the disk wait for it.
 *
 * Context: process, no locks that a file system might take.
 * Return: 0, or a negative errno if the log must be replayed; see @image->log_left
 */
int vhdx_image_stop_writing(struct vhdx_image *image)
{
	unsigned int noio = memalloc_noio_save();
	bool begun = vhdx_journal_begun(image->journal);
	int ret;

	vhdx_space_stop(image->space);
	ret = vhdx_journal_close(image->journal, &image->log_left);
	memalloc_noio_restore(noio);
	image->writable = false;
	image->end_error = ret;
	image->unused_known = !ret && (begun || image->replayed);
	/* entries are checked against the file as it is from now on */
	image->rules.file_size = vhdx_backing_size(&image->backing);
	return ret;
}

/**
 * vhdx_image_give_back() - give back unused space, and undo vhdx_image_prepare_writing()
 * @image:	not written to any more; it may be read
 * @backing:	its file, open for writing
 *
 * Does nothing if the image was not writable, or if that is done already.
 *
 * Context: process, may sleep long
 */
void vhdx_image_give_back(struct vhdx_image *image, struct vhdx_backing *backing)
{
	unsigned int noio;

	if (!image->space)
		return;
	noio = memalloc_noio_save();
	/* the last commit may have scheduled SRCU callbacks */
	srcu_barrier(&image->users);
	if (image->unused_known)
		vhdx_space_give_back(image->space, backing,
				     !vhdx_image_geometry(image)->leave_allocated);
	memalloc_noio_restore(noio);
	vhdx_space_destroy(image->space);
	image->space = NULL;
	cleanup_srcu_struct(&image->users);
}

struct vhdx_commit {
	struct vhdx_waiter waiter;
	struct completion done;
	int error;
};

static void vhdx_commit_done(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_commit *commit = container_of(waiter, struct vhdx_commit, waiter);

	commit->error = error;
	complete(&commit->done);
}

/**
 * vhdx_image_commit() - make all writes durable that completed before
 * @image:	writable, in use
 *
 * Context: process, may sleep long
 * Return: 0 or a negative errno
 */
int vhdx_image_commit(struct vhdx_image *image)
{
	struct vhdx_commit commit = { .waiter = { .done = vhdx_commit_done } };

	init_completion(&commit.done);
	vhdx_journal_flush(image->journal, &commit.waiter);
	wait_for_completion(&commit.done);
	return commit.error;
}

/**
 * vhdx_image_abandon() - complete all waits of commands with -EIO, because the disk was killed
 * @image:	open; if it is writable, vhdx_image_stop_writing() is not called meanwhile
 *
 * These are waits for a thread, for metadata, and for block locks, in no order. Commands that are
 * in the file itself go on.
 *
 * Context: process
 */
void vhdx_image_abandon(struct vhdx_image *image)
{
	vhdx_cache_abandon(image->cache);
	if (!image->writable)
		return;
	vhdx_journal_abandon(image->journal);
	vhdx_space_abandon(image->space);
	vhdx_block_locks_abandon(&image->locks);
}
