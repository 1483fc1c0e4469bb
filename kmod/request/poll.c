// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: polling
 *
 * A polled io_uring avoids interrupts, which cost more than the I/O of a fast device. Its
 * requests go to a hardware queue without interrupts, and the submitter polls that queue for
 * completions. Such queues exist if the module's parameter poll_queues is not 0, as with other
 * drivers.
 *
 * This driver has no completions of its own. A polled read that goes to the backing file in its
 * submitter (nowait.c) is polled there, too: to poll a queue of this driver is to poll the file,
 * and with it the device below, for each read under way in the queue. If that device has no
 * queues for polling it interrupts as always, and polling it finds nothing. The same holds for
 * requests that a thread serves, which must not spin: these complete without being polled.
 *
 * 1. A request's bit is set before it is submitted below, and cleared after it completes. The
 *    request of a set bit may complete at any moment, and its tag be used again.
 * 2. So vhdx_backing_poll() takes a reference to the read, as the submitter and the file system
 *    have one. If there is none left the read has completed, or none has begun.
 * 3. As long as vhdx_backing_poll() holds a reference the command cannot complete: the last
 *    reference completes it. So the read that is polled is the one that was looked up.
 *
 * On kernels before 6.12 the driver offers no polling (compat/blk.h).
 */
#include "request/poll.h"

#include "backing/backing.h"
#include "request/cmd.h"

/**
 * vhdx_poll() - poll for completions; ->poll() of the block layer
 * @hctx:	a queue for polling
 * @batch:	where drivers below may collect completions, or NULL
 *
 * Begins after the read that was found last, so that a file on a busy device does not keep one
 * on another device from being polled.
 *
 * Context: process
 * Return: number of requests below that have completed, of this driver or not; 0 if unknown
 */
int vhdx_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *batch)
{
	struct vhdx_queue *queue = hctx->driver_data;
	unsigned int tag, start = READ_ONCE(queue->poll_from) % VHDX_QUEUE_DEPTH;
	unsigned long polled[BITS_TO_LONGS(VHDX_QUEUE_DEPTH)];
	unsigned int i;

	/* a copy: bits are set and cleared meanwhile, see 1. */
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
