// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * What all files of the journal use: its lists of waits, and its error.
 */
#include "backing/backing.h"
#include "meta/journal_internal.h"

/**
 * vhdx_journal_kick() - wake the journal's thread
 * @journal:	the journal
 *
 * Context: any
 */
void vhdx_journal_kick(struct vhdx_journal *journal)
{
	wake_up(&journal->wait);
}

/**
 * vhdx_journal_may_wait() - may a wait be put on a list of the journal?
 * @journal:	the journal
 *
 * Context: @journal->lock held
 * Return: false after a detach by force: vhdx_journal_abandon() may have emptied the lists already
 */
bool vhdx_journal_may_wait(const struct vhdx_journal *journal)
{
	lockdep_assert_held(&journal->lock);
	return !vhdx_backing_is_dead(journal->o.backing);
}

/**
 * vhdx_journal_join() - put a wait on a list of the journal, and wake its thread
 * @journal:	the journal
 * @list:	one of the lists that @journal->lock protects
 * @waiter:	completed by the thread; at once, with -EIO, after a detach by force
 *
 * Context: any
 */
void vhdx_journal_join(struct vhdx_journal *journal, struct list_head *list,
		       struct vhdx_waiter *waiter)
{
	unsigned long flags;
	bool may;

	spin_lock_irqsave(&journal->lock, flags);
	may = vhdx_journal_may_wait(journal);
	if (may)
		list_add_tail(&waiter->node, list);
	/* under the lock: once @waiter is completed, the journal may be freed */
	if (may)
		vhdx_journal_kick(journal);
	spin_unlock_irqrestore(&journal->lock, flags);
	if (!may)
		waiter->done(waiter, -EIO);
}

/**
 * vhdx_journal_complete() - complete all waits of a list
 * @journal:	the journal
 * @list:	one of the lists that @journal->lock protects
 * @error:	0 or a negative errno
 *
 * Context: the journal's thread, or vhdx_journal_close()
 */
void vhdx_journal_complete(struct vhdx_journal *journal, struct list_head *list, int error)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&journal->lock);
	list_splice_init(list, &waiters);
	spin_unlock_irq(&journal->lock);
	vhdx_waiters_complete(&waiters, error);
}

/**
 * vhdx_journal_fail() - let the journal fail: nothing is written any more
 * @journal:	the journal
 * @what:	which step failed, for the kernel log
 * @error:	negative errno of that step
 *
 * Only the first failure counts.
 *
 * Context: the journal's thread, or vhdx_journal_close()
 * Return: @error
 */
int vhdx_journal_fail(struct vhdx_journal *journal, const char *what, int error)
{
	if (journal->error)
		return error;
	WRITE_ONCE(journal->error, error);
	journal->o.on_failure(journal->o.context, what, error);
	return error;
}

/**
 * vhdx_journal_error() - has the journal failed?
 * @journal:	the journal
 *
 * Context: any
 * Return: 0, or the negative errno by which it failed
 */
int vhdx_journal_error(const struct vhdx_journal *journal)
{
	return READ_ONCE(journal->error);
}

/**
 * vhdx_journal_begun() - may the file be written to?
 * @journal:	the journal
 *
 * Context: any
 * Return: true after S1 and S2; until then, vhdx_journal_begin()
 */
bool vhdx_journal_begun(const struct vhdx_journal *journal)
{
	/* pairs with the release in vhdx_journal_do_begin(): the header is durable */
	return smp_load_acquire(&journal->begun);
}
