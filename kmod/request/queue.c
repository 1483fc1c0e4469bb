// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: queues and their threads
 *
 * Each hardware queue has a thread of its own, created at attach. So it exists when memory is
 * short and no worker could be created, and a page that must be read in before memory can be
 * freed can be read. Requests that submit.c does not serve itself, and commands after a wait,
 * go onto a lock-free list. The thread is woken once per batch and takes the whole list,
 * under one plug, so that the reads below are batched, too.
 *
 * A command on the list may complete before the wakeup for it is sent, if the thread is awake.
 * With its last request complete, the disk may be removed. So a queue is added to and woken in
 * one RCU read-side section, and vhdx_queues_stop() waits for such sections before it frees the
 * queues.
 *
 * On a killed disk it does not depend on the threads that commands leave the lists: a thread may
 * hang in the backing file. vhdx_queues_drain() fails what is on the lists, and what a thread
 * has taken but not begun. Each command added later is failed by the context that adds it.
 *
 * Discards, which may take long in the backing file, have a thread of their own, so that reads
 * and writes do not wait behind them. What takes longer still, flushing and growing the file,
 * is done by threads of the journal and of the space.
 *
 * A thread enters the backing file system, which may allocate memory. So it is always in a NOIO
 * scope: reclaim must not wait for this disk from inside this disk. And it is not throttled for
 * dirty pages above this disk (PF_LOCAL_THROTTLE).
 */
#include "request/queue.h"

#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "delay.h"
#include "image/image.h"
#include "request/cmd.h"
#include "request/discard.h"
#include "request/read.h"
#include "request/write.h"

#define VHDX_MAX_QUEUES		8U

static unsigned int queues;
module_param(queues, uint, 0644);
MODULE_PARM_DESC(queues, "hardware queues per disk, 0: one per CPU up to 8; read at attach");

static unsigned int poll_queues;
module_param(poll_queues, uint, 0644);
MODULE_PARM_DESC(poll_queues, "more queues for polled reads, Linux 6.12 and later; read at attach");

static bool nowait_reads = true;
module_param(nowait_reads, bool, 0644);
MODULE_PARM_DESC(nowait_reads, "submit reads from the submitter's context; read at attach");

/* The queue that a command is run from */
static struct vhdx_queue *vhdx_queue_of(struct vhdx_cmd *cmd)
{
	struct request *rq = vhdx_cmd_request(cmd);
	struct vhdx_queue *queue = rq->mq_hctx->driver_data;

	switch (req_op(rq)) {
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		return &queue->queues->queue[queue->queues->nr];
	default:
		return queue;
	}
}

/**
 * vhdx_queue_kick() - wake the thread of a queue if its list is not empty
 * @queue:	the queue
 *
 * Context: any; in an RCU read-side section, or before vhdx_queues_stop()
 */
void vhdx_queue_kick(struct vhdx_queue *queue)
{
	if (!llist_empty(&queue->list))
		wake_up(&queue->wait);
}

static void vhdx_queue_fail(struct llist_node *list)
{
	struct vhdx_cmd *cmd, *next;

	llist_for_each_entry_safe(cmd, next, list, node)
		vhdx_cmd_fail(cmd, -EIO);
}

/* Fail all commands that the thread has not begun. Context: any */
static void vhdx_queue_drain(struct vhdx_queue *queue)
{
	vhdx_queue_fail(xchg(&queue->rest, NULL));
	vhdx_queue_fail(llist_reverse_order(llist_del_all(&queue->list)));
}

/* Add to the list; if @wake, and the list was empty, wake the thread. Context: any */
static void vhdx_queue_put(struct vhdx_queue *queue, struct vhdx_cmd *cmd, bool wake)
{
	rcu_read_lock();
	/* only the first addition wakes the thread, which takes the whole list */
	wake &= llist_add(&cmd->node, &queue->list);
	vhdx_delay_atomic(queue_added);
	if (wake)
		vhdx_queue_kick(queue);
	/* ordered after the addition; pairs with vhdx_queues_drain() */
	if (unlikely(READ_ONCE(queue->queues->dead)))
		vhdx_queue_drain(queue);
	rcu_read_unlock();
}

/**
 * vhdx_queue_add() - queue a new command for its thread
 * @queue:	hardware queue of the request
 * @cmd:	new; must not be used afterwards
 *
 * The thread of @queue is woken by the next vhdx_queue_kick(). The thread of discards is woken
 * at once.
 *
 * Context: any
 */
void vhdx_queue_add(struct vhdx_queue *queue, struct vhdx_cmd *cmd)
{
	struct vhdx_queue *its = vhdx_queue_of(cmd);

	vhdx_queue_put(its, cmd, its != queue);
}

/**
 * vhdx_queue_requeue() - queue a command to run again
 * @cmd:	not running; must not be used afterwards
 *
 * Context: any
 */
