// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Submission: the block layer hands over requests one by one, or all that a task has collected.
 * Reads are tried in the submitter (nowait.c says when that is safe). All other requests go to a
 * thread, which is woken once for all of them.
 */
#include "request/submit.h"

#include "compat/blk.h"
#include "image/image.h"
#include "request/cmd.h"
#include "request/nowait.h"
#include "request/poll.h"
#include "request/queue.h"
#include "request/read.h"

/* Requests that are submitted together, or a single one; on the stack */
struct vhdx_batch {
	struct vhdx_nowait scope;
	struct vhdx_queue *kick;	/* its thread must still be woken */
	bool many;			/* more requests may follow */
	bool tried;			/* vhdx_nowait_enter() was called */
	bool inside;			/* it succeeded */
};

static bool vhdx_submit_is_valid(const struct vhdx_image *image, const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return true;
	case REQ_OP_WRITE:
	case REQ_OP_FLUSH:
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		/* Linux 6.1 submits writes to a read-only disk */
		return image->writable;
	default:
		return false;
	}
}

/* @scope is large, and stays uninitialized until a read is tried. */
static void vhdx_submit_begin(struct vhdx_batch *batch, bool many)
{
	batch->kick = NULL;
	batch->many = many;
	batch->tried = false;
	batch->inside = false;
}

/* The scope is entered for the first read that is tried, and left after the last request. */
static bool vhdx_submit_read(struct vhdx_batch *batch, struct vhdx_queues *queues,
			     struct request *rq)
{
	if (!vhdx_nowait_suits(rq) || !READ_ONCE(queues->nowait_reads))
		return false;
	if (!batch->tried)
		batch->inside = vhdx_nowait_enter(&batch->scope, rq->q, batch->many);
	batch->tried = true;
	if (!batch->inside || !vhdx_read_try(blk_mq_rq_to_pdu(rq)))
		return false;
	this_cpu_inc(queues->stats->nowait_reads);
	return true;
}

/* The thread of a queue is woken after its last request, or before one for another queue. */
static void vhdx_submit_queue(struct vhdx_batch *batch, struct vhdx_queue *queue,
			      struct vhdx_cmd *cmd)
{
	if (batch->kick && batch->kick != queue)
		vhdx_queue_kick(batch->kick);
	batch->kick = queue;
	vhdx_queue_add(queue, cmd);
}

static void vhdx_submit(struct vhdx_batch *batch, struct request *rq)
{
	struct vhdx_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct vhdx_queue *queue = rq->mq_hctx->driver_data;
	struct vhdx_queues *queues = queue->queues;

	blk_mq_start_request(rq);
	/* the other members still have the values of the last request */
	cmd->image = queues->image;
	cmd->again = vhdx_queue_requeue;
	cmd->waiter.done = vhdx_queue_waited;
	cmd->done = 0;
	cmd->recycled = 0;
	cmd->error = 0;
	cmd->stage = VHDX_STAGE_NONE;
	cmd->place = 0;
	cmd->bitmap = 0;
	cmd->bvecs = NULL;
	vhdx_poll_begin(queue, rq);
	if (unlikely(READ_ONCE(queues->dead)) || !vhdx_submit_is_valid(queues->image, rq))
		vhdx_cmd_fail(cmd, -EIO);
	else if (!vhdx_submit_read(batch, queues, rq))
		vhdx_submit_queue(batch, queue, cmd);
}

/*
 * The requests may have completed by now, and their references to the disk may be dropped. What
 * is used here exists until vhdx_disk_remove() has waited for all submitters.
 */
static void vhdx_submit_end(struct vhdx_batch *batch)
{
	if (batch->inside)
		vhdx_nowait_leave(&batch->scope);
	if (batch->kick)
		vhdx_queue_kick(batch->kick);
}

/* Earlier requests may have been queued without waking the thread: @last wakes it for all. */
static blk_status_t vhdx_queue_rq(struct blk_mq_hw_ctx *hctx,
				  const struct blk_mq_queue_data *bd)
{
	struct vhdx_batch batch;

	vhdx_submit_begin(&batch, false);
	vhdx_submit(&batch, bd->rq);
	batch.kick = bd->last ? hctx->driver_data : NULL;
	vhdx_submit_end(&batch);
	return BLK_STS_OK;
}

/* The block layer announced more requests, and has none. */
static void vhdx_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	vhdx_queue_kick(hctx->driver_data);
}

/*
 * All that a task has collected for this disk. The list is detached first: it is part of the
 * task's plug, which must be left alone while requests are submitted below.
 */
static void vhdx_queue_rqs(vhdx_rq_list *collected)
{
	vhdx_rq_list list = vhdx_rq_list_take(collected);
	struct vhdx_batch batch;
	struct request *rq;

	vhdx_submit_begin(&batch, true);
	while ((rq = vhdx_rq_list_pop(&list)))
		vhdx_submit(&batch, rq);
	vhdx_submit_end(&batch);
}

static int vhdx_init_hctx(struct blk_mq_hw_ctx *hctx, void *data, unsigned int index)
{
	struct vhdx_queues *queues = data;

	hctx->driver_data = &queues->queue[index];
	return 0;
}

/* For vhdx_queues_start() */
const struct blk_mq_ops vhdx_submit_ops = {
	.queue_rq	= vhdx_queue_rq,
	.queue_rqs	= vhdx_queue_rqs,
	.commit_rqs	= vhdx_commit_rqs,
	.complete	= vhdx_cmd_end_request,
	.init_hctx	= vhdx_init_hctx,
	.map_queues	= vhdx_queues_map,
	.poll		= vhdx_poll,
};
