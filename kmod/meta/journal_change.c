// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: reservations
 *
 * Metadata is changed in two steps. A page is reserved while the command can still fail or wait,
 * and changed later, when it can do neither. There is always room for the change of a reserved
 * page.
 *
 * A page that is reserved, dirty or both is charged. There are never more charged pages than fit
 * into one log entry, because what is changed together is logged together. A command that finds no
 * room for its pages waits, and tries again
 *
 *	- when a commit has copied the dirty pages (J3), which makes room;
 *	- when reservations end without a change, and at most half of the room is taken.
 *
 * All pages of a command are reserved at once, or none: a command that holds reservations never
 * waits for more, so all reservations end.
 *
 * A commit is made for a waiting command only if a page is dirty. No command waits for ever. When
 * it begins to wait, more than half of the room is taken. If a page of those is dirty, there is a
 * commit. If not, all are reserved, and each of them becomes dirty or makes room. Waiting commands
 * do not try again for each page that makes room: most of them would find none.
 */
#include "backing/backing.h"
#include "delay.h"
#include "meta/cache.h"
#include "meta/journal_internal.h"
#include "meta/page.h"

static bool vhdx_journal_charged(const struct vhdx_page_log *log)
{
	return log->reservations || !list_empty(&log->dirty);
}

/**
 * vhdx_journal_uncharge() - account for a page that is not dirty, or not reserved, any more
 * @journal:	the journal
 * @log:	state of the page, already changed
 *
 * Context: @journal->lock held
 */
void vhdx_journal_uncharge(struct vhdx_journal *journal, const struct vhdx_page_log *log)
{
	if (!vhdx_journal_charged(log))
		journal->nr_charged--;
}

/* Reserve pages that are pinned and placed. Return: false if @waiter waits, or was completed */
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

/*
 * vhdx_journal_place() has returned @error for a page. Complete @waiter when another try may
 * succeed, or with the error if none will.
 */
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
 * vhdx_journal_reserve() - reserve the pages of a change
 * @journal:	begun
 * @offsets:	for each page, a byte offset in the file anywhere in it; no page twice
 * @nr:		number of pages, VHDX_CHANGE_PAGES at most
 * @pages:	filled with the pages, which are pinned
 * @waiter:	used only if this returns false: completed with 0 when another try may succeed, or
 *		with a negative errno; perhaps before this returns
 *
 * Each reservation ends with vhdx_journal_change() or vhdx_journal_cancel().
 *
 * Context: process; may sleep, in a NOIO scope
 * Return: true if all pages are reserved, false if none is
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
	/* once @waiter is queued, a detach by force may end the command, and free @pages */
	memcpy(pinned, pages, nr * sizeof(*pages));
	if (vhdx_journal_try_reserve(journal, pinned, nr, waiter))
		return true;
	vhdx_delay(reserve_queued);
	vhdx_journal_unpin(journal, pinned, nr);
	return false;
}

/*
 * End the reservations of @pages, each of which is dirty by now or makes room. Commands that are to
 * try again are moved to @reservers. Context: @journal->lock held
 */
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
 * vhdx_journal_cancel() - end reservations without a change
 * @journal:	the journal
 * @pages:	reserved
 * @nr:		number of pages
 *
 * Context: any
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
	vhdx_waiters_complete(&reservers, 0);
}

/**
 * vhdx_edit_read() - read one 64-bit word of metadata, while a change is made
 * @edit:	the change
 * @i:		index of the page among the pages of the change
 * @offset:	of the word in the file, in bytes
 *
 * Context: in a vhdx_edit_fn
 * Return: the word, in the CPU's byte order
 */
u64 vhdx_edit_read(const struct vhdx_edit *edit, unsigned int i, u64 offset)
{
	const __le64 *words = vhdx_page_words(edit->pages[i]);

	return le64_to_cpu(words[offset % VHDX_PAGE_SIZE / sizeof(*words)]);
}

/**
 * vhdx_edit_write() - change one 64-bit word of metadata
 * @edit:	the change
 * @i:		index of the page among the pages of the change
 * @offset:	of the word in the file, in bytes
 * @word:	the new value, in the CPU's byte order; readers see it at once
 *
 * Context: in a vhdx_edit_fn
 */
void vhdx_edit_write(struct vhdx_edit *edit, unsigned int i, u64 offset, u64 word)
{
	struct vhdx_journal *journal = edit->journal;
	struct vhdx_page_log *log = vhdx_page_log(edit->pages[i]);
	__le64 *words = vhdx_page_words(edit->pages[i]);

	lockdep_assert_held(&journal->lock);
	WRITE_ONCE(words[offset % VHDX_PAGE_SIZE / sizeof(*words)], cpu_to_le64(word));
	if (list_empty(&log->dirty)) {
		/* the pin of the reservation becomes that of the dirty page */
		list_add_tail(&log->dirty, &journal->dirty);
		journal->nr_dirty++;
		edit->kept |= 1U << i;
	}
}

/**
 * vhdx_journal_change() - make a change, and end its reservations
 * @journal:	the journal
 * @pages:	reserved
 * @nr:		number of pages
 * @make:	makes the change
 * @context:	for @make
 *
 * The change is atomic: a commit copies all dirty pages under the same lock, and logs them as one
 * entry. So after a crash all of the change is there, or nothing of it.
 *
 * Context: any
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
	vhdx_waiters_complete(&reservers, 0);
}