void vhdx_queue_requeue(struct vhdx_cmd *cmd)
{
	vhdx_queue_put(vhdx_queue_of(cmd), cmd, true);
}

/**
 * vhdx_queue_waited() - @done of a command's waiter
 * @waiter:	of the command
 * @error:	0 or a negative errno, for the command
 *
 * Context: any
 */
void vhdx_queue_waited(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_cmd *cmd = container_of(waiter, struct vhdx_cmd, waiter);

	if (error)
		cmd->error = error;
	vhdx_queue_requeue(cmd);
}

static void vhdx_queue_dispatch(struct vhdx_queues *queues, struct vhdx_cmd *cmd)
{
	switch (req_op(vhdx_cmd_request(cmd))) {
	case REQ_OP_READ:
		this_cpu_inc(queues->stats->queued_reads);
		vhdx_read_run(cmd);
		break;
	case REQ_OP_WRITE:
		vhdx_write_run(cmd);
		break;
	case REQ_OP_FLUSH:
		vhdx_write_flush(cmd);
		break;
	default:
		vhdx_discard_run(cmd);
		break;
	}
}

static void vhdx_queue_run(struct vhdx_queue *queue)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&queue->list));
	struct vhdx_cmd *cmd;
	struct blk_plug plug;

	blk_start_plug(&plug);
	while (list) {
		cmd = llist_entry(list, struct vhdx_cmd, node);
		/* a full barrier: either a kill sees @rest, or @dead is seen here */
		xchg(&queue->rest, list->next);
		if (unlikely(READ_ONCE(queue->queues->dead)))
			vhdx_cmd_fail(cmd, -EIO);
		else
			vhdx_queue_dispatch(queue->queues, cmd);
		list = xchg(&queue->rest, NULL);
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
				     kthread_should_park() || kthread_should_stop());
		vhdx_queue_run(queue);
		if (kthread_should_park())
			kthread_parkme();
	}
	return 0;
}

static void vhdx_queues_stop_threads(struct vhdx_queues *queues)
{
	while (queues->nr_threads)
		kthread_stop(queues->queue[--queues->nr_threads].thread);
	/* a context that has added a command may still have to wake a thread */
	synchronize_rcu();
	kfree(queues->queue);
}

/*
 * A writable image has one thread more than queues, for discards. The number of threads is kept:
 * the image may have become read-only when they are stopped.
 */
static int vhdx_queues_start_threads(struct vhdx_queues *queues, int index)
{
	unsigned int nr = queues->nr + queues->image->writable, i;

	queues->queue = kcalloc(nr, sizeof(*queues->queue), GFP_KERNEL);
	if (!queues->queue)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		struct vhdx_queue *queue = &queues->queue[i];

		init_llist_head(&queue->list);
		init_waitqueue_head(&queue->wait);
		queue->queues = queues;
		if (i < queues->nr)
			queue->thread = kthread_run(vhdx_queue_thread, queue, "vhdx%d/%u", index,
						    i);
		else
			queue->thread = kthread_run(vhdx_queue_thread, queue, "vhdx%d/trim", index);
		if (IS_ERR(queue->thread)) {
			int ret = PTR_ERR(queue->thread);

			vhdx_queues_stop_threads(queues);
			return ret;
		}
		queues->nr_threads++;
	}
	return 0;
}

/* Blocking: a read that is tried in its submitter may sleep, see nowait.c. */
static int vhdx_queues_alloc_tags(struct vhdx_queues *queues, const struct blk_mq_ops *ops)
{
	struct blk_mq_tag_set *set = &queues->tag_set;

	set->ops = ops;
	set->nr_hw_queues = queues->nr;
	set->nr_maps = queues->nr_poll ? HCTX_MAX_TYPES : 1;
	set->queue_depth = VHDX_QUEUE_DEPTH;
	set->numa_node = NUMA_NO_NODE;
	set->cmd_size = sizeof(struct vhdx_cmd);
	set->flags = VHDX_MQ_F_SHOULD_MERGE | BLK_MQ_F_STACKING | BLK_MQ_F_NO_SCHED_BY_DEFAULT |
		     BLK_MQ_F_BLOCKING;
	set->driver_data = queues;
	return blk_mq_alloc_tag_set(set);
}

/**
 * vhdx_queues_start() - create the threads and the tags of a disk
 * @q:		zeroed
 * @image:	what they serve
 * @ops:	of the block layer; the driver_data of a hardware queue is its struct vhdx_queue
 * @index:	number of the disk, for the names of the threads
 *
 * Context: process, may sleep
 * Return: 0 or a negative errno
 */
