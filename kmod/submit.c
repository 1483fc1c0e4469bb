// SPDX-License-Identifier: GPL-2.0
/*
 * Requests come in, one by one or as many as the submitter had collected. Reads are tried
 * where they come in (inline.c says when, and why that is safe); whatever is left goes to a
 * thread, which is woken once for all of them.
 */
#include "submit.h"

#include "command.h"
#include "compat.h"
#include "image.h"
#include "inline.h"
#include "queue.h"
#include "read.h"

/* Is a batch of requests inside the submitter's context? */
enum vhdx_submit_inside {
	VHDX_SUBMIT_UNKNOWN,
	VHDX_SUBMIT_ENTERED,
	VHDX_SUBMIT_REFUSED,
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
	return vhdx_inline_suits(rq) && READ_ONCE(queues->inline_reads) &&
	       !READ_ONCE(queues->dead);
}

static void vhdx_submit_init(struct vhdx_queues *queues, struct request *rq)
{
	blk_mq_start_request(rq);
	vhdx_command_init(blk_mq_rq_to_pdu(rq), queues->image, vhdx_queue_again);
}

static bool vhdx_submit_read(struct vhdx_queues *queues, struct request *rq)
{
	if (!vhdx_read_try(blk_mq_rq_to_pdu(rq)))
		return false;
	this_cpu_inc(queues->stats->inline_reads);
	return true;
}

static bool vhdx_submit_read_alone(struct vhdx_queues *queues, struct request *rq)
{
	struct vhdx_inline scope;
	bool taken;

	if (!vhdx_submit_tries(queues, rq) || !vhdx_inline_enter(&scope, false))
		return false;
	taken = vhdx_submit_read(queues, rq);
	vhdx_inline_leave(&scope);
	return taken;
}

static blk_status_t vhdx_queue_rq(struct blk_mq_hw_ctx *hctx,
				  const struct blk_mq_queue_data *bd)
{
	struct vhdx_queue *queue = hctx->driver_data;
	struct vhdx_queues *queues = queue->queues;

	if (!vhdx_submit_takes(queues->image, bd->rq))
		return BLK_STS_IOERR;
	vhdx_submit_init(queues, bd->rq);
	if (!vhdx_submit_read_alone(queues, bd->rq))
		vhdx_queue_add(queue, blk_mq_rq_to_pdu(bd->rq));
	if (bd->last)
		vhdx_queue_kick(queue);
	return BLK_STS_OK;
}

/* The block layer announced more and has none: what came is waiting for a kick. */
static void vhdx_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	vhdx_queue_kick(hctx->driver_data);
}

/* To a thread, which is not woken before the last or before one for another thread */
static void vhdx_submit_leave(struct request *rq, struct vhdx_queue **kick)
{
	struct vhdx_queue *queue = rq->mq_hctx->driver_data;

	if (*kick && *kick != queue)
		vhdx_queue_kick(*kick);
	*kick = queue;
	vhdx_queue_add(queue, blk_mq_rq_to_pdu(rq));
}

/* One of several: the context is entered for the first that is tried. */
static bool vhdx_submit_read_among(struct vhdx_queues *queues, struct request *rq,
				   struct vhdx_inline *scope, enum vhdx_submit_inside *inside)
{
	if (!vhdx_submit_tries(queues, rq))
		return false;
	if (*inside == VHDX_SUBMIT_UNKNOWN)
		*inside = vhdx_inline_enter(scope, true) ? VHDX_SUBMIT_ENTERED :
							   VHDX_SUBMIT_REFUSED;
	return *inside == VHDX_SUBMIT_ENTERED && vhdx_submit_read(queues, rq);
}

/*
 * All that a task has collected for this disk. The list is taken away first: it is the
 * task's plug, to which nothing may be added, or looked for, while it is worked on.
 */
static void vhdx_queue_rqs(vhdx_rq_list *collected)
{
	vhdx_rq_list list = vhdx_rq_list_take(collected);
	enum vhdx_submit_inside inside = VHDX_SUBMIT_UNKNOWN;
	struct vhdx_inline scope;
	struct vhdx_queue *kick = NULL;
	struct request *rq;

	while ((rq = vhdx_rq_list_pop(&list))) {
		struct vhdx_queue *queue = rq->mq_hctx->driver_data;
		struct vhdx_queues *queues = queue->queues;

		vhdx_submit_init(queues, rq);
		if (!vhdx_submit_takes(queues->image, rq))
			vhdx_command_fail(blk_mq_rq_to_pdu(rq), -EIO);
		else if (!vhdx_submit_read_among(queues, rq, &scope, &inside))
			vhdx_submit_leave(rq, &kick);
	}
	if (inside == VHDX_SUBMIT_ENTERED)
		vhdx_inline_leave(&scope);
	if (kick)
		vhdx_queue_kick(kick);
}

static void vhdx_complete_rq(struct request *rq)
{
	struct vhdx_command *command = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, errno_to_blk_status(command->error));
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
};
