// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the journal
 *
 * A change of metadata is visible in memory at once, and becomes durable later, together with
 * others. A change alone flushes nothing. A commit makes everything durable that was changed before
 * it, for all flush requests that wait for that; without any, there is one every few seconds.
 * These are the steps of a commit, and what their order is for:
 *
 *	J1  Before the commit, at each change (W6, B5): data before BAT entry. An entry is changed
 *	    in memory after the data it refers to were written (not flushed). So the data of
 *	    every entry that a commit copies are covered by the flush J4.
 *	J2  If the ring is filling, a checkpoint: write all logged pages to their places in the
 *	    file. What is written are their images as logged, never the pages as they are now, which
 *	    may have entries that are not in the log yet.
 *	J3  Copy the changed pages, all of them under one lock: what was changed together is copied
 *	    together. Flush requests that wait by now belong to this commit. The copied pages make
 *	    room: commands that wait to change other pages try again.
 *	J4  Flush the file. Data, zeros in recycled space and the checkpoint are durable. Only now
 *	    the ring's Tail may pass the entries that J2 made superfluous.
 *	J5  Write the copies to the log, as one log entry.
 *	J6  Flush the file. The changes survive any crash. Flush requests of this commit complete,
 *	    and space that the changes freed may be recycled from here on.
 *
 * So a flush request costs two flushes of the file if metadata changed and one if not, however many
 * blocks were changed, and however many flush requests wait. Pages that are logged stay pinned
 * until a checkpoint has written them: a page read from the file is never older than it was in
 * memory.
 *
 * A session begins before the first change of anything (vhdx_journal_begin()):
 *
 *	S1  Header: new FileWriteGuid, for programs that keep data about this file, and new
 *	    DataWriteGuid, without which children would not notice that their parent changed. Flush.
 *	    Nothing else in the file may change before this is durable.
 *	S2  The log is put into use: vhdx_log_ring_start().
 *
 * It ends after the last change (vhdx_journal_close()): commit, checkpoint, flush, headers without
 * LogGuid. Then vhdx_space_give_back() cuts off the unused end of the file. A session in which
 * nothing is written leaves the file as it was (P1). If opening the image replayed a log into the
 * file, the end is cut off in any case, because the crashed session had grown ahead.
 *
 * If any of these steps fails, the file is valid, and has at least what was reported as durable.
 * Nothing more is known about it. So the journal has failed, and nothing is written any more.
 */
#include "meta/journal.h"

#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "meta/journal_internal.h"
#include "meta/page.h"
#include "meta/space.h"

/* Longest time between a change and its commit, without any flush request */
#define VHDX_COMMIT_INTERVAL	(5 * HZ)

/* --- the thread -------------------------------------------------------------- */

/*
 * A command that waits for room needs a commit only if a page is dirty. A page that is merely
 * reserved becomes dirty, or is released, without one: see journal_change.c.
 */
static bool vhdx_journal_wants_commit(struct vhdx_journal *journal)
{
	return !list_empty_careful(&journal->flushers) ||
	       (!list_empty_careful(&journal->reservers) &&
		(READ_ONCE(journal->nr_dirty) || journal->error));
}

/* Begin the session for the commands that wait for that, unless it has begun or failed. */
static void vhdx_journal_serve_beginners(struct vhdx_journal *journal)
{
	int ret = journal->error;

	if (list_empty_careful(&journal->beginners))
		return;
	if (!ret && !journal->begun)
		ret = vhdx_journal_do_begin(journal);
	vhdx_journal_complete(journal, &journal->beginners, ret);
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
						    !list_empty_careful(&journal->beginners) ||
						    vhdx_journal_wants_commit(journal) ||
						    kthread_should_stop(), VHDX_COMMIT_INTERVAL);
		vhdx_journal_serve_beginners(journal);
		if (vhdx_journal_wants_commit(journal) ||
		    (!left && READ_ONCE(journal->nr_dirty) && !journal->error))
			vhdx_journal_commit(journal);
	}
	return 0;
}

/* --- creating and closing ----------------------------------------------------- */

static void vhdx_journal_free(struct vhdx_journal *journal)
{
	struct vhdx_page_log *log;
	unsigned int i;

	/* only a journal that has failed still has logged pages */
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
	/* a commit needs its images before it releases older ones */
	journal->max_images = vhdx_log_ring_max_logged(&journal->ring) + journal->max_dirty;
	return vhdx_journal_alloc_images(journal);
}

