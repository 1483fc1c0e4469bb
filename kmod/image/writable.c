// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * What an image needs to be written to.
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
 * vhdx_image_check_replay() - does the log leave payload blocks alone?
 * @image:	open, with a log
 * @fault:	filled if not
 *
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

/* What is in the file must be in the map, or the file would be cut off before it. */
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

/* Context: as vhdx_journal_flush(); there is a journal before anything can be freed */
static void vhdx_image_commit_space(void *context, struct vhdx_waiter *waiter)
{
	const struct vhdx_image *image = context;

	vhdx_journal_flush(image->journal, waiter);
}

/**
 * vhdx_image_prepare_writing() - add what writing needs to what reading needs
 * @image:	open but for that, see struct vhdx_image
 * @options:	how
 * @fault:	filled on failure if the failure has a reason
 *
 * Context: process, no locks that a file system might want.
 * Return: 0 or a negative errno, and nothing was added
 */
int vhdx_image_prepare_writing(struct vhdx_image *image, const struct vhdx_image_options *options,
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
	/* a device has none */
	image->backing.keep_holes = options->no_holes &&
				    S_ISREG(vhdx_backing_inode(&image->backing)->i_mode);
	vhdx_block_locks_init(&image->locks, image->backing.dead);
	space = vhdx_space_create(&image->backing, &image->super->layout,
				  &image->super->geometry);
	if (IS_ERR(space))
		return PTR_ERR(space);
	image->space = space;
	ret = vhdx_image_scan(image, fault);
	/* the file will grow, and entries with it: the journal writes no others */
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
 * @image:	not in use any more; vhdx_image_give_back() is to follow
 *
 * How long that takes depends on the file, not on what was discarded: while a disk goes on in a
 * child its users wait for it.
 *
 * Context: process, no locks that a file system might want.
 * Return: 0, or a negative errno if the log is left to be replayed, see @image->log_left
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
	/* the entries are as long as the file is now */
	image->rules.file_size = vhdx_backing_size(&image->backing);
	return ret;
}

/**
 * vhdx_image_give_back() - give back unused space, and undo vhdx_image_prepare_writing()
 * @image:	not written to any more; it may be read
 * @backing:	its file, as it can be written to
 *
 * Does nothing if it has been done.
 *
 * Context: process, may sleep long
 */
void vhdx_image_give_back(struct vhdx_image *image, struct vhdx_backing *backing)
{
	unsigned int noio;

	if (!image->space)
		return;
	noio = memalloc_noio_save();
	/* the last commit may have made something durable */
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
 * vhdx_image_commit() - make durable whatever was completed before this call
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
 * vhdx_image_abandon() - the disk was killed: its commands wait for nothing any more
 * @image:	open; kept from vhdx_image_stop_writing() meanwhile if it is writable
 *
 * Commands that wait for a thread, for metadata or for each other are told -EIO, by what they wait
 * for and in no order. Commands that are in the file itself are not ended by that.
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
