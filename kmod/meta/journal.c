// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the journal
 *
 * Metadata changes in memory at once and becomes durable in groups. Nothing is flushed for
 * a change; when somebody asks for durability, or every few seconds, one commit makes
 * everything durable that was changed so far, for all who asked. These are its steps, and
 * what would be lost without their order:
 *
 *	J1  Data before entry, in memory. A BAT entry is changed after the data it refers to
 *	    was written (not flushed). So whatever entry a commit copies, its data is
 *	    covered by the flush J4.
 *	J2  If the ring is filling, write home all pages that are in the log: their images
 *	    as logged, never the pages as they are, which may hold entries that are not in
 *	    the log yet.
 *	J3  Copy the changed pages, all of them under one lock: what was changed together is
 *	    copied together. Those who asked for durability by now are the ones to be told.
 *	    The copied pages make room: commands that wait to change others are told.
 *	J4  Flush the file. Data, zeros in reused space and what J2 wrote are durable. Only
 *	    now the ring's Tail may pass what was written home.
 *	J5  Write the copies as one entry to the log.
 *	J6  Flush the file. The changes survive any crash; tell those who asked. What the
 *	    changes freed may be reused from here on.
 *
 * So a flush costs two flushes of the file if metadata changed and one if not, whatever
 * the number of blocks, and however many ask at once. Entries leave the log by J2, and
 * their pages stay pinned until then: a page read from the file is never older than what
 * is in memory was.
 *
 * The session: before the first change of anything (vhdx_journal_begin()):
 *
 *	S1  Header: new FileWriteGuid, for others who keep something about this file, and
 *	    new DataWriteGuid, without which children would not notice that their parent
 *	    changed. Flush. Nothing else in the file may change before this is durable.
 *	S2  The log is put into use: vhdx_log_ring_start().
 *
 * and after the last one (vhdx_journal_close()): commit, write everything home, flush,
 * headers without LogGuid; then (vhdx_space_give_back()) the unused end of the file is cut
 * off. A session in which nothing is written leaves no trace (P1). If opening replayed a log
 * into the file, the end is cut off in any case: the crashed session has allocated ahead.
 *
 * If any of this fails, what is on the disk is valid and no newer than what we said was
 * durable. We do not know more: the journal has failed, and nothing is written any more.
 */
#include "meta/journal.h"

#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "meta/cache.h"
#include "meta/journal_internal.h"
#include "meta/space.h"

/* How long a change may stay in memory only, if nobody asks. */
#define VHDX_COMMIT_INTERVAL	(5 * HZ)

static void vhdx_journal_serve_beginners(struct vhdx_journal *journal)
{
	int ret = journal->error;

	if (list_empty_careful(&journal->beginners))
		return;
	if (!ret && !journal->begun)
		ret = vhdx_journal_do_begin(journal);
	vhdx_journal_tell(journal, &journal->beginners, ret);
}

/* --- the thread -------------------------------------------------------------- */

/*
 * For reservers, a commit helps only if something is dirty; what is merely reserved becomes dirty
 * or is given up without it: see journal_change.c.
 */
static bool vhdx_journal_wants_commit(struct vhdx_journal *journal)
{
	return !list_empty_careful(&journal->flushers) ||
	       (!list_empty_careful(&journal->reservers) &&
		(READ_ONCE(journal->nr_dirty) || journal->error));
}

static bool vhdx_journal_has_work(struct vhdx_journal *journal)
{
	return !list_empty_careful(&journal->beginners) || vhdx_journal_wants_commit(journal) ||
	       kthread_should_stop();
}

static int vhdx_journal_thread(void *data)
{
	struct vhdx_journal *journal = data;
	long left;

	/* see request/queue.c */
	current->flags |= PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO;
	set_freezable();
	while (!kthread_should_stop()) {
		left = wait_event_freezable_timeout(journal->wait,
						    vhdx_journal_has_work(journal),
						    VHDX_COMMIT_INTERVAL);
		vhdx_journal_serve_beginners(journal);
		if (vhdx_journal_wants_commit(journal) ||
		    (!left && READ_ONCE(journal->nr_dirty) && !journal->error))
			vhdx_journal_commit(journal);
	}
	return 0;
}

