// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The beginning of a session: steps S1 and S2 of journal.c.
 */
#include "backing/backing.h"
#include "meta/journal_internal.h"
#include "meta/space.h"
#include "format/region.h"

/*
 * Reserve room in the host's file system for headers and log, which may not fail later for lack of
 * space. It is better to fail the first write than to fail the log. Room for metadata pages is
 * reserved page by page: see journal_place.c.
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

/**
 * vhdx_journal_stamp_sizes() - set the file sizes that the next log entry records
 * @journal:	the journal
 * @flushed:	bytes of the file that are durable once the entry is
 *
 * Space that is allocated ahead does not count: a file that lacks only that is not truncated.
 *
 * Context: the journal's thread
 */
void vhdx_journal_stamp_sizes(struct vhdx_journal *journal, u64 flushed)
{
	struct vhdx_log_stamp *stamp = &journal->ring.stamp;

	stamp->last_size = vhdx_space_end(journal->o.space);
	stamp->flushed_size = min(round_down(flushed, VHDX_ALIGNMENT), stamp->last_size);
}

/**
 * vhdx_journal_start_log() - S2: put the log into use
 * @journal:	S1 is done
 *
 * Context: the journal's thread
 * Return: 0 or a negative errno
 */
int vhdx_journal_start_log(struct vhdx_journal *journal)
{
	/* the empty entry needs nothing of the file: what exists is older, or durable by S1 */
	vhdx_journal_stamp_sizes(journal, 0);
	return vhdx_log_ring_start(&journal->ring, &journal->session);
}

/**
 * vhdx_journal_do_begin() - begin the session: S1 and S2
 * @journal:	not begun
 *
 * Between S1 and S2 a file that ends before its last block does is made longer: old versions of
 * QEMU cut a file where the virtual disk ends.
 *
 * Context: the journal's thread
 * Return: 0 or a negative errno; unless vhdx_journal_error() is set, a later try may succeed
 */
int vhdx_journal_do_begin(struct vhdx_journal *journal)
{
	struct vhdx_guid file, data;
	int ret = vhdx_journal_reserve_log(journal);
	u64 size;

	if (ret)
		return ret;
	vhdx_session_new_guid(&file);
	vhdx_session_new_guid(&data);
	spin_lock_irq(&journal->lock);
	journal->session.header.file_write_guid = file;
	journal->session.header.data_write_guid = data;
	spin_unlock_irq(&journal->lock);
	ret = vhdx_session_update(&journal->session);
	size = vhdx_space_size(journal->o.space);
	if (!ret && vhdx_backing_size(journal->o.backing) < size)
		ret = vhdx_backing_resize(journal->o.backing, size);
	if (!ret && journal->o.fixed)
		ret = vhdx_session_update(&journal->session);
	else if (!ret)
		ret = vhdx_journal_start_log(journal);
	if (ret)
		return vhdx_journal_fail(journal, "cannot write the header", ret);
	/* pairs with the acquire in vhdx_journal_begun(): later writes follow a durable header */
	smp_store_release(&journal->begun, true);
	return 0;
}