/**
 * vhdx_journal_create() - create the journal of a writable file, and start its thread
 * @options:	copied
 *
 * Writes nothing to the file. Allocates all memory that commits will ever need, because they must
 * work when the system has none.
 *
 * Context: process, may sleep
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

/*
 * End a session in which something was written: commit, checkpoint, flush; then both headers
 * without LogGuid. Return: as vhdx_journal_close()
 */
static int vhdx_journal_end(struct vhdx_journal *journal, bool *log_left)
{
	int ret = vhdx_journal_commit(journal);

	if (ret)
		return ret;
	ret = vhdx_journal_checkpoint(journal);
	if (!ret)
		ret = vhdx_backing_flush(journal->o.backing);
	if (!ret) {
		memset(&journal->session.header.log_guid, 0, sizeof(struct vhdx_guid));
		ret = vhdx_session_update_both(&journal->session);
	}
	*log_left = ret;
	if (ret)
		vhdx_journal_fail(journal,
				  "cannot end the session, all data is safe in the log", ret);
	return ret;
}

/**
 * vhdx_journal_close() - make everything durable, end the session, and free the journal
 * @journal:	not used by any command any more; its space is stopped
 * @log_left:	set to true if everything is durable, but some of it only in the log
 *
 * Context: process, may sleep long; in a NOIO scope
 * Return: 0 or a negative errno; then the next attach replays the log, if the headers name one
 */
int vhdx_journal_close(struct vhdx_journal *journal, bool *log_left)
{
	int ret = 0;

	*log_left = false;
	kthread_stop(journal->thread);
	/* if the session never began, every write has failed, and nothing is lost */
	if (journal->begun)
		ret = vhdx_journal_end(journal, log_left);
	vhdx_journal_free(journal);
	return ret;
}

/* --- for commands ------------------------------------------------------------- */

/**
 * vhdx_journal_begin() - begin the session (S1 and S2), if it has not begun
 * @journal:	the journal
 * @waiter:	completed with 0 when the file may be written to, perhaps before this returns; with
 *		a negative errno if the session cannot begin
 *
 * Context: any
 */
void vhdx_journal_begin(struct vhdx_journal *journal, struct vhdx_waiter *waiter)
{
	vhdx_journal_join(journal, &journal->beginners, waiter);
}

/**
 * vhdx_journal_flush() - make durable all data and metadata whose writing ended before this call
 * @journal:	the journal
 * @waiter:	completed with 0 when that is durable, or with a negative errno
 *
 * Context: any
 */
void vhdx_journal_flush(struct vhdx_journal *journal, struct vhdx_waiter *waiter)
{
	vhdx_journal_join(journal, &journal->flushers, waiter);
}

/**
 * vhdx_journal_abandon() - complete all waits with -EIO, after a detach by force
 * @journal:	the journal; vhdx_backing_is_dead() is true, and its thread may hang in the file
 *
 * Waits that begin later end at once. The thread goes on.
 *
 * Context: any that may take spinlocks, interrupts enabled
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
	vhdx_waiters_complete(&waiters, -EIO);
}

/**
 * vhdx_journal_data_guid() - read the current DataWriteGuid
 * @journal:	the journal
 * @guid:	filled
 *
 * Context: process, interrupts enabled
 */
void vhdx_journal_data_guid(struct vhdx_journal *journal, struct vhdx_guid *guid)
{
	spin_lock_irq(&journal->lock);
	*guid = journal->session.header.data_write_guid;
	spin_unlock_irq(&journal->lock);
}

/**
 * vhdx_journal_stats() - read the counters of a journal
 * @journal:	the journal
 * @stats:	filled
 *
 * Context: any; takes no lock, so the counters are of slightly different moments
 */
void vhdx_journal_stats(struct vhdx_journal *journal, struct vhdx_journal_stats *stats)
{
	stats->commits = READ_ONCE(journal->commits);
	stats->dirty = READ_ONCE(journal->nr_dirty);
	stats->logged = READ_ONCE(journal->nr_logged);
	stats->failed = READ_ONCE(journal->error);
}