/* --- making and closing ------------------------------------------------------ */

static void vhdx_journal_free(struct vhdx_journal *journal)
{
	struct vhdx_page_log *log;
	unsigned int i;

	/* left over if it failed */
	list_for_each_entry(log, &journal->logged, logged)
		kfree(log->image);
	for (i = 0; journal->batch && i < journal->max_dirty; i++)
		kfree(journal->batch[i].image);
	for (i = 0; journal->images && i < journal->nr_images; i++)
		kfree(journal->images[i]);
	kfree(journal->images);
	kfree(journal->batch);
	kfree(journal->batch_page);
	xa_destroy(&journal->placed);
	vhdx_log_ring_exit(&journal->ring);
	vhdx_session_exit(&journal->session);
	kfree(journal);
}

static int vhdx_journal_alloc_images(struct vhdx_journal *journal)
{
	unsigned int max = journal->max_images;

	journal->batch = kcalloc(journal->max_dirty, sizeof(*journal->batch), GFP_KERNEL);
	journal->batch_page = kcalloc(journal->max_dirty, sizeof(*journal->batch_page),
				      GFP_KERNEL);
	journal->images = kcalloc(max, sizeof(*journal->images), GFP_KERNEL);
	if (!journal->batch || !journal->batch_page || !journal->images)
		return -ENOMEM;
	while (journal->nr_images < max) {
		void *image = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);

		if (!image)
			return -ENOMEM;
		journal->images[journal->nr_images++] = image;
	}
	return 0;
}

static int vhdx_journal_alloc(struct vhdx_journal *journal)
{
	const struct vhdx_header *header = journal->o.header;
	int ret;

	ret = vhdx_session_init(&journal->session, journal->o.backing, header,
				journal->o.slot);
	if (!ret)
		ret = vhdx_log_ring_init(&journal->ring, journal->o.backing, header->log_offset,
					 header->log_length);
	if (ret)
		return ret;
	journal->max_dirty = vhdx_log_ring_max_pages(&journal->ring);
	/* a batch is prepared before it replaces older images */
	journal->max_images = vhdx_log_ring_max_logged(&journal->ring) + journal->max_dirty;
	return vhdx_journal_alloc_images(journal);
}

/**
 * vhdx_journal_create() - a journal for a file that may be written to
 * @options:	copied
 *
 * Writes nothing. All the memory that it will ever need is allocated here: it has to work
 * when there is none.
 *
 * Return: the journal, or an ERR_PTR
 */
struct vhdx_journal *vhdx_journal_create(const struct vhdx_journal_options *options)
{
	struct vhdx_journal *journal = kzalloc(sizeof(*journal), GFP_KERNEL);
	int ret;

	if (!journal)
		return ERR_PTR(-ENOMEM);
	journal->o = *options;
	spin_lock_init(&journal->lock);
	INIT_LIST_HEAD(&journal->logged);
	INIT_LIST_HEAD(&journal->dirty);
	INIT_LIST_HEAD(&journal->beginners);
	INIT_LIST_HEAD(&journal->flushers);
	INIT_LIST_HEAD(&journal->committing);
	INIT_LIST_HEAD(&journal->reservers);
	INIT_LIST_HEAD(&journal->placers);
	xa_init(&journal->placed);
	init_waitqueue_head(&journal->wait);
	ret = vhdx_journal_alloc(journal);
	if (!ret) {
		journal->thread = kthread_run(vhdx_journal_thread, journal, "vhdx%d/journal",
					      options->index);
		ret = PTR_ERR_OR_ZERO(journal->thread);
	}
	if (ret) {
		vhdx_journal_free(journal);
		return ERR_PTR(ret);
	}
	return journal;
}

