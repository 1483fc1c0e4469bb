// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Commits: steps J2 to J6 of journal.c.
 */
#include "backing/backing.h"
#include "meta/cache.h"
#include "meta/journal_internal.h"
#include "meta/page.h"
#include "meta/space.h"

static void vhdx_journal_put_image(struct vhdx_journal *journal, void *image)
{
	journal->images[journal->nr_images++] = image;
}

/* The log does not need the page any more: it is at its place, or logged again. */
static void vhdx_journal_forget(struct vhdx_journal *journal, struct vhdx_page_log *log)
{
	list_del_init(&log->logged);
	journal->nr_logged--;
	vhdx_journal_put_image(journal, log->image);
	log->image = NULL;
	vhdx_cache_unpin(journal->o.cache, vhdx_page_of_log(log));
}

/**
 * vhdx_journal_checkpoint() - J2: write all logged pages to their places in the file
 * @journal:	begun
 *
 * Durable after the next flush of the file.
 *
 * Context: the journal's thread, or vhdx_journal_close()
 * Return: 0 or a negative errno
 */
int vhdx_journal_checkpoint(struct vhdx_journal *journal)
{
	struct vhdx_page_log *log, *next;
	int ret = 0;

	list_for_each_entry_safe(log, next, &journal->logged, logged) {
		ret = vhdx_backing_write_page(journal->o.backing,
					      vhdx_page_offset(vhdx_page_of_log(log)),
					      log->image);
		if (ret)
			break;
		vhdx_journal_forget(journal, log);
	}
	return ret;
}

/*
 * J3: copy all dirty pages, whose pins become those of the batch. Flush requests that wait by now
 * belong to this commit. Commands that wait for room try again. Return: number of pages to be
 * logged
 */
static unsigned int vhdx_journal_copy_dirty(struct vhdx_journal *journal)
{
	struct vhdx_page_log *log, *next;
	LIST_HEAD(reservers);
	unsigned int nr = 0;

	spin_lock_irq(&journal->lock);
	list_splice_init(&journal->flushers, &journal->committing);
	list_for_each_entry_safe(log, next, &journal->dirty, dirty) {
		struct vhdx_page *page = vhdx_page_of_log(log);

		list_del_init(&log->dirty);
		journal->nr_dirty--;
		vhdx_journal_uncharge(journal, log);
		journal->batch_page[nr] = page;
		journal->batch[nr].offset = vhdx_page_offset(page);
		memcpy(journal->batch[nr].image, vhdx_page_words(page), VHDX_PAGE_SIZE);
		nr++;
	}
	if (journal->nr_charged < journal->max_dirty)
		list_splice_init(&journal->reservers, &reservers);
	vhdx_space_freeing(journal->o.space);
	spin_unlock_irq(&journal->lock);
	vhdx_waiters_complete(&reservers, 0);
	return nr;
}

/* Give the batch an image for each page that may be dirty. */
static void vhdx_journal_prepare_batch(struct vhdx_journal *journal)
{
	unsigned int i;

	for (i = 0; i < journal->max_dirty; i++) {
		/* there are as many as may be in use: see vhdx_log_ring_max_logged() */
		if (WARN_ON_ONCE(!journal->nr_images))
			journal->batch[i].image = NULL;
		else
			journal->batch[i].image = journal->images[--journal->nr_images];
	}
}

/* After J6: the pages of the batch wait for a checkpoint; their older images are obsolete. */
static void vhdx_journal_keep_batch(struct vhdx_journal *journal, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct vhdx_page_log *log = vhdx_page_log(journal->batch_page[i]);

		if (log->image)
			vhdx_journal_forget(journal, log);
		log->image = journal->batch[i].image;
		journal->batch[i].image = NULL;
		list_add_tail(&log->logged, &journal->logged);
		journal->nr_logged++;
	}
	for (; i < journal->max_dirty; i++) {
		vhdx_journal_put_image(journal, journal->batch[i].image);
		journal->batch[i].image = NULL;
	}
}

/* J5 and J6 */
static int vhdx_journal_log_batch(struct vhdx_journal *journal, unsigned int nr)
{
	int ret = 0;

	if (!journal->ring.started)
		ret = vhdx_journal_start_log(journal);
	if (!ret)
		ret = vhdx_log_ring_append(&journal->ring, journal->batch, nr);
	if (!ret)
		ret = vhdx_backing_flush(journal->o.backing);
	if (ret)
		return vhdx_journal_fail(journal, "cannot write the log", ret);
	vhdx_log_ring_durable(&journal->ring);
	journal->commits++;
	return 0;
}

/* J2 to J6. Return: 0 or a negative errno; then the journal has failed */
static int vhdx_journal_do_commit(struct vhdx_journal *journal)
{
	bool checkpoint = vhdx_log_ring_filling(&journal->ring, journal->max_dirty);
	unsigned int nr;
	int ret = 0;
	u64 size;

	if (checkpoint)
		ret = vhdx_journal_checkpoint(journal);
	if (ret)
		return vhdx_journal_fail(journal, "cannot write metadata", ret);
	vhdx_journal_prepare_batch(journal);
	size = vhdx_backing_size(journal->o.backing);
	nr = vhdx_journal_copy_dirty(journal);
	vhdx_journal_stamp_sizes(journal, size);
	ret = vhdx_backing_flush(journal->o.backing);
	if (ret)
		return vhdx_journal_fail(journal, "cannot flush the file", ret);
	if (checkpoint)
		vhdx_log_ring_checkpointed(&journal->ring);
	if (nr)
		ret = vhdx_journal_log_batch(journal, nr);
	if (!ret)
		vhdx_journal_keep_batch(journal, nr);
	return ret;
}

/**
 * vhdx_journal_commit() - make a commit, and complete all waits for it
 * @journal:	begun, or failed. Flush requests that come after J3 get the next commit
 *
 * Context: the journal's thread, or vhdx_journal_close()
 * Return: 0, or the negative errno that the waits were completed with
 */
int vhdx_journal_commit(struct vhdx_journal *journal)
{
	int ret = journal->error;

	if (!ret)
		ret = vhdx_journal_do_commit(journal);
	if (ret) {
		vhdx_journal_complete(journal, &journal->flushers, ret);
		vhdx_journal_complete(journal, &journal->reservers, ret);
	} else {
		vhdx_space_freed(journal->o.space);
	}
	vhdx_journal_complete(journal, &journal->committing, ret);
	return ret;
}
