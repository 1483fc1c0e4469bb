// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: places
 *
 * Logged pages are written home later, at the latest when the disk is detached. If the file system
 * has no room for that, the log stays, and the next attach fails because it cannot replay it. So a
 * change is not announced before the page's place in the file has room: blocks of its own, neither
 * a hole nor shared with another file. If there is no room, the write that needs the change fails
 * with ENOSPC, and nothing has been promised.
 *
 * Places are allocated by the MiB, the unit of everything in a VHDX file: that takes few calls and
 * makes few extents, and of a BAT of 512 MiB only what is used is allocated. If there is little
 * room, the page alone is allocated: a file system may allocate a part of the MiB before it finds
 * that there is no room for the rest, and data would find none. One command allocates at a time;
 * others that need a place wait without a thread, so that reads go on if the file system takes its
 * time.
 *
 * Where allocating is not possible, or does not make shared blocks private, the page is written as
 * it is. A page that has no place yet was not changed since it was read: its bytes in the file stay
 * the same.
 *
 * A page remembers that it has a place as long as it is in memory; the journal remembers whole MiB.
 */
#include "backing/backing.h"
#include "meta/cache.h"
#include "meta/journal_internal.h"

#define VHDX_PLACE_SHIFT	20
#define VHDX_PLACE_SIZE		BIT_ULL(VHDX_PLACE_SHIFT)

/* With that much room a MiB more or less does not matter. */
#define VHDX_PLACE_PLENTY	(16 * VHDX_PLACE_SIZE)

static int vhdx_journal_place_page(struct vhdx_journal *journal, struct vhdx_page *page)
{
	u64 offset = vhdx_page_offset(page);
	int ret = vhdx_backing_allocate(journal->o.backing, offset, VHDX_PAGE_SIZE);

	if (ret != -EOPNOTSUPP)
		return ret;
	/* a freeze that comes now is waited for */
	if (!vhdx_backing_try_start_write(journal->o.backing))
		return -EAGAIN;
	vhdx_backing_end_write(journal->o.backing);
	return vhdx_backing_write_page(journal->o.backing, offset, vhdx_page_words(page));
}

/* Return: false if it is the turn of another command */
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
	vhdx_waiters_tell(&placers, 0);
}

/* The page comes first: it alone has to have a place. Context: @journal->placing is the caller's */
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
	/* what is not remembered is asked for again */
	xa_store(&journal->placed, unit, xa_mk_value(1), GFP_NOIO | __GFP_NOWARN);
	return 0;
}

/**
 * vhdx_journal_place() - see that a page can be written home
 * @journal:	begun
 * @page:	pinned, and not announced to be changed before it is placed
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0; -EAGAIN if the file system is frozen; -EINPROGRESS if another place is being
 * allocated, see vhdx_journal_wait_place(); -ENOSPC or another errno
 */
int vhdx_journal_place(struct vhdx_journal *journal, struct vhdx_page *page)
{
	struct vhdx_page_log *log = vhdx_page_log(page);
	int ret = 0;

	/* pairs with the release below: whatever was written to its place, was */
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
 * vhdx_journal_wait_place() - be told when another page's place is allocated
 * @journal:	begun; vhdx_journal_place() said -EINPROGRESS
 * @waiter:	told when to try again, or that the disk was killed
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
