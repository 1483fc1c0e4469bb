// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: submission without a worker
 *
 * Handing a read to a thread costs two context switches, more than all the rest of it. So a
 * read with its mapping in memory goes to the backing file in its submitter: the block layer
 * calls ->queue_rq() or ->queue_rqs() in the submitter's context, and that calls ->read_iter()
 * of the file, asynchronous, direct and IOCB_NOWAIT. The loop driver had this for some weeks
 * and took it out again. The objections to it, and the answers:
 *
 * "A file system may keep anything in current, and another one is entered in between."
 *	That is so, and there is no list of what file systems keep there. So only file systems
 *	that were examined are entered (backing/open.c has the list), only to read, and only
 *	from a task with nothing in current that they could mistake for their own:
 *	- journal_info must be NULL, or the submitter has a transaction open. A read below
 *	  begins none: the file is open without access times.
 *	- PF_MEMALLOC, PF_KSWAPD: the submitter frees memory. The file system below could need
 *	  memory for that. Reclaim has its own state in current only together with these.
 *	- The task must be TASK_RUNNING: a task that is about to sleep would lose its state.
 *	- PF_WQ_WORKER: a worker stays with its queue; sleeping in kblockd, or in a queue that
 *	  guarantees progress, would hold up other work.
 *
 * "It may hold locks."
 *	A file system reads its own metadata with any of its locks held, and two ext4, one on the
 *	other, have locks of one class: lockdep cannot tell them apart, and a task that holds the
 *	upper one's i_data_sem must not take the lower one's. So reads of metadata are left to the
 *	thread. They are recognized by two signs: REQ_META or REQ_PRIO, and a page of the page
 *	cache of a block device, since ext4 reads its extent tree and bitmaps without a flag.
 *	Around reads of data, file systems hold i_rwsem, which is only tried below (IOCB_NOWAIT),
 *	and invalidate_lock, which reads do not take. This is tested: the debug kernel counts the
 *	locks that are held on entry (held_locks.c), and tests/cases/nested_locking.sh
 *	compares them with that list on each file system.
 *
 * "The request is not the one that the task submits."
 *	A plug that is full is emptied by the submission of one more bio, and that bio, which may
 *	be a read of metadata, is not among the requests. While a bio is submitted,
 *	current->bio_list points to a place on the stack. The plug that is emptied is older than
 *	that, and higher up on the stack. A plug that is younger was begun by the block layer for
 *	the bio that is submitted, as it does since 6.9. So requests that come as a list are
 *	served if the plug is finished (no bio_list), or if it is younger than the bio_list. A
 *	request that comes alone is the submitter's own only if there is no plug; with one, the
 *	plug is being emptied through an I/O scheduler, or has requests for other disks, too. A
 *	plug that is emptied because its task goes to sleep is left to kblockd by the block layer.
 *
 * "The stack overflows."
 *	Half of it must be left on entry. In tests, at most a third was used by two disks, one in
 *	a file system on the other, and all below them (tests/cases/nowait.sh measures it). Each
 *	disk of this module further down checks again.
 *
 * "It waits for what it has submitted itself."
 *	The block layer collects in the task: in current->plug, the requests of the submitter; in
 *	current->bio_list, bios that are submitted inside a submission (so that stacked drivers do
 *	not recurse). A wait below for a request in one of these never ends; IOCB_NOWAIT is no
 *	protection, since ext4 reads its extent tree regardless. So both are hidden during the
 *	read, and what is submitted below is dispatched. What they hold cannot be dispatched
 *	meanwhile, so it must be nothing that is needed below:
 *	- bio_list must be empty.
 *	- The plug must hold requests of this disk only: these have no tags of other disks.
 *	- It must have no callbacks: a stacked driver keeps bios in them, for any device.
 *	- The requests that are allocated in advance (cached_rqs) must be of this disk: they keep
 *	  their queue from being frozen, and a task that sleeps below may wait for that freeze.
 *	A bio of the pool that all file systems share may be among those requests while one
 *	is needed below. There is memory for one, or there will be: the pool tries again every
 *	few seconds, as it does for threads that have such requests on their lists.
 *
 * "Memory allocation below may write to the disk above."
 *	All of it is in a NOIO scope.
 *
 * "It must not sleep."
 *	REQ_NOWAIT requires that: io_uring tries each of its reads with it first, and its kernel
 *	thread serves many rings. XFS and block devices keep the promise that IOCB_NOWAIT gives;
 *	ext4 waits for a piece of its extent tree. On ext4 such a read is left to the thread,
 *	unless it is polled: that submitter waits for it in any case.
 *
 * Two more things in current are handled. The task's count of bytes read is put back, or the read
 * would count twice. PF_BLOCK_TS says that current->plug has a time in it, and would be read
 * through NULL. It is not put back, because the task may have slept: the time of the plug is
 * cleared instead.
 *
 * An error below may be only an effect of not waiting: a page of metadata that must be loaded
 * first, no free tag, a signal. So any error sends the read to the thread, and the thread's result
 * counts.
 *
 * Writes are not served here. They begin transactions and wait for frozen file systems, and it
 * was their stacks that overflowed.
 *
 * The disk's attribute nowait_reads switches this off; the module's parameter of that name does so
 * for disks attached later.
 */
