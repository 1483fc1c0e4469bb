// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: polling
 *
 * Who reads by a polled io_uring does not want an interrupt, which costs more than
 * a fast device takes: the request goes to a queue whose completions nobody announces, and the
 * submitter asks for them. Such queues exist if the module's parameter poll_queues is not 0,
 * as with other drivers.
 *
 * We have no completions of our own. A read that goes to the backing file from its submitter
 * (nowait.c) is marked as polled there too, and whoever asks us is asked on behalf of: each
 * read under way in this queue asks the file, and that the device below. If that has no
 * queues for polling it interrupts as always, and asking it finds nothing. So it is with
 * requests that a thread serves, which must not spin: they end without being asked for.
 *
 * 1. A request's bit is set before it is submitted below, and cleared after it is over. What
 *    lies behind a set bit may end at any moment, and its tag be used again.
 * 2. So vhdx_backing_poll() takes a reference, as the submitter and the file system have
 *    one. If there is none left the read is over, or none began.
 * 3. While it holds one the command cannot end: that is done by whoever lets go last. So the
 *    read that is asked for is the one that was looked at.
 *
 * Kernels before 6.12 are told that we cannot be polled (compat/blk.h).
 */
#include "request/poll.h"

#include "backing/backing.h"
#include "request/cmd.h"

/**
 * vhdx_poll() - has anything ended? For the block layer
 * @hctx:	a queue for polling
 * @batch:	where drivers below may collect what has, or NULL
 *
 * What was found last is looked at last, so that a file on a busy device does not hide one
 * on another.
 *
 * Context: process
 * Return: how many requests below have ended, ours or not; 0 if that is not known
 */
int vhdx_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *batch)
{
	struct vhdx_queue *queue = hctx->driver_data;
	unsigned int tag, start = READ_ONCE(queue->poll_from) % VHDX_QUEUE_DEPTH;
	unsigned long polled[BITS_TO_LONGS(VHDX_QUEUE_DEPTH)];
	unsigned int i;

	/* bits are set and cleared meanwhile: see 1. */
	for (i = 0; i < ARRAY_SIZE(polled); i++)
		polled[i] = READ_ONCE(queue->polled[i]);
	for_each_set_bit_wrap(tag, polled, VHDX_QUEUE_DEPTH, start) {
		struct request *rq = blk_mq_tag_to_rq(hctx->tags, tag);
		struct vhdx_cmd *cmd = blk_mq_rq_to_pdu(rq);
		int found = vhdx_backing_poll(&cmd->io, batch);

		if (found) {
			WRITE_ONCE(queue->poll_from, tag + 1);
			return found;
		}
	}
	return 0;
}