/* Everything is in the log. Write home, flush; then the headers say that there is no log. */
static int vhdx_journal_retire(struct vhdx_journal *journal)
{
	int ret = vhdx_journal_write_home(journal);

	if (!ret)
		ret = vhdx_backing_flush(journal->o.backing);
	if (ret)
		return ret;
	memset(&journal->session.header.log_guid, 0, sizeof(struct vhdx_guid));
	return vhdx_session_update_both(&journal->session);
}

/* The end of a session in which something was written. Return: as vhdx_journal_close() */
static int vhdx_journal_end(struct vhdx_journal *journal, bool *log_left)
{
	int ret = vhdx_journal_commit(journal);

	if (ret)
		return ret;
	ret = vhdx_journal_retire(journal);
	*log_left = ret;
	if (ret)
		vhdx_journal_fail(journal, "cannot end the session, all data is safe in the log",
				  ret);
	return ret;
}

/**
 * vhdx_journal_close() - make everything durable and end the session
 * @journal:	nobody else uses it any more, its space is stopped; gone afterwards
 * @log_left:	set on failure: everything is durable, but in the log
 *
 * Context: process, may sleep long; in a NOIO scope
 * Return: 0, or a negative errno: then the log is left to be replayed by the next one
 */
int vhdx_journal_close(struct vhdx_journal *journal, bool *log_left)
{
	int ret = 0;

	*log_left = false;
	kthread_stop(journal->thread);
	/* if it could not even begin, every write failed, and nothing is lost */
	if (journal->begun)
		ret = vhdx_journal_end(journal, log_left);
	vhdx_journal_free(journal);
	return ret;
}

/* --- for those who change metadata -------------------------------------------- */

/**
 * vhdx_journal_begin() - get ready for the first change of a session
 * @journal:	the journal
 * @waiter:	told when the file may be written to
 *
 * Context: any.
 */
void vhdx_journal_begin(struct vhdx_journal *journal, struct vhdx_waiter *waiter)
{
	vhdx_journal_join(journal, &journal->beginners, waiter);
}

/**
 * vhdx_journal_flush() - make durable whatever was completed before this call
 * @journal:	the journal
 * @waiter:	told when it is
 *
 * Context: any.
 */
void vhdx_journal_flush(struct vhdx_journal *journal, struct vhdx_waiter *waiter)
{
	vhdx_journal_join(journal, &journal->flushers, waiter);
}

/**
 * vhdx_journal_abandon() - the disk was killed: all that wait for the journal are told
 * @journal:	the journal; its thread may hang in the file
 *
 * What comes later is told at once. The thread itself goes on.
 *
 * Context: any that may take spinlocks, interrupts on
 */
void vhdx_journal_abandon(struct vhdx_journal *journal)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&journal->lock);
	list_splice_init(&journal->beginners, &waiters);
	list_splice_init(&journal->flushers, &waiters);
	list_splice_init(&journal->committing, &waiters);
	list_splice_init(&journal->reservers, &waiters);
	list_splice_init(&journal->placers, &waiters);
	spin_unlock_irq(&journal->lock);
	vhdx_waiters_tell(&waiters, -EIO);
}

/**
 * vhdx_journal_data_guid() - the DataWriteGuid as it is now
 * @journal:	the journal
 * @guid:	filled
 *
 * Context: process
 */
void vhdx_journal_data_guid(struct vhdx_journal *journal, struct vhdx_guid *guid)
{
	spin_lock_irq(&journal->lock);
	*guid = journal->session.header.data_write_guid;
	spin_unlock_irq(&journal->lock);
}

/**
 * vhdx_journal_stats() - figures for statistics
 * @journal:	the journal
 * @stats:	filled, without locks: the figures are of slightly different times
 */
void vhdx_journal_stats(struct vhdx_journal *journal, struct vhdx_journal_stats *stats)
{
	stats->commits = READ_ONCE(journal->commits);
	stats->dirty = READ_ONCE(journal->nr_dirty);
	stats->logged = READ_ONCE(journal->nr_logged);
	stats->failed = READ_ONCE(journal->error);
}
