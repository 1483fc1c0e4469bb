// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "request/cmd.h"

#include <linux/slab.h>

#include "compat.h"
#include "image/image.h"
#include "meta/space.h"

/**
 * vhdx_command_free_bvecs() - what vhdx_command_iter() gave is not used any more
 * @command:	has no read or write under way
 *
 * Context: any
 */
void vhdx_command_free_bvecs(struct vhdx_command *command)
{
	kfree(command->bvecs);
	command->bvecs = NULL;
}

/* It came true, or never will. Context: any */
static void vhdx_command_told(struct vhdx_waiter *waiter, int error)
{
	struct vhdx_command *command = container_of(waiter, struct vhdx_command, waiter);

	if (error)
		command->error = error;
	command->again(command);
}

/**
 * vhdx_command_init() - a request was handed to us
 * @command:	its pdu, with whatever the last request left in it
 * @image:	what it reads from or writes to
 * @again:	see struct vhdx_command
 */
void vhdx_command_init(struct vhdx_command *command, struct vhdx_image *image,
		       void (*again)(struct vhdx_command *command))
{
	command->image = image;
	command->again = again;
	command->done = 0;
	command->recycled = 0;
	command->error = 0;
	command->using = false;
	command->claimed = false;
	command->nr_pages = 0;
	command->place = 0;
	command->bitmap_claimed = false;
	command->bitmap = 0;
	command->bvecs = NULL;
	command->waiter.done = vhdx_command_told;
}

/**
 * vhdx_command_complete() - the request is over
 * @command:	holds nothing any more; gone afterwards
 *
 * Context: any
 */
void vhdx_command_complete(struct vhdx_command *command)
{
	vhdx_command_free_bvecs(command);
	blk_mq_complete_request(vhdx_command_request(command));
}

/**
 * vhdx_command_unclaim() - the block's entry was changed, or will not be
 * @command:	may hold a claim, and what goes with it; lets go of all that
 *
 * Context: any
 */
void vhdx_command_unclaim(struct vhdx_command *command)
{
	struct vhdx_image *image = command->image;

	if (command->place)
		vhdx_space_return(image->space, command->place,
				  vhdx_image_geometry(image)->block_size);
	if (command->nr_pages)
		vhdx_journal_cancel(image->journal, command->pages, command->nr_pages);
	if (command->bitmap_claimed)
		vhdx_claim_release(&image->claims, &command->bitmap_claim);
	if (command->claimed)
		vhdx_claim_release(&image->claims, &command->claim);
	command->place = 0;
	command->nr_pages = 0;
	command->bitmap_claimed = false;
	command->bitmap = 0;
	command->claimed = false;
}

/**
 * vhdx_command_fail() - complete a command with an error
 * @command:	running; gone afterwards
 * @error:	negative errno
 *
 * Context: any
 */
void vhdx_command_fail(struct vhdx_command *command, int error)
{
	command->error = error;
	vhdx_command_leave(command);
	vhdx_command_unclaim(command);
	vhdx_command_complete(command);
}

/**
 * vhdx_command_bad() - complete a command because its BAT entry cannot be believed
 * @command:	running; gone afterwards
 * @fault:	why
 *
 * One line for each bad entry met, as far as the image's rate limit allows.
 */
void vhdx_command_bad(struct vhdx_command *command, const struct vhdx_fault *fault)
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
 * vhdx_command_enter() - before looking up where the data are
 * @command:	running
 *
 * What is found holds until vhdx_command_leave().
 *
 * Context: any
 */
void vhdx_command_enter(struct vhdx_command *command)
{
	if (!command->image->writable)
		return;
	command->users = vhdx_srcu_down(&command->image->users);
	command->using = true;
}

/* Nothing is read or written there any more. Context: any */
void vhdx_command_leave(struct vhdx_command *command)
{
	if (command->using)
		vhdx_srcu_up(&command->image->users, command->users);
	command->using = false;
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

/*
 * A request of one bio lends the bio's own vectors: a clone's must be counted. It may have more
 * than are needed for its bytes.
 */
static void vhdx_command_borrow(struct vhdx_command *command, unsigned int direction,
				struct iov_iter *iter)
{
	struct request *rq = vhdx_command_request(command);
	const struct bio *bio = rq->bio;
	unsigned int nr = bio->bi_vcnt ? bio->bi_vcnt - bio->bi_iter.bi_idx : vhdx_rq_nr_bvec(rq);

	iov_iter_bvec(iter, direction, __bvec_iter_bvec(bio->bi_io_vec, bio->bi_iter), nr,
		      blk_rq_bytes(rq));
	iter->iov_offset = vhdx_bvec_done(bio->bi_iter);
	if (unlikely(command->done))
		iov_iter_advance(iter, command->done);
}

/*
 * A request of several bios needs their vectors in one array. If there is no memory for
 * many, as many as fit into the command are transferred now, in whole sectors, and the rest
 * as after any short transfer: I/O goes on when memory is out.
 */
static int vhdx_command_copy(struct vhdx_command *command, unsigned int direction,
				struct iov_iter *iter)
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
	iov_iter_bvec(iter, direction, bvecs, nr, bytes);
	return 0;
}

/**
 * vhdx_command_iter() - the memory of the rest of the request
 * @command:	running
 * @direction:	ITER_DEST or ITER_SOURCE
 * @length:	not more than so many bytes
 * @iter:	filled; good until vhdx_command_transferred()
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0 or -ENOMEM
 */
int vhdx_command_iter(struct vhdx_command *command, unsigned int direction, u64 length,
		      struct iov_iter *iter)
{
	struct request *rq = vhdx_command_request(command);
	int ret = 0;

	if (rq->bio == rq->biotail)
		vhdx_command_borrow(command, direction, iter);
	else
		ret = vhdx_command_copy(command, direction, iter);
	if (ret)
		return ret;
	iov_iter_truncate(iter, length);
	command->want = iov_iter_count(iter);
	return 0;
}

/**
 * vhdx_command_transferred() - a read or write is over
 * @command:	the command
 * @result:	bytes, or a negative errno
 *
 * Context: any
 * Return: true if the whole request is done; otherwise it is to be run again, for the rest
 * or because @error is set now
 */
bool vhdx_command_transferred(struct vhdx_command *command, long result)
{
	if (likely(result == command->want && result == vhdx_command_left(command)))
		return true;
	vhdx_command_free_bvecs(command);
	/* nothing at all: the file has become shorter than it was */
	if (result > 0)
		command->done += result;
	else
		command->error = result ? result : -EIO;
	return false;
}

/**
 * vhdx_command_transfer_done() - a read or write where the data are is over
 * @io:		the command's
 * @result:	bytes, or a negative errno
 *
 * Context: any
 */
void vhdx_command_transfer_done(struct vhdx_io *io, long result)
{
	struct vhdx_command *command = container_of(io, struct vhdx_command, io);

	vhdx_command_leave(command);
	if (vhdx_command_transferred(command, result))
		vhdx_command_complete(command);
	else
		command->again(command);
}
