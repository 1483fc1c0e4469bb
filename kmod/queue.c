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

#define VHDX_MAX_QUEUES		8U
#define VHDX_QUEUE_DEPTH	128

static unsigned int queues;
module_param(queues, uint, 0644);
MODULE_PARM_DESC(queues, "hardware queues per disk, 0: one per CPU up to 8; taken at attach");

static void vhdx_queue_kick(struct vhdx_queue *queue)
{
	wake_up(&queue->wait);
}

/* What a command waited for is there: back to the thread of its queue. Context: any */
static void vhdx_queue_again(struct vhdx_command *command)
{
	struct vhdx_queue *queue = blk_mq_rq_from_pdu(command)->mq_hctx->driver_data;

	/* only the first has to wake the thread: it takes all that it finds */
	if (llist_add(&command->node, &queue->list))
		vhdx_queue_kick(queue);
}

static blk_status_t vhdx_queue_rq(struct blk_mq_hw_ctx *hctx,
				  const struct blk_mq_queue_data *bd)
{
	struct vhdx_queue *queue = hctx->driver_data;
	struct vhdx_command *command = blk_mq_rq_to_pdu(bd->rq);

	/* 6.1 lets writes to a read-only disk come as far as here */
	if (req_op(bd->rq) != REQ_OP_READ)
		return BLK_STS_IOERR;
	blk_mq_start_request(bd->rq);
	vhdx_command_init(command, queue->queues->image, vhdx_queue_again);
	llist_add(&command->node, &queue->list);
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
			vhdx_command_run(command);
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
	queue->thread = kthread_run(vhdx_queue_thread, queue, "vhdx%d/%u", index, nr);
	return PTR_ERR_OR_ZERO(queue->thread);
}

static void vhdx_queues_stop_threads(struct vhdx_queues *queues, unsigned int nr)
{
	while (nr--)
		kthread_stop(queues->queue[nr].thread);
	kfree(queues->queue);
}

static int vhdx_queues_start_threads(struct vhdx_queues *queues, int index)
{
	unsigned int i;
	int ret;

	queues->queue = kcalloc(queues->nr, sizeof(*queues->queue), GFP_KERNEL);
	if (!queues->queue)
		return -ENOMEM;
	for (i = 0; i < queues->nr; i++) {
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
		vhdx_queues_stop_threads(q, q->nr);
	return ret;
}

/**
 * vhdx_queues_stop() - undo vhdx_queues_start()
 * @queues:	no request is left, none can come
 */
void vhdx_queues_stop(struct vhdx_queues *queues)
{
	blk_mq_free_tag_set(&queues->tag_set);
	vhdx_queues_stop_threads(queues, queues->nr);
}

/**
 * vhdx_queues_kill() - from now on, fail what is not yet being read
 * @queues:	running
 */
void vhdx_queues_kill(struct vhdx_queues *queues)
{
	WRITE_ONCE(queues->dead, true);
}
