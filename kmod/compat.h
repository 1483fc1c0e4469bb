/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Every difference between kernels 6.1 and 7.3 that this driver meets, newest meaning
 * under our own name: stable kernels backport upstream names, so defining those under
 * a version check would break. Nothing else in kmod/ looks at the kernel version.
 */
#ifndef VHDX_COMPAT_H
#define VHDX_COMPAT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/dcache.h>
#include <linux/fileattr.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/srcu.h>
#include <linux/version.h>

#define VHDX_KERNEL(a, b, c) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, c))

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
 * 6.12: what is polled for may end in an interrupt, as it does if a thread serves it. 6.1 warns
 * of that, as the bio comes from a cache of the poller's; and its io_uring tries an I/O that
 * would have to be split again for ever, on any device.
 */
#define VHDX_MAY_POLL VHDX_KERNEL(6, 12, 0)

/* 7.3: bi_bvec_done was renamed. */
#if VHDX_KERNEL(7, 3, 0)
#define vhdx_bvec_done(iter)	((iter).bi_offset)
#else
#define vhdx_bvec_done(iter)	((iter).bi_bvec_done)
#endif

/* 7.0 has a blk_rq_nr_bvec(), some stable kernels a macro of that name. Most have one. */
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
 * 6.13, and 6.12.25: ->queue_rqs() gets the requests in the order in which they came. Until
 * then the last one is the first.
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

/* A macro at first, which warns of what is not a pointer variable. */
static inline struct request *vhdx_rq_list_pop(vhdx_rq_list *list)
{
	return rq_list_pop(list);
}

/*
 * 6.9: a plug may have a time in it; a flag of the task says so, by which the scheduler looks
 * into current->plug. The next question for the time puts a new one in.
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

/* 6.13, and 6.12.25: a list. The requests that a plug keeps for later are all of one queue. */
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

/* /proc/PID/io; the task itself is the only one to count. */
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
 * struct vhdx_limits - what we tell the block layer about a disk
 * @logical_block_size:	bytes
 * @physical_block_size: bytes
 * @chunk_sectors:	no request crosses a multiple of it; units of 512 bytes
 * @dma_alignment:	mask for memory addresses
 * @max_hw_sectors:	longest request; units of 512 bytes
 * @write_cache:	writes are durable only after a flush
 * @stable_writes:	data must not change while they are written
 * @max_discard_sectors: longest discard, 0: none; units of 512 bytes
 * @discard_granularity: bytes
 * @max_zeroes_sectors: longest write-zeroes, 0: none; units of 512 bytes
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
 * 6.9: limits are a parameter of blk_mq_alloc_disk(); the setters are gone since.
 * 6.11: rotational and write cache became features; until then they are queue flags.
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

/* 6.7, 6.1.72: each mapping says whether its data must be stable, not the whole file system. */
#define VHDX_STABLE_MAPPINGS \
	(VHDX_KERNEL(6, 7, 0) || (VHDX_KERNEL(6, 1, 72) && !VHDX_KERNEL(6, 2, 0)))

static inline bool vhdx_wants_stable_writes(const struct inode *inode)
{
#if VHDX_STABLE_MAPPINGS
	if (mapping_stable_writes(inode->i_mapping))
		return true;
#endif
	return inode->i_sb->s_iflags & SB_I_STABLE_WRITES;
}

/* Return: true if it did not before */
static inline bool vhdx_want_stable_writes(struct inode *inode)
{
#if VHDX_STABLE_MAPPINGS
	return !test_and_set_bit(AS_STABLE_WRITES, &inode->i_mapping->flags);
#else
	return false;
#endif
}

static inline void vhdx_unwant_stable_writes(struct inode *inode)
{
#if VHDX_STABLE_MAPPINGS
	mapping_clear_stable_writes(inode->i_mapping);
#endif
}

/* 6.17: renamed. */
#if VHDX_KERNEL(6, 17, 0)
#define vhdx_fileattr file_kattr
#else
#define vhdx_fileattr fileattr
#endif

