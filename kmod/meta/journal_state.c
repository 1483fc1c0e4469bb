// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The bottom of the journal, which all its files use: its lists of waiters, and its error.
 */
#include "backing/backing.h"
#include "meta/journal_internal.h"

/* Wakes the journal's thread. Context: any */
void vhdx_journal_kick(struct vhdx_journal *journal)
{
	wake_up(&journal->wait);
}

/*
 * Of a killed disk nothing waits: what is on a list by now is told by vhdx_journal_abandon().
 * Context: @journal->lock held
 */
bool vhdx_journal_may_wait(const struct vhdx_journal *journal)
{
	lockdep_assert_held(&journal->lock);
	return !vhdx_backing_is_dead(journal->o.backing);
}

/**
 * vhdx_journal_join() - wait for the journal on one of its lists
 * @journal:	the journal
 * @list:	of those that @journal->lock protects
 * @waiter:	told later; at once, with -EIO, if the disk was killed
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
	/* once it is told, the journal may be gone */
	if (may)
		vhdx_journal_kick(journal);
	spin_unlock_irqrestore(&journal->lock, flags);
	if (!may)
		waiter->done(waiter, -EIO);
}

/* Tell all on a list. Context: the journal's thread */
void vhdx_journal_tell(struct vhdx_journal *journal, struct list_head *list, int error)
{
	LIST_HEAD(waiters);

	spin_lock_irq(&journal->lock);
	list_splice_init(list, &waiters);
	spin_unlock_irq(&journal->lock);
	vhdx_waiters_tell(&waiters, error);
}

/**
 * vhdx_journal_fail() - something could not be written: nothing is, from now on
 * @journal:	the journal
 * @what:	for people
 * @error:	negative errno
 *
 * Context: the journal's thread
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
 * vhdx_journal_error() - why nothing can be written
 * @journal:	the journal
 *
 * Context: any
 * Return: 0 if writing is possible, or a negative errno
 */
int vhdx_journal_error(const struct vhdx_journal *journal)
{
	return READ_ONCE(journal->error);
}

/**
 * vhdx_journal_begun() - may the file be written to already?
 * @journal:	the journal
 *
 * Context: any
 * Return: true once the header of the session is durable
 */
bool vhdx_journal_begun(const struct vhdx_journal *journal)
{
	/* pairs with the release in vhdx_journal_do_begin(): the header is durable */
	return smp_load_acquire(&journal->begun);
}
