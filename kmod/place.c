// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: places
 *
 * Logged pages are written home later, at the latest when the disk is detached. If the file system
 * has no room for that, the log stays, and the next attach fails because it cannot replay it. So a
 * change is not announced before the page's place in the file has room: blocks of its own, neither a
 * hole nor shared with another file. If there is no room, the write that needs the change fails with
 * ENOSPC, and nothing has been promised.
 *
 * Places are allocated by the MiB, the unit of everything in a VHDX file: that takes few calls and
 * makes few extents, and of a BAT of 512 MiB only what is used is allocated. If there is no room for
 * a MiB, the page alone is allocated.
 *
 * Where allocating is not possible, or does not make shared blocks private, the page is written as
 * it is. A page that has no place yet was not changed since it was read: its bytes in the file stay
 * the same.
 *
 * A page remembers that it has a place as long as it is in memory; the journal remembers whole MiB.
 */
#include "backing.h"
#include "journalstate.h"
#include "pager.h"

#define VHDX_PLACE_SHIFT	20
#define VHDX_PLACE_SIZE		(1ULL << VHDX_PLACE_SHIFT)

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

/* Context: @journal->placing held */
static int vhdx_journal_find_place(struct vhdx_journal *journal, struct vhdx_page *page)
{
	u64 unit = vhdx_page_offset(page) >> VHDX_PLACE_SHIFT;
	int ret;

	if (xa_load(&journal->placed, unit))
		return 0;
	ret = vhdx_backing_allocate(journal->o.backing, unit << VHDX_PLACE_SHIFT,
				    VHDX_PLACE_SIZE);
	if (ret == -EAGAIN)
		return ret;
	if (ret)
		return vhdx_journal_place_page(journal, page);
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
 * Return: 0; -EAGAIN if the file system is frozen; -ENOSPC or another errno
 */
int vhdx_journal_place(struct vhdx_journal *journal, struct vhdx_page *page)
{
	struct vhdx_page_log *log = vhdx_page_log(page);
	int ret = 0;

	/* pairs with the release below: whatever was written to its place, was */
	if (likely(smp_load_acquire(&log->placed)))
		return 0;
	mutex_lock(&journal->placing);
	if (!log->placed)
		ret = vhdx_journal_find_place(journal, page);
	if (!ret)
		smp_store_release(&log->placed, true);
	mutex_unlock(&journal->placing);
	return ret;
}
