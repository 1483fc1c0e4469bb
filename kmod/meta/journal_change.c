// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * How metadata is changed: a page is reserved first, while there is still a way back, and
 * changed later, when there is none; for both there is always room.
 *
 * A page that is reserved, dirty or both is charged. There are never more charged pages than fit
 * into one entry. A command that finds no room for its pages waits, and is told to try again
 *
 *	- when a commit has copied the dirty pages (J3) and that made room;
 *	- when reservations end without a change and at most half of the room is taken.
 *
 * A commit is made for a waiting command only if a page is dirty. No command is forgotten: when it
 * begins to wait, more than half of the room is taken. Each page that takes room is dirty, and then
 * there is a commit; or it is reserved, and then it becomes dirty or makes room. Waiting commands
 * are not told of every single page that makes room: most of them would find none.
 */
#include "backing/backing.h"
#include "delay.h"
#include "meta/cache.h"
#include "meta/journal_internal.h"

/* A page that is neither dirty nor reserved makes room. Context: @journal->lock held */
void vhdx_journal_uncharge(struct vhdx_journal *journal, const struct vhdx_page_log *log)
{
	if (list_empty(&log->dirty) && !log->reservations)
		journal->nr_charged--;
}

static bool vhdx_journal_charged(const struct vhdx_page_log *log)
{
	return log->reservations || !list_empty(&log->dirty);
}

/*
 * All or none: whoever holds reservations never waits for more, so they come to an end.
 *
 * A reserved page becomes a dirty one at most: more than fit into one entry there must not
 * be, because what is changed together is logged together.
 */
static bool vhdx_journal_try_reserve(struct vhdx_journal *journal,
				     struct vhdx_page *const *pages, unsigned int nr,
				     struct vhdx_waiter *waiter)
{
	unsigned int i, more = 0;
	bool room, wait;
	unsigned long flags;

	spin_lock_irqsave(&journal->lock, flags);
	for (i = 0; i < nr; i++)
		more += !vhdx_journal_charged(vhdx_page_log(pages[i]));
	room = journal->nr_charged + more <= journal->max_dirty;
	wait = !room && vhdx_journal_may_wait(journal);
	if (room) {
		journal->nr_charged += more;
		for (i = 0; i < nr; i++)
			vhdx_page_log(pages[i])->reservations++;
	} else if (wait) {
		list_add_tail(&waiter->node, &journal->reservers);
		if (journal->nr_dirty)
			vhdx_journal_kick(journal);
	}
	spin_unlock_irqrestore(&journal->lock, flags);
	if (!room && !wait)
		waiter->done(waiter, -EIO);
	return room;
}

static void vhdx_journal_unpin(struct vhdx_journal *journal, struct vhdx_page *const *pages,
			       unsigned int nr)
{
	while (nr--)
		vhdx_cache_unpin(journal->o.cache, pages[nr]);
}

/* A page has no room at home yet. @waiter is told when to try again, or why there is no point. */
static void vhdx_journal_no_place(struct vhdx_journal *journal, int error,
				  struct vhdx_waiter *waiter)
{
	if (error == -EAGAIN)
		vhdx_backing_wait_thaw(journal->o.backing, waiter);
	else if (error == -EINPROGRESS)
		vhdx_journal_wait_place(journal, waiter);
	else
		waiter->done(waiter, error);
}

/**
 * vhdx_journal_reserve() - announce a change
 * @journal:	begun
 * @offsets:	any offset in each of the pages; no page twice
 * @nr:		how many, VHDX_CHANGE_PAGES at most
 * @pages:	filled with the pages
 * @waiter:	told when to try again, if they cannot be had at once, or why there is no point
 *
 * Every reservation ends with vhdx_journal_change() or vhdx_journal_cancel().
 *
 * Context: process; may sleep, in a NOIO scope
 * Return: false if none is reserved, and the waiter waits
 */
bool vhdx_journal_reserve(struct vhdx_journal *journal, const u64 *offsets, unsigned int nr,
			  struct vhdx_page **pages, struct vhdx_waiter *waiter)
{
	struct vhdx_page *pinned[VHDX_CHANGE_PAGES];
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		pages[i] = vhdx_cache_pin(journal->o.cache, offsets[i]);
		if (!pages[i]) {
			vhdx_journal_unpin(journal, pages, i);
			vhdx_cache_load(journal->o.cache, offsets[i], waiter);
			return false;
		}
		ret = vhdx_journal_place(journal, pages[i]);
		if (ret) {
			vhdx_journal_unpin(journal, pages, i + 1);
			vhdx_journal_no_place(journal, ret, waiter);
			return false;
		}
	}
	/* once the waiter waits, a kill may complete the cmd, and @pages is gone with it */
	memcpy(pinned, pages, nr * sizeof(*pages));
	if (vhdx_journal_try_reserve(journal, pinned, nr, waiter))
		return true;
	vhdx_delay(reserve_told);
	vhdx_journal_unpin(journal, pinned, nr);
	return false;
}