#include "request/nowait.h"

#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>

#include "compat/blk.h"
#include "request/held_locks.h"

/*
 * Did the task itself submit the request, or all requests of the list, and may bio_list and plug
 * be hidden meanwhile? @bios is an array of two.
 */
static bool vhdx_nowait_can_hide(const struct request_queue *q, bool batch)
{
	const struct bio_list *bios = current->bio_list;
	const struct blk_plug *plug = current->plug;

	if (bios && (bios[0].head || bios[1].head))
		return false;
	if (!batch)
		return !plug;
	/* the stack grows down: the plug is finished, or younger than the bio_list */
	return plug && (!bios || (unsigned long)plug < (unsigned long)bios) &&
	       !plug->multiple_queues &&
	       list_empty(&plug->cb_list) && vhdx_plug_cached_queue(plug, q) == q;
}

/**
 * vhdx_nowait_enter() - prepare the submitter's context for entering a file system
 * @scope:	filled on success
 * @q:		of the request, or of all requests of a list
 * @batch:	for a list of requests: requests below are collected in a plug
 *
 * Context: ->queue_rq() or ->queue_rqs() of a queue with BLK_MQ_F_BLOCKING
 * Return: true until vhdx_nowait_leave(); false if it is not known to be safe
 */
bool vhdx_nowait_enter(struct vhdx_nowait *scope, const struct request_queue *q, bool batch)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	/* the stack grows down to end_of_stack() */
	if (!in_task() || current->journal_info ||
	    current->flags & (PF_MEMALLOC | PF_KSWAPD | PF_WQ_WORKER) ||
	    get_current_state() != TASK_RUNNING ||
	    here - (unsigned long)end_of_stack(current) < THREAD_SIZE / 2 ||
	    !vhdx_nowait_can_hide(q, batch))
		return false;
	vhdx_held_locks_note();
	scope->bio_list = current->bio_list;
	scope->plug = current->plug;
	vhdx_plug_time_drop();
	scope->read_bytes = vhdx_task_read_bytes();
	scope->batch = batch;
	current->bio_list = NULL;
	current->plug = NULL;
	scope->noio = memalloc_noio_save();
	if (batch)
		blk_start_plug(&scope->own);
	return true;
}

/**
 * vhdx_nowait_leave() - restore the submitter's context
 * @scope:	of vhdx_nowait_enter()
 *
 * Context: as vhdx_nowait_enter()
 */
void vhdx_nowait_leave(struct vhdx_nowait *scope)
{
	if (scope->batch)
		blk_finish_plug(&scope->own);
	memalloc_noio_restore(scope->noio);
	current->plug = scope->plug;
	current->bio_list = scope->bio_list;
	vhdx_task_set_read_bytes(scope->read_bytes);
}
