/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Differences of the block layer: disks, queues, requests, plugs.
 */
#ifndef VHDX_COMPAT_BLK_H
#define VHDX_COMPAT_BLK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/hdreg.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "compat/version.h"

/* 6.5: block_device_operations take the disk and a blk_mode_t. */
#if VHDX_KERNEL(6, 5, 0)
#define VHDX_OPEN_ARGS		struct gendisk *gendisk, blk_mode_t mode
#define VHDX_RELEASE_ARGS	struct gendisk *gendisk
#define VHDX_OPEN_DISK		gendisk
#define VHDX_OPEN_EXCL		BLK_OPEN_EXCL
#else
#define VHDX_OPEN_ARGS		struct block_device *bdev, fmode_t mode
#define VHDX_RELEASE_ARGS	struct gendisk *gendisk, fmode_t mode
#define VHDX_OPEN_DISK		(bdev->bd_disk)
#define VHDX_OPEN_EXCL		FMODE_EXCL
#endif

/* 6.18: ->getgeo() takes the disk. */
#if VHDX_KERNEL(6, 18, 0)
#define VHDX_GETGEO_ARGS	struct gendisk *gendisk, struct hd_geometry *geo
#define VHDX_GETGEO_DISK	gendisk
#else
#define VHDX_GETGEO_ARGS	struct block_device *bdev, struct hd_geometry *geo
#define VHDX_GETGEO_DISK	(bdev->bd_disk)
#endif

/* 6.14: merging is implied, the flag is gone. */
#if VHDX_KERNEL(6, 14, 0)
#define VHDX_MQ_F_SHOULD_MERGE	0
#else
#define VHDX_MQ_F_SHOULD_MERGE	BLK_MQ_F_SHOULD_MERGE
#endif

/*
 * 6.12: a polled request may complete in an interrupt, which happens if a thread serves it. 6.1
 * warns about that, because the bio comes from a cache of the polling task. Its io_uring also
 * retries forever an I/O that would have to be split, on any device.
 */
#define VHDX_MAY_POLL VHDX_KERNEL(6, 12, 0)

/* 7.3: bi_bvec_done was renamed. */
#if VHDX_KERNEL(7, 3, 0)
#define vhdx_bvec_done(iter)	((iter).bi_offset)
#else
#define vhdx_bvec_done(iter)	((iter).bi_bvec_done)
#endif

/* 7.0 has blk_rq_nr_bvec(), some stable kernels a macro of that name. Most requests have one. */
static inline unsigned int vhdx_rq_nr_bvec(struct request *rq)
{
	struct req_iterator iter;
	struct bio_vec bvec;
	unsigned int nr = 0;

	if (mp_bvec_iter_len(rq->bio->bi_io_vec, rq->bio->bi_iter) == blk_rq_bytes(rq))
		return 1;
	rq_for_each_bvec(bvec, rq, iter)
		nr++;
	return nr;
}

/*
 * 6.13, and 6.12.25: ->queue_rqs() gets the requests in the order of their submission. Until
 * then it gets the last one first.
 */
#if VHDX_KERNEL(6, 12, 25)
typedef struct rq_list vhdx_rq_list;

static inline vhdx_rq_list vhdx_rq_list_take(vhdx_rq_list *from)
{
	vhdx_rq_list list = *from;

	rq_list_init(from);
	return list;
}
#else
typedef struct request *vhdx_rq_list;

static inline vhdx_rq_list vhdx_rq_list_take(vhdx_rq_list *from)
{
	vhdx_rq_list list = NULL;
	struct request *rq;

	while ((rq = rq_list_pop(from)))
		rq_list_add(&list, rq);
	return list;
}
#endif

/* Until 6.12.24 rq_list_pop() is a macro, which warns if its argument is not a pointer variable. */
static inline struct request *vhdx_rq_list_pop(vhdx_rq_list *list)
{
	return rq_list_pop(list);
}

/*
 * 6.9: a plug caches the time, and a task flag says that it does, by which the scheduler accesses
 * current->plug. Drops the cached time; the next user of it sets a new one.
 */
static inline void vhdx_plug_time_drop(void)
{
#ifdef PF_BLOCK_TS
	if (current->flags & PF_BLOCK_TS) {
		current->plug->cur_ktime = 0;
		current->flags &= ~PF_BLOCK_TS;
	}
#endif
}

/*
 * 6.13, and 6.12.25: a list. All requests that a plug has allocated in advance are of one queue.
 * Return: that queue, or @none
 */
static inline const struct request_queue *vhdx_plug_cached_queue(const struct blk_plug *plug,
								 const struct request_queue *none)
{
#if VHDX_KERNEL(6, 12, 25)
	const struct request *rq = plug->cached_rqs.head;
#else
	const struct request *rq = plug->cached_rq;
#endif

	return rq ? rq->q : none;
}

/* Counters of /proc/PID/io, which only the task itself changes */
static inline u64 vhdx_task_read_bytes(void)
{
#ifdef CONFIG_TASK_IO_ACCOUNTING
	return current->ioac.read_bytes;
#else
	return 0;
#endif
}

