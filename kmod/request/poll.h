/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Polled completion.
 */
#ifndef VHDX_REQUEST_POLL_H
#define VHDX_REQUEST_POLL_H

#include <linux/blk-mq.h>

#include "request/queue.h"

int vhdx_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *batch);

/**
 * vhdx_poll_begin() - poll a request from now on, if it has REQ_POLLED
 * @queue:	of the request; then a queue for polling
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
 * vhdx_poll_end() - undo vhdx_poll_begin()
 * @queue:	of the request
 * @rq:		completed below
 *
 * Context: any
 */
static inline void vhdx_poll_end(struct vhdx_queue *queue, const struct request *rq)
{
	if (unlikely(rq->cmd_flags & REQ_POLLED))
		clear_bit(rq->tag, queue->polled);
}

#endif /* VHDX_REQUEST_POLL_H */
