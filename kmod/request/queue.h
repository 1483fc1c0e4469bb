/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Hardware queues: commands wait here for the thread of their queue.
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
 * @list:	commands for the thread to run, newest first
 * @rest:	commands the thread has taken, but not begun
 * @wait:	where the thread sleeps
 * @thread:	runs the commands
 * @queues:	of the disk
 * @polled:	tags of requests under way with REQ_POLLED
 * @poll_from:	the tag where vhdx_poll() begins
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
 * struct vhdx_queue_stats - statistics of one CPU, or the sum of all
 * @nowait_reads: number of reads served in their submitter
 * @queued_reads: number of times that a thread began or resumed a read
 */
struct vhdx_queue_stats {
	u64 nowait_reads;
	u64 queued_reads;
};

/**
 * struct vhdx_queues - the hardware queues of one disk
 * @image:	what they serve
 * @nowait_reads: reads may be tried in their submitter; changes at any time
 * @stats:	for sysfs
 * @dead:	the disk was killed: fail each command that is not in the backing file yet
 * @tag_set:	for the block layer; driver_data is this structure
 * @nr:		number of hardware queues in @queue
 * @nr_poll:	how many of these, the last ones, are for polled requests
 * @nr_threads:	number of running threads, one for each of the first entries of @queue
 * @queue:	the hardware queues; in a writable image, after them one for discards, which is
 *		not a hardware queue
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
void vhdx_queue_requeue(struct vhdx_cmd *cmd);
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
