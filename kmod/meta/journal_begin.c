// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The beginning of a session: see journal.c, S1 and S2.
 */
#include "backing/backing.h"
#include "meta/journal_internal.h"
#include "meta/space.h"
#include "format/region.h"

/*
 * Room for what may not fail later: better no first write than a failed log. Pages of metadata get
 * theirs one by one, see journal_place.c.
 */
static int vhdx_journal_reserve_log(struct vhdx_journal *journal)
{
	struct vhdx_backing *backing = journal->o.backing;
	void *page = journal->ring.first;
	int ret;

	ret = vhdx_backing_reserve(backing, VHDX_HEADER_1_OFFSET, VHDX_PAGE_SIZE, page);
	if (!ret)
		ret = vhdx_backing_reserve(backing, VHDX_HEADER_2_OFFSET, VHDX_PAGE_SIZE, page);
	if (!ret)
		ret = vhdx_backing_reserve(backing, journal->ring.offset, journal->ring.length,
					   page);
	return ret;
}

/*
 * For the next entry: the file had @flushed bytes on stable storage. What is allocated ahead is
 * not asked for: a file that lacks only that is not truncated.
 */
void vhdx_journal_stamp_sizes(struct vhdx_journal *journal, u64 flushed)
{
	struct vhdx_log_stamp *stamp = &journal->ring.stamp;

	stamp->last_size = vhdx_space_end(journal->o.space);
	stamp->flushed_size = min(round_down(flushed, VHDX_ALIGNMENT), stamp->last_size);
}

/* S2 */
int vhdx_journal_start_log(struct vhdx_journal *journal)
{
	/* what is there was there before the session, or was flushed with S1 */
	vhdx_journal_stamp_sizes(journal, 0);
	return vhdx_log_ring_start(&journal->ring, &journal->session);
}

static void vhdx_journal_new_guids(struct vhdx_journal *journal)
{
	struct vhdx_guid file, data;

	vhdx_session_new_guid(&file);
	vhdx_session_new_guid(&data);
	spin_lock_irq(&journal->lock);
	journal->session.header.file_write_guid = file;
	journal->session.header.data_write_guid = data;
	spin_unlock_irq(&journal->lock);
}

/* Files whose end is missing exist: old QEMU cuts them where the disk ends. */
static int vhdx_journal_complete_file(struct vhdx_journal *journal)
{
	u64 size = vhdx_space_size(journal->o.space);

	if (vhdx_backing_size(journal->o.backing) >= size)
		return 0;
	return vhdx_backing_resize(journal->o.backing, size);
}

/**
 * vhdx_journal_do_begin() - begin the session: S1 and S2
 * @journal:	not begun
 *
 * Context: the journal's thread
 * Return: 0 or a negative errno; if the journal did not fail by it, try again later
 */
int vhdx_journal_do_begin(struct vhdx_journal *journal)
{
	int ret = vhdx_journal_reserve_log(journal);

	if (ret)
		return ret;
	vhdx_journal_new_guids(journal);
	ret = vhdx_session_update(&journal->session);
	if (!ret)
		ret = vhdx_journal_complete_file(journal);
	if (!ret && journal->o.fixed)
		ret = vhdx_session_update(&journal->session);
	else if (!ret)
		ret = vhdx_journal_start_log(journal);
	if (ret)
		return vhdx_journal_fail(journal, "cannot write the header", ret);
	/* pairs with the acquire in vhdx_journal_begun(), for those who write from now on */
	smp_store_release(&journal->begun, true);
	return 0;
}
