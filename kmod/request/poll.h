/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Requests whose end is asked for, again and again, instead of waited for.
 */
#ifndef VHDX_REQUEST_POLL_H
#define VHDX_REQUEST_POLL_H

#include <linux/blk-mq.h>

#include "request/queue.h"

int vhdx_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *batch);

/**
 * vhdx_poll_begin() - from now on vhdx_poll() looks at a request, if it is to be polled for
 * @queue:	the request's, which is one for polling then
 * @rq:		about to be submitted below
 *
 * Context: any
 */
static inline void vhdx_poll_begin(struct vhdx_queue *queue, const struct request *rq)
{
	if (unlikely(rq->cmd_flags & REQ_POLLED))
		set_bit(rq->tag, queue->polled);
}

/**
 * vhdx_poll_end() - no more
 * @queue:	as before
 * @rq:		over, with nothing under way below
 *
 * Context: any
 */
static inline void vhdx_poll_end(struct vhdx_queue *queue, const struct request *rq)
{
	if (unlikely(rq->cmd_flags & REQ_POLLED))
		clear_bit(rq->tag, queue->polled);
}

#endif /* VHDX_REQUEST_POLL_H */