/* Reservations end: @pages are dirty by now, or make room. Context: @journal->lock held */
static void vhdx_journal_unreserve(struct vhdx_journal *journal, struct vhdx_page *const *pages,
				   unsigned int nr, struct list_head *reservers)
{
	while (nr--) {
		struct vhdx_page_log *log = vhdx_page_log(pages[nr]);

		log->reservations--;
		vhdx_journal_uncharge(journal, log);
	}
	if (list_empty(&journal->reservers))
		return;
	if (journal->nr_charged <= journal->max_dirty / 2)
		list_splice_init(&journal->reservers, reservers);
	else if (journal->nr_dirty)
		vhdx_journal_kick(journal);
}

/**
 * vhdx_journal_cancel() - the change is not made
 * @journal:	the journal
 * @pages:	reserved
 * @nr:		how many
 *
 * Context: any.
 */
void vhdx_journal_cancel(struct vhdx_journal *journal, struct vhdx_page *const *pages,
			 unsigned int nr)
{
	LIST_HEAD(reservers);
	unsigned long flags;

	spin_lock_irqsave(&journal->lock, flags);
	vhdx_journal_unreserve(journal, pages, nr, &reservers);
	spin_unlock_irqrestore(&journal->lock, flags);
	vhdx_journal_unpin(journal, pages, nr);
	vhdx_waiters_tell(&reservers, 0);
}

/**
 * vhdx_edit_read() - a word of metadata as it is now
 * @edit:	the change that is being made
 * @i:		which of its pages
 * @offset:	of the word, in the file
 *
 * Return: the word in cpu byte order
 */
u64 vhdx_edit_read(const struct vhdx_edit *edit, unsigned int i, u64 offset)
{
	const __le64 *words = vhdx_page_words(edit->pages[i]);

	return le64_to_cpu(words[offset % VHDX_PAGE_SIZE / sizeof(*words)]);
}

/**
 * vhdx_edit_write() - change one word of metadata
 * @edit:	the change that this is part of
 * @i:		of which of its pages
 * @offset:	of the word in the file
 * @word:	what it becomes, at once for every reader
 */
void vhdx_edit_write(struct vhdx_edit *edit, unsigned int i, u64 offset, u64 word)
{
	struct vhdx_journal *journal = edit->journal;
	struct vhdx_page_log *log = vhdx_page_log(edit->pages[i]);
	__le64 *words = vhdx_page_words(edit->pages[i]);

	lockdep_assert_held(&journal->lock);
	WRITE_ONCE(words[offset % VHDX_PAGE_SIZE / sizeof(*words)], cpu_to_le64(word));
	if (list_empty(&log->dirty)) {
		/* the reservation's pin is the dirty page's now */
		list_add_tail(&log->dirty, &journal->dirty);
		journal->nr_dirty++;
		edit->kept |= 1U << i;
	}
}

/**
 * vhdx_journal_change() - make a change, all of it or, after a crash, none
 * @journal:	the journal
 * @pages:	reserved
 * @nr:		how many
 * @make:	makes it with vhdx_edit_write(); under a spinlock
 * @context:	for @make
 *
 * A commit copies all dirty pages under the same lock, and logs them as one entry.
 *
 * Context: any.
 */
void vhdx_journal_change(struct vhdx_journal *journal, struct vhdx_page *const *pages,
			 unsigned int nr, vhdx_edit_fn make, void *context)
{
	struct vhdx_edit edit = { .journal = journal, .pages = pages };
	LIST_HEAD(reservers);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&journal->lock, flags);
	make(&edit, context);
	vhdx_journal_unreserve(journal, pages, nr, &reservers);
	spin_unlock_irqrestore(&journal->lock, flags);
	for (i = 0; i < nr; i++)
		if (!(edit.kept & 1U << i))
			vhdx_cache_unpin(journal->o.cache, pages[i]);
	vhdx_waiters_tell(&reservers, 0);
}