/*
 * The inode that holds the data: of a file on overlayfs, that of the layer below.
 * 6.9: ->d_real() has other arguments; d_real_inode() has the same in all kernels.
 */
static inline struct inode *vhdx_real_inode(const struct file *file)
{
	struct inode *inode = file->f_mapping->host;

	return S_ISREG(inode->i_mode) ? d_real_inode(file->f_path.dentry) : inode;
}

/* Does the file system write data to a new place each time? btrfs does, but for chattr +C. */
static inline bool vhdx_copies_on_write(const struct file *file)
{
	struct vhdx_fileattr attr = { .flags_valid = true };

	return vhdx_real_inode(file)->i_sb->s_magic == BTRFS_SUPER_MAGIC &&
	       (vfs_fileattr_get(file->f_path.dentry, &attr) || !(attr.flags & FS_NOCOW_FL));
}

/*
 * 6.15: btrfs takes a copy of data before it sums them up. Until then, the sums are wrong of what
 * changed between that and its being written, and it cannot be read again. A file without
 * copy on write has no sums.
 */
static inline bool vhdx_sums_unstable_data(const struct file *file)
{
#if VHDX_KERNEL(6, 15, 0)
	return false;
#else
	return vhdx_copies_on_write(file);
#endif
}

/*
 * Freeze protection of an asynchronous write is given back in another context than it was
 * taken in, which lockdep must be told not to mind.
 */
static inline void vhdx_write_hand_over(struct super_block *sb)
{
	__sb_writers_release(sb, SB_FREEZE_WRITE);
}

static inline void vhdx_write_take_over(struct super_block *sb)
{
	__sb_writers_acquired(sb, SB_FREEZE_WRITE);
}

/*
 * 6.3: a read-side section of SRCU may end in another context than it began in. Sparse
 * must be told not to look for the end in the same function.
 */
static inline int vhdx_srcu_down(struct srcu_struct *srcu)
{
#if VHDX_KERNEL(6, 3, 0)
	int index = srcu_down_read(srcu);
#else
	int index = __srcu_read_lock(srcu);
#endif

	__release(srcu);
	return index;
}

static inline void vhdx_srcu_up(struct srcu_struct *srcu, int index)
{
	__acquire(srcu);
#if VHDX_KERNEL(6, 3, 0)
	srcu_up_read(srcu, index);
#else
	__srcu_read_unlock(srcu, index);
#endif
}

/* 6.14: freezing a queue brings its NOIO scope along. */
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

/* 6.7: shrinkers are allocated. */
typedef unsigned long (*vhdx_shrink_fn)(struct shrinker *, struct shrink_control *);

#if VHDX_KERNEL(6, 7, 0)

struct vhdx_shrinker {
	struct shrinker *shrinker;
};

static inline int vhdx_shrinker_register(struct vhdx_shrinker *s, vhdx_shrink_fn count,
					 vhdx_shrink_fn scan)
{
	s->shrinker = shrinker_alloc(0, "vhdx");
	if (!s->shrinker)
		return -ENOMEM;
	s->shrinker->count_objects = count;
	s->shrinker->scan_objects = scan;
	shrinker_register(s->shrinker);
	return 0;
}

static inline void vhdx_shrinker_unregister(struct vhdx_shrinker *s)
{
	shrinker_free(s->shrinker);
}

#else

struct vhdx_shrinker {
	struct shrinker shrinker;
};

static inline int vhdx_shrinker_register(struct vhdx_shrinker *s, vhdx_shrink_fn count,
					 vhdx_shrink_fn scan)
{
	s->shrinker.count_objects = count;
	s->shrinker.scan_objects = scan;
	s->shrinker.seeks = DEFAULT_SEEKS;
	return register_shrinker(&s->shrinker, "vhdx");
}

static inline void vhdx_shrinker_unregister(struct vhdx_shrinker *s)
{
	unregister_shrinker(&s->shrinker);
}

#endif

#endif /* VHDX_COMPAT_H */
