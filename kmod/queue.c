// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: queues and their threads
 *
 * Each hardware queue has a thread of its own, made at attach: it is there when memory is
 * short and no worker could be created, so a page that must be read in to free memory can
 * be. The block layer's requests, and commands that come back from waiting, go onto a
 * lock-free list; the thread is woken once per batch and takes the whole list, under one
 * plug so that the reads below are batched too.
 *
 * Discards, which may take long in the backing file, have one more thread, so that reads and
 * writes do not wait behind them. What takes longer still, flushing and growing the file,
 * is done by threads of the journal's and the space's.
 *
 * The thread enters the backing file system, which may allocate memory: it is in a NOIO
 * scope for life, so that reclaim does not wait for this disk from inside this disk, and
 * is not throttled for dirty pages above it.
 */
#include "queue.h"

#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "command.h"
#include "compat.h"
#include "image.h"
#include "read.h"
#include "trim.h"
#include "write.h"

#define VHDX_MAX_QUEUES		8U
#define VHDX_QUEUE_DEPTH	128

static unsigned int queues;
module_param(queues, uint, 0644);
MODULE_PARM_DESC(queues, "hardware queues per disk, 0: one per CPU up to 8; taken at attach");

static void vhdx_queue_kick(struct vhdx_queue *queue)
{
	wake_up(&queue->wait);
}

static struct vhdx_queue *vhdx_queue_of(struct vhdx_command *command)
{
	struct request *rq = vhdx_command_request(command);
	struct vhdx_queue *queue = rq->mq_hctx->driver_data;

	switch (req_op(rq)) {
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		return &queue->queues->queue[queue->queues->nr];
	default:
		return queue;
	}
}

/* What a command waited for is there: back to the thread of its queue. Context: any */
static void vhdx_queue_again(struct vhdx_command *command)
{
	struct vhdx_queue *queue = vhdx_queue_of(command);

	/* only the first has to wake the thread: it takes all that it finds */
	if (llist_add(&command->node, &queue->list))
		vhdx_queue_kick(queue);
}

static bool vhdx_queue_takes(const struct vhdx_image *image, const struct request *rq)
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

static blk_status_t vhdx_queue_rq(struct blk_mq_hw_ctx *hctx,
				  const struct blk_mq_queue_data *bd)
{
	struct vhdx_queue *queue = hctx->driver_data, *its;
	struct vhdx_command *command = blk_mq_rq_to_pdu(bd->rq);

	if (!vhdx_queue_takes(queue->queues->image, bd->rq))
		return BLK_STS_IOERR;
	blk_mq_start_request(bd->rq);
	vhdx_command_init(command, queue->queues->image, vhdx_queue_again);
	its = vhdx_queue_of(command);
	if (llist_add(&command->node, &its->list) && its != queue)
		vhdx_queue_kick(its);
	if (bd->last)
		vhdx_queue_kick(queue);
	return BLK_STS_OK;
}

/* The block layer announced more and has none: what came is waiting for a kick. */
static void vhdx_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	vhdx_queue_kick(hctx->driver_data);
}

static void vhdx_complete_rq(struct request *rq)
{
	struct vhdx_command *command = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, errno_to_blk_status(command->error));
}

static int vhdx_init_hctx(struct blk_mq_hw_ctx *hctx, void *data, unsigned int index)
{
	struct vhdx_queues *all = data;

	hctx->driver_data = &all->queue[index];
	return 0;
}

static const struct blk_mq_ops vhdx_mq_ops = {
	.queue_rq	= vhdx_queue_rq,
	.commit_rqs	= vhdx_commit_rqs,
	.complete	= vhdx_complete_rq,
	.init_hctx	= vhdx_init_hctx,
};

static void vhdx_queue_dispatch(struct vhdx_command *command)
{
	switch (req_op(vhdx_command_request(command))) {
	case REQ_OP_READ:
		vhdx_read_run(command);
		break;
	case REQ_OP_WRITE:
		vhdx_write_run(command);
		break;
	case REQ_OP_FLUSH:
		vhdx_flush_run(command);
		break;
	default:
		vhdx_trim_run(command);
		break;
	}
}

static void vhdx_queue_run(struct vhdx_queue *queue)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&queue->list));
	struct vhdx_command *command, *next;
	struct blk_plug plug;

	blk_start_plug(&plug);
	llist_for_each_entry_safe(command, next, list, node) {
		if (unlikely(READ_ONCE(queue->queues->dead)))
			vhdx_command_fail(command, -EIO);
		else
			vhdx_queue_dispatch(command);
	}
	blk_finish_plug(&plug);
	cond_resched();
}

