// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: submission without a worker
 *
 * Handing a read to a thread costs two context switches, more than all the rest of it. So a
 * read whose mapping is known goes to the backing file from where it was submitted: the
 * block layer calls ->queue_rq() or ->queue_rqs() in the submitter's own context, and that
 * calls ->read_iter() of the file, asynchronous, direct and IOCB_NOWAIT. The loop driver had
 * this for some weeks and took it out again. What was said against it, and the answers:
 *
 * "A file system may keep anything in current, and another one is entered in between."
 *	It may, and there is no list of it. So only file systems are entered of which it is
 *	known (backing/open.c has the list), only to read, and only from a task that has nothing
 *	there that they could mistake for theirs:
 *	- journal_info must be NULL, or the submitter has a transaction open. A read below
 *	  begins none: the file is open without access times.
 *	- PF_MEMALLOC, PF_KSWAPD: the submitter frees memory. What is below could need some
 *	  to do so. Reclaim's own state in current is there only together with these.
 *	- The task must be TASK_RUNNING: who is about to sleep would be woken for nothing.
 *	- PF_WQ_WORKER: a worker stays with its queue; sleeping in kblockd, or in a queue that
 *	  guarantees progress, would hold up others.
 *
 * "It may hold locks."
 *	A file system reads its own metadata with any of its locks held, and two ext4, one on the
 *	other, have locks of one class: lockdep cannot tell them apart, and a task that holds the
 *	upper one's i_data_sem must not take the lower one's. So reads of metadata are left to the
 *	thread. They are told by two signs: REQ_META or REQ_PRIO, and a page of the page cache of a
 *	block device, since ext4 reads its extent tree and bitmaps without a flag.
 *	Around reads of data, file systems hold i_rwsem, which is only tried below (IOCB_NOWAIT),
 *	and invalidate_lock, which reads do not take. That is not only thought: the debug kernel
 *	counts the locks that are held on entry (held_locks.c), and tests/cases/nested_locking.sh
 *	compares them with that list on each file system.
 *
 * "The request is not the one that the task submits."
 *	A plug that is full is emptied by the submission of one more bio, and that bio, which may
 *	be a read of metadata, is not among the requests. While a bio is submitted,
 *	current->bio_list is set, to a place on the stack. The plug that is emptied is older than
 *	that, and higher up on the stack. A plug that is younger was begun by the block layer for
 *	the very bio that is submitted, as it does since 6.9. So requests that come as a list are
 *	served if the plug is finished (no bio_list), or if it is younger than the bio_list. A
 *	request that comes alone is the submitter's own only if there is no plug; with one, the
 *	plug is being emptied through an I/O scheduler, or has requests for other disks, too. A
 *	plug that is emptied because its task goes to sleep is left to kblockd by the block layer.
 *
 * "The stack overflows."
 *	Half of it must be left on entry. Through two disks, one in a file system on the other,
 *	and all below them a third was in use at most (tests/cases/nowait.sh looks). Each disk
 *	of ours further down asks again.
 *
 * "It waits for what it has submitted itself."
 *	The block layer collects in the task: in current->plug what the submitter goes on to
 *	submit, in current->bio_list what is submitted while something else is (so that
 *	stacked drivers do not recurse). Whoever waits below for what went onto one of these
 *	waits for ever; IOCB_NOWAIT is no protection, ext4 reads its extent tree regardless.
 *	So both are hidden for the time, and what is submitted below is submitted. What is
 *	on them meanwhile cannot move; it must be nothing that is needed below:
 *	- bio_list must be empty.
 *	- The plug must hold requests of this disk only: they have no tags of others.
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
 *	REQ_NOWAIT says so: io_uring tries each of its reads that way first, and its kernel thread
 *	serves many rings. XFS and block devices keep the promise that IOCB_NOWAIT gives; ext4
 *	waits for a piece of its extent tree. On ext4 such a read is left to the thread, unless it
 *	is polled for: that submitter waits for it in any case.
 *
 * What else is put back afterwards: the task's count of bytes read, which it would have read
 * twice. PF_BLOCK_TS says that current->plug has a time in it, and would be read through NULL.
 * It is not put back: the task may have slept, so the plug's time is taken out instead.
 *
 * What cannot be known is given up: any error below sends the read to the thread, whose
 * result counts. That may be a page of metadata that must be loaded first, a request that
 * would have had to wait for a tag, a signal.
 *
 * Writes are not served here. They begin transactions, wait for frozen file systems, and it
 * was their stacks that overflowed.
 *
 * The disk's nowait_reads switches it off, the module's parameter of that name for disks to
 * come.
 */
#include "request/nowait.h"

#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>

#include "compat/blk.h"
#include "request/held_locks.h"

/* Grows downwards, from whichever page of the task's stack. */
static bool vhdx_nowait_has_stack(void)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	return here - (unsigned long)end_of_stack(current) >= THREAD_SIZE / 2;
}

/* Are the requests of the plug what the task is about to submit, or has just submitted? */
static bool vhdx_nowait_owns(const struct blk_plug *plug, const struct bio_list *bios)
{
	return !bios || (unsigned long)plug < (unsigned long)bios;
}

/*
 * Is the request, or are all requests of the list, what the task itself has submitted, and may
 * what it has collected stay where it is for the time? @bios is an array of two.
 */
static bool vhdx_nowait_can_hide(const struct request_queue *q, bool batch)
{
	const struct bio_list *bios = current->bio_list;
	const struct blk_plug *plug = current->plug;

	if (bios && (bios[0].head || bios[1].head))
		return false;
	if (!batch)
		return !plug;
	return plug && vhdx_nowait_owns(plug, bios) && !plug->multiple_queues &&
	       list_empty(&plug->cb_list) && vhdx_plug_cached_queue(plug, q) == q;
}

/* See above. */
static bool vhdx_nowait_is_clean(const struct request_queue *q, bool batch)
{
	return in_task() && !current->journal_info &&
	       !(current->flags & (PF_MEMALLOC | PF_KSWAPD | PF_WQ_WORKER)) &&
	       get_current_state() == TASK_RUNNING && vhdx_nowait_has_stack() &&
	       vhdx_nowait_can_hide(q, batch);
}

/**
 * vhdx_nowait_enter() - make the submitter's context fit to enter a file system in
 * @scope:	filled on success
 * @q:		of the request, or of all of them
 * @batch:	for a list of requests: what is submitted below is collected
 *
 * Context: ->queue_rq() or ->queue_rqs() of a queue that may block
 * Return: false if nobody can be sure that it is
 */
bool vhdx_nowait_enter(struct vhdx_nowait *scope, const struct request_queue *q, bool batch)
{
	if (!vhdx_nowait_is_clean(q, batch))
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
 * vhdx_nowait_leave() - the submitter's context is as it was
 * @scope:	of vhdx_nowait_enter()
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
