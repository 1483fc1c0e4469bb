// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: places
 *
 * A checkpoint writes logged pages to their places in the file, at the latest when the disk is
 * detached. If the file system has no room for that, the log stays dirty, and the next attach fails
 * because it cannot replay the log. So a page is reserved for a change only after its place has
 * room: blocks of its own, neither a hole nor shared with another file. If there is no room, the
 * write that needs the change fails with ENOSPC, and nothing has been promised.
 *
 * Places are allocated by the MiB, the unit of everything in a VHDX file. That takes few calls and
 * makes few extents, and of a BAT of 512 MiB only what is used is allocated. If there is little
 * room, the page alone is allocated: a file system may allocate a part of the MiB before it finds
 * no room for the rest, and data would find none. One command allocates at a time. Other commands
 * that need a place wait without a thread, so that reads go on while the file system is slow.
 *
 * Where the file system cannot allocate, or does not make shared blocks private, the page is
 * written to its place unchanged, which makes it allocate. That changes no bytes of the file: a
 * page gets its place before its first change.
 *
 * A page in memory has a flag that its place is allocated; the journal records whole MiB.
 */
#include "backing/backing.h"
#include "meta/journal_internal.h"
#include "meta/page.h"

#define VHDX_PLACE_SHIFT	20
#define VHDX_PLACE_SIZE		BIT_ULL(VHDX_PLACE_SHIFT)

/* Free space of the file system from which on whole MiB are allocated */
#define VHDX_PLACE_PLENTY	(16 * VHDX_PLACE_SIZE)

/* Allocate the place of a page. Return: as vhdx_journal_place() */
static int vhdx_journal_place_page(struct vhdx_journal *journal, struct vhdx_page *page)
{
	u64 offset = vhdx_page_offset(page);
	int ret = vhdx_backing_allocate(journal->o.backing, offset, VHDX_PAGE_SIZE);

	if (ret != -EOPNOTSUPP)
		return ret;
	/* the write sleeps if the file system is frozen after this check */
	if (!vhdx_backing_try_start_write(journal->o.backing))
		return -EAGAIN;
	vhdx_backing_end_write(journal->o.backing);
	return vhdx_backing_write_page(journal->o.backing, offset, vhdx_page_words(page));
}

/* Return: false if another command allocates a place */
static bool vhdx_journal_begin_placing(struct vhdx_journal *journal)
{
	bool ours;

	spin_lock_irq(&journal->lock);
	ours = !journal->placing;
	journal->placing = true;
	spin_unlock_irq(&journal->lock);
	return ours;
}

static void vhdx_journal_end_placing(struct vhdx_journal *journal)
{
	LIST_HEAD(placers);

	spin_lock_irq(&journal->lock);
	journal->placing = false;
	list_splice_init(&journal->placers, &placers);
	spin_unlock_irq(&journal->lock);
	vhdx_waiters_complete(&placers, 0);
}

/*
 * Allocate the place of a page, then the whole MiB around it if there is plenty of room. Only the
 * first of them has to succeed. Context: the caller has set @journal->placing
 */
static int vhdx_journal_find_place(struct vhdx_journal *journal, struct vhdx_page *page)
{
	u64 unit = vhdx_page_offset(page) >> VHDX_PLACE_SHIFT;
	int ret;

	if (xa_load(&journal->placed, unit))
		return 0;
	ret = vhdx_journal_place_page(journal, page);
	if (ret || !vhdx_backing_has_room(journal->o.backing, VHDX_PLACE_PLENTY) ||
	    vhdx_backing_allocate(journal->o.backing, unit << VHDX_PLACE_SHIFT, VHDX_PLACE_SIZE))
		return ret;
	/* if this fails, the next page of the MiB allocates it again */
	xa_store(&journal->placed, unit, xa_mk_value(1), GFP_NOIO | __GFP_NOWARN);
	return 0;
}

/**
 * vhdx_journal_place() - allocate the place of a page in the file, if it has none
 * @journal:	begun
 * @page:	pinned; not reserved for a change since it was loaded, unless it has a place
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0; -EAGAIN if the file system is frozen, see vhdx_backing_wait_thaw(); -EINPROGRESS if
 * another place is being allocated, see vhdx_journal_wait_place(); -ENOSPC or another errno
 */
int vhdx_journal_place(struct vhdx_journal *journal, struct vhdx_page *page)
{
	struct vhdx_page_log *log = vhdx_page_log(page);
	int ret = 0;

	/* pairs with the release below: what was written to the place precedes the change */
	if (likely(smp_load_acquire(&log->placed)))
		return 0;
	if (!vhdx_journal_begin_placing(journal))
		return -EINPROGRESS;
	if (!log->placed)
		ret = vhdx_journal_find_place(journal, page);
	if (!ret) {
		/* pairs with the acquire above */
		smp_store_release(&log->placed, true);
	}
	vhdx_journal_end_placing(journal);
	return ret;
}

/**
 * vhdx_journal_wait_place() - wait until another command has allocated its place
 * @journal:	begun; vhdx_journal_place() has returned -EINPROGRESS
 * @waiter:	completed with 0 when another try may succeed, perhaps before this returns; with
 *		-EIO after a detach by force
 *
 * Context: any
 */
void vhdx_journal_wait_place(struct vhdx_journal *journal, struct vhdx_waiter *waiter)
{
	unsigned long flags;
	bool wait, may;

	spin_lock_irqsave(&journal->lock, flags);
	may = vhdx_journal_may_wait(journal);
	wait = may && journal->placing;
	if (wait)
		list_add_tail(&waiter->node, &journal->placers);
	spin_unlock_irqrestore(&journal->lock, flags);
	if (!wait)
		waiter->done(waiter, may ? 0 : -EIO);
}
