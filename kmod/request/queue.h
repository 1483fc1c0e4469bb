/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware queues: requests from the block layer wait here for the queue's thread.
 */
#ifndef VHDX_REQUEST_QUEUE_H
#define VHDX_REQUEST_QUEUE_H

#include <linux/bitmap.h>
#include <linux/blk-mq.h>
#include <linux/llist.h>
#include <linux/wait.h>

/* Requests of a hardware queue */
#define VHDX_QUEUE_DEPTH	128

struct vhdx_cmd;
struct vhdx_image;
struct vhdx_queues;
struct vhdx_waiter;

/**
 * struct vhdx_queue - one hardware queue
 * @list:	commands the thread has to look at, newest first
 * @rest:	commands the thread has taken, but not begun with
 * @wait:	where the thread sleeps
 * @thread:	looks at them
 * @queues:	all of the disk's
 * @polled:	tags of requests that are polled for
 * @poll_from:	where to begin with those
 */
struct vhdx_queue {
	struct llist_head list;
	struct llist_node *rest;
	wait_queue_head_t wait;
	struct task_struct *thread;
	struct vhdx_queues *queues;
	DECLARE_BITMAP(polled, VHDX_QUEUE_DEPTH);
	unsigned int poll_from;
};

/**
 * struct vhdx_queue_stats - of one CPU, or of all
 * @nowait_reads: reads under way or over where they were submitted
 * @queued_reads: how often a thread took up a read
 */
struct vhdx_queue_stats {
	u64 nowait_reads;
	u64 queued_reads;
};

/**
 * struct vhdx_queues - the hardware queues of one disk, and what they serve
 * @image:	where data comes from
 * @nowait_reads: reads may be submitted by whoever asks; changes at any time
 * @stats:	for people
 * @dead:	the disk was detached by force: fail whatever is not yet on its way
 * @tag_set:	for the block layer; driver_data is this structure
 * @nr:		of @queue
 * @nr_poll:	of these, the last ones are for requests that are polled for
 * @nr_threads:	that run, one for each of the first of @queue
 * @queue:	the queues; behind them one that the block layer does not know, for what may
 *		take long in the backing file
 */
struct vhdx_queues {
	struct vhdx_image *image;
	bool nowait_reads;
	bool dead;
	struct vhdx_queue_stats __percpu *stats;
	struct blk_mq_tag_set tag_set;
	unsigned int nr;
	unsigned int nr_poll;
	unsigned int nr_threads;
	struct vhdx_queue *queue;
};

void vhdx_queue_add(struct vhdx_queue *queue, struct vhdx_cmd *cmd);
void vhdx_queue_again(struct vhdx_cmd *cmd);
void vhdx_queue_waited(struct vhdx_waiter *waiter, int error);
void vhdx_queue_kick(struct vhdx_queue *queue);

int vhdx_queues_start(struct vhdx_queues *queues, struct vhdx_image *image,
		      const struct blk_mq_ops *ops, int index);
void vhdx_queues_stop(struct vhdx_queues *queues);
void vhdx_queues_kill(struct vhdx_queues *queues);
void vhdx_queues_drain(struct vhdx_queues *queues);
void vhdx_queues_park(struct vhdx_queues *queues);
void vhdx_queues_unpark(struct vhdx_queues *queues);
void vhdx_queues_stats(const struct vhdx_queues *queues, struct vhdx_queue_stats *stats);
void vhdx_queues_serve(struct vhdx_queues *queues, struct vhdx_image *image);
void vhdx_queues_map(struct blk_mq_tag_set *set);

#endif /* VHDX_REQUEST_QUEUE_H */
