// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: the way of a read
 *
 * A request never crosses a payload block (the disk's chunk_sectors see to that), so it
 * has one answer in the BAT. The queue's thread runs a command until it is complete or has
 * to wait; whatever it waits for has it queued again, from any context:
 *
 *	          +------------------ run <-----------------+
 *	          |                    |                    |
 *	  zeros, error         data    |    miss            | queued again
 *	          |             +------+------+             |
 *	          v             v             v             |
 *	      complete <--- read file     load page --------+
 *	                  all |  | short                    |
 *	                      |  +--------------------------+
 *	                      v
 *	                  complete, in the file system's context
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "command.h"

#include <linux/slab.h>

#include "compat.h"
#include "image.h"

static struct request *vhdx_command_request(struct vhdx_command *command)
{
	return blk_mq_rq_from_pdu(command);
}

static u64 vhdx_command_position(struct vhdx_command *command)
{
	return ((u64)blk_rq_pos(vhdx_command_request(command)) << SECTOR_SHIFT) + command->done;
}

static u32 vhdx_command_left(struct vhdx_command *command)
{
	return blk_rq_bytes(vhdx_command_request(command)) - command->done;
}

static void vhdx_command_free_bvecs(struct vhdx_command *command)
{
	kfree(command->bvecs);
	command->bvecs = NULL;
}

/* Context: any */
static void vhdx_command_complete(struct vhdx_command *command)
{
	vhdx_command_free_bvecs(command);
	blk_mq_complete_request(vhdx_command_request(command));
}

/**
 * vhdx_command_fail() - complete a command with an error
 * @command:	running
 * @error:	negative errno
 *
 * Context: any
 */
void vhdx_command_fail(struct vhdx_command *command, int error)
{
	command->error = error;
	vhdx_command_complete(command);
}

/* The rest of the request reads as zeros. */
static void vhdx_command_zero(struct vhdx_command *command)
{
	struct request *rq = vhdx_command_request(command);
	u32 skip = command->done;
	struct req_iterator iter;
	struct bio_vec bvec;

	rq_for_each_segment(bvec, rq, iter) {
		u32 skipped = min(skip, bvec.bv_len);
		struct bio_vec rest = bvec;	/* the loop itself goes on by bvec's length */

		skip -= skipped;
		rest.bv_offset += skipped;
		rest.bv_len -= skipped;
		if (rest.bv_len)
			memzero_bvec(&rest);
	}
	vhdx_command_complete(command);
}

/* The page is there, or never will be. Context: any */
static void vhdx_command_map_loaded(struct vhdx_pager_waiter *waiter, int error)
{
	struct vhdx_command *command = container_of(waiter, struct vhdx_command, waiter);

	command->error = error;
	command->again(command);
}

/* The file system is done with the read. Context: any */
static void vhdx_command_read_done(struct vhdx_io *io, long result)
{
	struct vhdx_command *command = container_of(io, struct vhdx_command, io);

	if (likely(result == command->want && result == vhdx_command_left(command))) {
		vhdx_command_complete(command);
		return;
	}
	vhdx_command_free_bvecs(command);
	/* nothing at all: the file has become shorter than it was */
	if (result > 0)
		command->done += result;
	else
		command->error = result ? result : -EIO;
	command->again(command);
}

/*
 * Copy the vectors of the request from the first byte not yet read on, @max at most.
 *
 * Return: how many bytes they hold
 */
static u32 vhdx_command_gather(struct vhdx_command *command, struct bio_vec *bvecs,
			       unsigned int max, unsigned int *nr)
{
	u32 skip = command->done, bytes = 0;
	struct req_iterator iter;
	struct bio_vec bvec;

	*nr = 0;
	rq_for_each_bvec(bvec, vhdx_command_request(command), iter) {
		u32 skipped = min(skip, bvec.bv_len);

		skip -= skipped;
		if (skipped == bvec.bv_len)
			continue;
		if (*nr == max)
			break;
		bvecs[*nr] = bvec;
		bvecs[*nr].bv_offset += skipped;
		bvecs[*nr].bv_len -= skipped;
		bytes += bvecs[(*nr)++].bv_len;
	}
	return bytes;
}

/* A request of one bio lends the bio's own vectors. */
static void vhdx_command_borrow(struct vhdx_command *command, struct iov_iter *to)
{
	struct request *rq = vhdx_command_request(command);

	iov_iter_bvec(to, ITER_DEST, __bvec_iter_bvec(rq->bio->bi_io_vec, rq->bio->bi_iter),
		      vhdx_rq_nr_bvec(rq), blk_rq_bytes(rq));
	to->iov_offset = vhdx_bvec_done(rq->bio->bi_iter);
	iov_iter_advance(to, command->done);
}

/*
 * A request of several bios needs their vectors in one array. If there is no memory for
 * many, as many as fit into the command are read now, in whole sectors, and the rest comes
 * as after any short read: reads go on when memory is out.
 */
static int vhdx_command_copy(struct vhdx_command *command, struct iov_iter *to)
{
	struct request *rq = vhdx_command_request(command);
	unsigned int nr = vhdx_rq_nr_bvec(rq), max = VHDX_INLINE_BVECS;
	struct bio_vec *bvecs = command->inline_bvecs;
	u32 bytes;

	if (nr > max)
		command->bvecs = kmalloc_array(nr, sizeof(*bvecs), GFP_NOIO | __GFP_NOWARN);
	if (command->bvecs) {
		bvecs = command->bvecs;
		max = nr;
	}
	bytes = vhdx_command_gather(command, bvecs, max, &nr);
	bytes = round_down(bytes, queue_logical_block_size(rq->q));
	if (!bytes)
		return -ENOMEM;
	iov_iter_bvec(to, ITER_DEST, bvecs, nr, bytes);
	return 0;
}

static void vhdx_command_read(struct vhdx_command *command, const struct vhdx_map *map)
{
	struct request *rq = vhdx_command_request(command);
	struct iov_iter to;
	int ret = 0;

	if (rq->bio == rq->biotail)
		vhdx_command_borrow(command, &to);
	else
		ret = vhdx_command_copy(command, &to);
	if (ret) {
		vhdx_command_fail(command, ret);
		return;
	}
	iov_iter_truncate(&to, map->length);
	command->want = iov_iter_count(&to);
	vhdx_backing_read(&command->image->backing, &command->io, map->offset, &to,
			  req_get_ioprio(rq), vhdx_command_read_done);
}

/* One line for each bad entry met, as far as the image's rate limit allows. */
static void vhdx_command_bad(struct vhdx_command *command, const struct vhdx_fault *fault)
{
	struct request *rq = vhdx_command_request(command);
	char text[VHDX_FAULT_TEXT_SIZE];

	atomic_long_inc(&command->image->bad_reads);
	if (__ratelimit(&command->image->bad_limit))
		pr_err("%s: sector %llu: %s [%s]\n", rq->q->disk->disk_name,
		       (unsigned long long)blk_rq_pos(rq),
		       vhdx_fault_text(fault, text, sizeof(text)),
		       vhdx_reason_name(fault->reason));
	vhdx_command_fail(command, -EIO);
}

/**
 * vhdx_command_init() - a request was handed to us
 * @command:	its pdu, with whatever the last request left in it
 * @image:	what it reads from
 * @again:	see struct vhdx_command
 */
void vhdx_command_init(struct vhdx_command *command, struct vhdx_image *image,
		       void (*again)(struct vhdx_command *command))
{
	command->image = image;
	command->again = again;
	command->done = 0;
	command->error = 0;
	command->bvecs = NULL;
	command->waiter.done = vhdx_command_map_loaded;
}

/**
 * vhdx_command_run() - take a read as far as it goes without waiting
 * @command:	new, or back from what it waited for
 *
 * Context: the queue's thread; may sleep for memory or in the file system.
 */
void vhdx_command_run(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;
	u64 position = vhdx_command_position(command);
	struct vhdx_map map;

	if (command->error) {
		vhdx_command_complete(command);
		return;
	}
	vhdx_image_map(image, position, &map);
	switch (map.kind) {
	case VHDX_MAP_DATA:
		vhdx_command_read(command, &map);
		break;
	case VHDX_MAP_ZERO:
		vhdx_command_zero(command);
		break;
	case VHDX_MAP_MISS:
		vhdx_image_load_map(image, position, &command->waiter);
		break;
	case VHDX_MAP_BAD:
		vhdx_command_bad(command, &map.fault);
		break;
	}
}
