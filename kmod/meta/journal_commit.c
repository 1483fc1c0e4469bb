// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Commits: see journal.c, J2 to J6.
 */
#include "backing/backing.h"
#include "meta/cache.h"
#include "meta/journal_internal.h"
#include "meta/space.h"

static void *vhdx_journal_take_image(struct vhdx_journal *journal)
{
	/* there are as many as the ring's arithmetic allows to be in use */
	if (WARN_ON_ONCE(!journal->nr_images))
		return NULL;
	return journal->images[--journal->nr_images];
}

static void vhdx_journal_put_image(struct vhdx_journal *journal, void *image)
{
	journal->images[journal->nr_images++] = image;
}

/* A page is at home: it may go from memory. */
static void vhdx_journal_forget(struct vhdx_journal *journal, struct vhdx_page_log *log)
{
	list_del_init(&log->logged);
	journal->nr_logged--;
	vhdx_journal_put_image(journal, log->image);
	log->image = NULL;
	vhdx_cache_unpin(journal->o.cache, vhdx_page_of_log(log));
}

/**
 * vhdx_journal_write_home() - J2: bring all logged pages to their places
 * @journal:	begun
 *
 * Context: the journal's thread
 * Return: 0 or a negative errno
 */
int vhdx_journal_write_home(struct vhdx_journal *journal)
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

/* Copy one page; its pin as a dirty page is the batch's from here on. */
static void vhdx_journal_copy(struct vhdx_journal *journal, struct vhdx_page_log *log,
			      unsigned int i)
{
	struct vhdx_page *page = vhdx_page_of_log(log);

	lockdep_assert_held(&journal->lock);
	list_del_init(&log->dirty);
	journal->nr_dirty--;
	vhdx_journal_uncharge(journal, log);
	journal->batch_page[i] = page;
	journal->batch[i].offset = vhdx_page_offset(page);
	memcpy(journal->batch[i].image, vhdx_page_words(page), VHDX_PAGE_SIZE);
}

/*
 * J3: images are there for all pages there may be. Flushes by now are in this commit; commands
 * that waited for room are told.
 *
 * Return: how many pages there are to be logged
 */
static unsigned int vhdx_journal_copy_dirty(struct vhdx_journal *journal)
{
	struct vhdx_page_log *log, *next;
	LIST_HEAD(reservers);
	unsigned int nr = 0;

	spin_lock_irq(&journal->lock);
	list_splice_init(&journal->flushers, &journal->committing);
	list_for_each_entry_safe(log, next, &journal->dirty, dirty)
		vhdx_journal_copy(journal, log, nr++);
	if (journal->nr_charged < journal->max_dirty)
		list_splice_init(&journal->reservers, &reservers);
	vhdx_space_freeing(journal->o.space);
	spin_unlock_irq(&journal->lock);
	vhdx_waiters_tell(&reservers, 0);
	return nr;
}

static void vhdx_journal_prepare_batch(struct vhdx_journal *journal)
{
	unsigned int i;

	for (i = 0; i < journal->max_dirty; i++)
		journal->batch[i].image = vhdx_journal_take_image(journal);
}

/* After J6: what the batch holds waits to be written home; older images are obsolete. */
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

static int vhdx_journal_do_commit(struct vhdx_journal *journal)
{
	bool home = vhdx_log_ring_filling(&journal->ring, journal->max_dirty);
	unsigned int nr;
	int ret = 0;
	u64 size;

	if (home)
		ret = vhdx_journal_write_home(journal);
	if (ret)
		return vhdx_journal_fail(journal, "cannot write metadata", ret);
	vhdx_journal_prepare_batch(journal);
	size = vhdx_backing_size(journal->o.backing);
	nr = vhdx_journal_copy_dirty(journal);
	vhdx_journal_stamp_sizes(journal, size);
	ret = vhdx_backing_flush(journal->o.backing);
	if (ret)
		return vhdx_journal_fail(journal, "cannot flush the file", ret);
	if (home)
		vhdx_log_ring_all_home(&journal->ring);
	if (nr)
		ret = vhdx_journal_log_batch(journal, nr);
	if (!ret)
		vhdx_journal_keep_batch(journal, nr);
	return ret;
}

/**
 * vhdx_journal_commit() - all steps, for everybody who waits
 * @journal:	the journal; those who come meanwhile get the next commit
 *
 * Context: the journal's thread
 * Return: 0 or a negative errno, which those who waited were told as well
 */
int vhdx_journal_commit(struct vhdx_journal *journal)
{
	int ret = journal->error;

	if (!ret)
		ret = vhdx_journal_do_commit(journal);
	if (ret) {
		vhdx_journal_tell(journal, &journal->flushers, ret);
		vhdx_journal_tell(journal, &journal->reservers, ret);
	} else {
		vhdx_space_freed(journal->o.space);
	}
	vhdx_journal_tell(journal, &journal->committing, ret);
	return ret;
}
