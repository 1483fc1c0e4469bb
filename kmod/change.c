// SPDX-License-Identifier: GPL-2.0
/*
 * How metadata is changed: a page is reserved first, while there is still a way back, and
 * changed later, when there is none; for both there is always room.
 */
#include "journalstate.h"
#include "pager.h"

/* A page that is neither dirty nor reserved makes room. Context: @journal->lock held */
void vhdx_journal_uncharge(struct vhdx_journal *journal, const struct vhdx_page_log *log)
{
	if (list_empty(&log->dirty) && !log->reservations)
		journal->nr_charged--;
}

/*
 * A reserved page becomes a dirty one at most: more than fit into one entry there must not
 * be, because what is changed together is logged together.
 */
static bool vhdx_journal_try_reserve(struct vhdx_journal *journal, struct vhdx_page_log *log,
				     struct vhdx_waiter *waiter)
{
	unsigned long flags;
	bool charged, room;

	spin_lock_irqsave(&journal->lock, flags);
	charged = log->reservations || !list_empty(&log->dirty);
	room = charged || journal->nr_charged < journal->max_dirty;
	if (room) {
		log->reservations++;
		journal->nr_charged += !charged;
	} else {
		list_add_tail(&waiter->node, &journal->reservers);
	}
	spin_unlock_irqrestore(&journal->lock, flags);
	return room;
}

/**
 * vhdx_journal_reserve() - announce a change of one page
 * @journal:	begun
 * @offset:	any offset in the page
 * @waiter:	told when to try again, if it cannot be had at once
 *
 * Every reservation ends with vhdx_journal_change() or vhdx_journal_cancel().
 *
 * Context: process; may sleep, in a NOIO scope
 * Return: the page, or NULL
 */
struct vhdx_page *vhdx_journal_reserve(struct vhdx_journal *journal, u64 offset,
				       struct vhdx_waiter *waiter)
{
	struct vhdx_page *page = vhdx_pager_pin(journal->o.pager, offset);

	if (!page) {
		vhdx_pager_load(journal->o.pager, offset, waiter);
		return NULL;
	}
	if (vhdx_journal_try_reserve(journal, vhdx_page_log(page), waiter))
		return page;
	vhdx_pager_unpin(journal->o.pager, page);
	vhdx_journal_kick(journal);
	return NULL;
}

/**
 * vhdx_journal_cancel() - the change is not made
 * @journal:	the journal
 * @page:	reserved
 *
 * Context: any.
 */
void vhdx_journal_cancel(struct vhdx_journal *journal, struct vhdx_page *page)
{
	struct vhdx_page_log *log = vhdx_page_log(page);
	unsigned long flags;

	spin_lock_irqsave(&journal->lock, flags);
	log->reservations--;
	vhdx_journal_uncharge(journal, log);
	spin_unlock_irqrestore(&journal->lock, flags);
	vhdx_pager_unpin(journal->o.pager, page);
}

/**
 * vhdx_journal_change() - change one word of metadata
 * @journal:	the journal
 * @page:	reserved
 * @offset:	of the word in the file
 * @word:	what it becomes, at once for every reader
 *
 * Context: any.
 */
void vhdx_journal_change(struct vhdx_journal *journal, struct vhdx_page *page, u64 offset,
			 u64 word)
{
	__le64 *words = vhdx_page_words(page);
	struct vhdx_page_log *log = vhdx_page_log(page);
	unsigned long flags;
	bool was_dirty;

	spin_lock_irqsave(&journal->lock, flags);
	WRITE_ONCE(words[offset % VHDX_PAGE_SIZE / sizeof(*words)], cpu_to_le64(word));
	log->reservations--;
	was_dirty = !list_empty(&log->dirty);
	if (!was_dirty) {
		/* the reservation's pin is the dirty page's now */
		list_add_tail(&log->dirty, &journal->dirty);
		journal->nr_dirty++;
	}
	spin_unlock_irqrestore(&journal->lock, flags);
	if (was_dirty)
		vhdx_pager_unpin(journal->o.pager, page);
}