static int vhdx_queue_thread(void *data)
{
	struct vhdx_queue *queue = data;

	current->flags |= PF_LOCAL_THROTTLE | PF_MEMALLOC_NOIO;
	set_freezable();
	while (!kthread_should_stop()) {
		wait_event_freezable(queue->wait, !llist_empty(&queue->list) ||
				     kthread_should_stop());
		vhdx_queue_run(queue);
	}
	return 0;
}

static int vhdx_queue_start(struct vhdx_queue *queue, struct vhdx_queues *queues, int index,
			    unsigned int nr)
{
	init_llist_head(&queue->list);
	init_waitqueue_head(&queue->wait);
	queue->queues = queues;
	if (nr < queues->nr)
		queue->thread = kthread_run(vhdx_queue_thread, queue, "vhdx%d/%u", index, nr);
	else
		queue->thread = kthread_run(vhdx_queue_thread, queue, "vhdx%d/trim", index);
	return PTR_ERR_OR_ZERO(queue->thread);
}

static void vhdx_queues_stop_threads(struct vhdx_queues *queues, unsigned int nr)
{
	while (nr--)
		kthread_stop(queues->queue[nr].thread);
	kfree(queues->queue);
}

/* One thread more than queues if there is anything to trim. */
static unsigned int vhdx_queues_threads(const struct vhdx_queues *queues)
{
	return queues->nr + queues->image->writable;
}

static int vhdx_queues_start_threads(struct vhdx_queues *queues, int index)
{
	unsigned int nr = vhdx_queues_threads(queues), i;
	int ret;

	queues->queue = kcalloc(nr, sizeof(*queues->queue), GFP_KERNEL);
	if (!queues->queue)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		ret = vhdx_queue_start(&queues->queue[i], queues, index, i);
		if (ret) {
			vhdx_queues_stop_threads(queues, i);
			return ret;
		}
	}
	return 0;
}

static int vhdx_queues_alloc_tags(struct vhdx_queues *queues)
{
	struct blk_mq_tag_set *set = &queues->tag_set;

	set->ops = &vhdx_mq_ops;
	set->nr_hw_queues = queues->nr;
	set->queue_depth = VHDX_QUEUE_DEPTH;
	set->numa_node = NUMA_NO_NODE;
	set->cmd_size = sizeof(struct vhdx_command);
	set->flags = VHDX_MQ_F_SHOULD_MERGE | BLK_MQ_F_STACKING | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	set->driver_data = queues;
	return blk_mq_alloc_tag_set(set);
}

/**
 * vhdx_queues_start() - threads and tags for a disk
 * @q:		zeroed
 * @image:	what they will serve
 * @index:	number of the disk, for the threads' names
 *
 * Return: 0 or a negative errno
 */
int vhdx_queues_start(struct vhdx_queues *q, struct vhdx_image *image, int index)
{
	unsigned int wanted = queues ? queues : min(num_online_cpus(), VHDX_MAX_QUEUES);
	int ret;

	q->image = image;
	q->nr = clamp(wanted, 1U, nr_cpu_ids);
	ret = vhdx_queues_start_threads(q, index);
	if (ret)
		return ret;
	ret = vhdx_queues_alloc_tags(q);
	if (ret)
		vhdx_queues_stop_threads(q, vhdx_queues_threads(q));
	return ret;
}

/**
 * vhdx_queues_stop() - undo vhdx_queues_start()
 * @queues:	no request is left, none can come
 */
void vhdx_queues_stop(struct vhdx_queues *queues)
{
	blk_mq_free_tag_set(&queues->tag_set);
	vhdx_queues_stop_threads(queues, vhdx_queues_threads(queues));
}

/**
 * vhdx_queues_kill() - from now on, fail what is not yet being read or written
 * @queues:	running
 */
void vhdx_queues_kill(struct vhdx_queues *queues)
{
	WRITE_ONCE(queues->dead, true);
}

/**
 * vhdx_queues_serve() - from now on, serve another image
 * @queues:	no request is on its way, and none is dispatched
 * @image:	of the same geometry
 */
void vhdx_queues_serve(struct vhdx_queues *queues, struct vhdx_image *image)
{
	queues->image = image;
}