static inline void vhdx_task_set_read_bytes(u64 bytes)
{
#ifdef CONFIG_TASK_IO_ACCOUNTING
	current->ioac.read_bytes = bytes;
#endif
}

/**
 * struct vhdx_limits - properties of a disk for the block layer
 * @logical_block_size:	bytes
 * @physical_block_size: bytes
 * @chunk_sectors:	no request crosses a multiple of it; in units of 512 bytes
 * @dma_alignment:	mask for memory addresses
 * @max_hw_sectors:	longest request; in units of 512 bytes
 * @write_cache:	writes are durable only after a flush
 * @stable_writes:	data must not change while they are written
 * @max_discard_sectors: longest discard, 0: none; in units of 512 bytes
 * @discard_granularity: bytes
 * @max_zeroes_sectors: longest write-zeroes, 0: none; in units of 512 bytes
 */
struct vhdx_limits {
	unsigned int logical_block_size;
	unsigned int physical_block_size;
	unsigned int chunk_sectors;
	unsigned int dma_alignment;
	unsigned int max_hw_sectors;
	bool write_cache;
	bool stable_writes;
	unsigned int max_discard_sectors;
	unsigned int discard_granularity;
	unsigned int max_zeroes_sectors;
};

/*
 * 6.9: limits are a parameter of blk_mq_alloc_disk(); the setters no longer exist.
 * 6.11: rotational, write cache and stable writes are features; until then they are queue flags.
 */
static inline struct gendisk *vhdx_alloc_gendisk(struct blk_mq_tag_set *set,
						 const struct vhdx_limits *l, void *queuedata)
{
#if VHDX_KERNEL(6, 9, 0)
	struct queue_limits lim = {
		.logical_block_size	= l->logical_block_size,
		.physical_block_size	= l->physical_block_size,
		.io_min			= l->physical_block_size,
		.chunk_sectors		= l->chunk_sectors,
		.dma_alignment		= l->dma_alignment,
		.max_hw_sectors		= l->max_hw_sectors,
		.max_segments		= USHRT_MAX,
		.max_segment_size	= UINT_MAX,
		.max_hw_discard_sectors	= l->max_discard_sectors,
		.discard_granularity	= l->discard_granularity,
		.max_write_zeroes_sectors = l->max_zeroes_sectors,
#if VHDX_KERNEL(6, 11, 0)
		.features		= (l->write_cache ? BLK_FEAT_WRITE_CACHE : 0) |
					  (l->stable_writes ? BLK_FEAT_STABLE_WRITES : 0),
#endif
	};
	struct gendisk *gendisk = blk_mq_alloc_disk(set, &lim, queuedata);
#else
	struct gendisk *gendisk = blk_mq_alloc_disk(set, queuedata);

	if (!IS_ERR(gendisk)) {
		struct request_queue *q = gendisk->queue;

		blk_queue_logical_block_size(q, l->logical_block_size);
		blk_queue_physical_block_size(q, l->physical_block_size);
		blk_queue_io_min(q, l->physical_block_size);
		blk_queue_chunk_sectors(q, l->chunk_sectors);
		blk_queue_dma_alignment(q, l->dma_alignment);
		blk_queue_max_hw_sectors(q, l->max_hw_sectors);
		blk_queue_max_segments(q, USHRT_MAX);
		blk_queue_max_segment_size(q, UINT_MAX);
		blk_queue_max_discard_sectors(q, l->max_discard_sectors);
		q->limits.discard_granularity = l->discard_granularity;
		blk_queue_max_write_zeroes_sectors(q, l->max_zeroes_sectors);
	}
#endif
#if !VHDX_KERNEL(6, 11, 0)
	if (!IS_ERR(gendisk)) {
		blk_queue_flag_set(QUEUE_FLAG_NONROT, gendisk->queue);
		blk_queue_write_cache(gendisk->queue, l->write_cache, false);
		if (l->stable_writes)
			blk_queue_flag_set(QUEUE_FLAG_STABLE_WRITES, gendisk->queue);
	}
#endif
	return gendisk;
}

/* 6.14: freezing a queue begins a NOIO scope by itself. Return: for vhdx_unfreeze_queue() */
static inline unsigned int vhdx_freeze_queue(struct request_queue *q)
{
#if VHDX_KERNEL(6, 14, 0)
	return blk_mq_freeze_queue(q);
#else
	unsigned int noio = memalloc_noio_save();

	blk_mq_freeze_queue(q);
	return noio;
#endif
}

static inline void vhdx_unfreeze_queue(struct request_queue *q, unsigned int noio)
{
#if VHDX_KERNEL(6, 14, 0)
	blk_mq_unfreeze_queue(q, noio);
#else
	blk_mq_unfreeze_queue(q);
	memalloc_noio_restore(noio);
#endif
}

#endif /* VHDX_COMPAT_BLK_H */
