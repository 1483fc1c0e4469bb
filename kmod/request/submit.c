// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Requests come in, one by one or as many as the submitter had collected. Reads are tried
 * where they come in (nowait.c says when, and why that is safe); whatever is left goes to a
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

/* Requests that came together, or one that came alone; on the stack */
struct vhdx_batch {
	struct vhdx_nowait scope;
	struct vhdx_queue *kick;	/* has got some, and not been woken for them */
	bool many;			/* more may come */
	bool tried;			/* to enter @scope */
	bool inside;			/* it */
};

static bool vhdx_submit_takes(const struct vhdx_image *image, const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return true;
	case REQ_OP_WRITE:
	case REQ_OP_FLUSH:
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		/* 6.1 lets writes to a read-only disk come as far as here */
		return image->writable;
	default:
		return false;
	}
}

/* Is there any point in trying? */
static bool vhdx_submit_tries(const struct vhdx_queues *queues, const struct request *rq)
{
	return vhdx_nowait_suits(rq) && READ_ONCE(queues->nowait_reads);
}

/* Not all of it: the scope is large, and is filled if it is needed. */
static void vhdx_submit_begin(struct vhdx_batch *batch, bool many)
{
	batch->kick = NULL;
	batch->many = many;
	batch->tried = false;
	batch->inside = false;
}

/* The context is entered for the first read that is tried, and left after the last. */
static bool vhdx_submit_enter(struct vhdx_batch *batch, const struct request_queue *q)
{
	if (!batch->tried)
		batch->inside = vhdx_nowait_enter(&batch->scope, q, batch->many);
	batch->tried = true;
	return batch->inside;
}

static bool vhdx_submit_read(struct vhdx_batch *batch, struct vhdx_queues *queues,
			     struct request *rq)
{
	if (!vhdx_submit_tries(queues, rq) || !vhdx_submit_enter(batch, rq->q) ||
	    !vhdx_read_try(blk_mq_rq_to_pdu(rq)))
		return false;
	this_cpu_inc(queues->stats->nowait_reads);
	return true;
}

/* To a thread, which is not woken before the last or before one for another thread */
static void vhdx_submit_leave(struct vhdx_batch *batch, struct vhdx_queue *queue,
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
	vhdx_cmd_init(cmd, queues->image, vhdx_queue_again);
	vhdx_poll_begin(queue, rq);
	if (unlikely(READ_ONCE(queues->dead)) || !vhdx_submit_takes(queues->image, rq))
		vhdx_cmd_fail(cmd, -EIO);
	else if (!vhdx_submit_read(batch, queues, rq))
		vhdx_submit_leave(batch, queue, cmd);
}

/*
 * By now the requests may be over, and with them whatever kept the disk: what is used of it
 * is there until vhdx_disk_remove() has waited for us.
 */
static void vhdx_submit_end(struct vhdx_batch *batch)
{
	if (batch->inside)
		vhdx_nowait_leave(&batch->scope);
	if (batch->kick)
		vhdx_queue_kick(batch->kick);
}

/* Others may have come before this one, and not been woken for */
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

/* The block layer announced more and has none: what came is waiting for a kick. */
static void vhdx_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	vhdx_queue_kick(hctx->driver_data);
}

/*
 * All that a task has collected for this disk. The list is taken away first: it is the
 * task's plug, to which nothing may be added, or looked for, while it is worked on.
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

static void vhdx_complete_rq(struct request *rq)
{
	struct vhdx_cmd *cmd = blk_mq_rq_to_pdu(rq);

	vhdx_poll_end(rq->mq_hctx->driver_data, rq);
	blk_mq_end_request(rq, errno_to_blk_status(cmd->error));
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
	.complete	= vhdx_complete_rq,
	.init_hctx	= vhdx_init_hctx,
	.map_queues	= vhdx_queues_map,
	.poll		= vhdx_poll,
};