int vhdx_queues_start(struct vhdx_queues *q, struct vhdx_image *image,
		      const struct blk_mq_ops *ops, int index)
{
	unsigned int wanted = queues ? queues : min(num_online_cpus(), VHDX_MAX_QUEUES);
	int ret;

	q->image = image;
	q->nowait_reads = nowait_reads;
	q->nr_poll = VHDX_MAY_POLL ? min(poll_queues, nr_cpu_ids) : 0;
	q->nr = clamp(wanted, 1U, nr_cpu_ids) + q->nr_poll;
	q->stats = alloc_percpu(struct vhdx_queue_stats);
	if (!q->stats)
		return -ENOMEM;
	ret = vhdx_queues_start_threads(q, index);
	if (ret)
		goto err_free_stats;
	ret = vhdx_queues_alloc_tags(q, ops);
	if (ret)
		goto err_stop_threads;
	return 0;

err_stop_threads:
	vhdx_queues_stop_threads(q);
err_free_stats:
	free_percpu(q->stats);
	return ret;
}

/**
 * vhdx_queues_stop() - undo vhdx_queues_start()
 * @queues:	without requests, and none can be submitted
 *
 * Context: process, may sleep
 */
void vhdx_queues_stop(struct vhdx_queues *queues)
{
	/*
	 * Threads first: one may not have returned yet from a function that completed a command. It
	 * does not use the command: with an I/O scheduler it was freed with the gendisk.
	 */
	vhdx_queues_stop_threads(queues);
	blk_mq_free_tag_set(&queues->tag_set);
	free_percpu(queues->stats);
}

/**
 * vhdx_queues_kill() - from now on, fail each command that is not in the backing file yet
 * @queues:	zeroed, running or not
 *
 * Context: any
 */
void vhdx_queues_kill(struct vhdx_queues *queues)
{
	WRITE_ONCE(queues->dead, true);
}

/**
 * vhdx_queues_drain() - fail the commands on the lists, even if a thread hangs
 * @queues:	running, killed
 *
 * Context: any
 */
void vhdx_queues_drain(struct vhdx_queues *queues)
{
	unsigned int i;

	/* taking a list is a full barrier: an addition after that sees @dead */
	for (i = 0; i < queues->nr_threads; i++)
		vhdx_queue_drain(&queues->queue[i]);
}

/**
 * vhdx_queues_park() - wait until no thread uses the image
 * @queues:	no request is under way, and none is dispatched
 *
 * A thread may have passed a command to another thread and not have returned yet: it may be about
 * to wake a thread of the journal, which is about to be freed.
 *
 * Context: process, may sleep
 */
void vhdx_queues_park(struct vhdx_queues *queues)
{
	unsigned int i;

	for (i = 0; i < queues->nr_threads; i++)
		kthread_park(queues->queue[i].thread);
}

/**
 * vhdx_queues_unpark() - undo vhdx_queues_park()
 * @queues:	parked
 *
 * Context: process
 */
void vhdx_queues_unpark(struct vhdx_queues *queues)
{
	unsigned int i;

	for (i = 0; i < queues->nr_threads; i++)
		kthread_unpark(queues->queue[i].thread);
}

/**
 * vhdx_queues_serve() - serve another image from now on
 * @queues:	parked
 * @image:	of the same geometry
 *
 * Context: process
 */
void vhdx_queues_serve(struct vhdx_queues *queues, struct vhdx_image *image)
{
	queues->image = image;
}

/**
 * vhdx_queues_stats() - statistics of reads, summed over all CPUs
 * @queues:	running
 * @stats:	filled
 *
 * Context: any
 */
void vhdx_queues_stats(const struct vhdx_queues *queues, struct vhdx_queue_stats *stats)
{
	int cpu;

	*stats = (struct vhdx_queue_stats) { .nowait_reads = 0 };
	for_each_possible_cpu(cpu) {
		const struct vhdx_queue_stats *its = per_cpu_ptr(queues->stats, cpu);

		stats->nowait_reads += READ_ONCE(its->nowait_reads);
		stats->queued_reads += READ_ONCE(its->queued_reads);
	}
}

/**
 * vhdx_queues_map() - map CPUs to hardware queues; ->map_queues() of the block layer
 * @set:	of the disk; its last queues are for polling
 *
 * Context: process
 */
void vhdx_queues_map(struct blk_mq_tag_set *set)
{
	const struct vhdx_queues *queues = set->driver_data;
	struct blk_mq_queue_map *others = &set->map[HCTX_TYPE_DEFAULT];
	struct blk_mq_queue_map *poll = &set->map[HCTX_TYPE_POLL];

	others->nr_queues = queues->nr - queues->nr_poll;
	blk_mq_map_queues(others);
	if (!queues->nr_poll)
		return;
	/* no queues for reads only */
	set->map[HCTX_TYPE_READ].nr_queues = 0;
	poll->nr_queues = queues->nr_poll;
	poll->queue_offset = others->nr_queues;
	blk_mq_map_queues(poll);
}
