// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Reads and writes of a host file.
 */
#include "backing/backing.h"

#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/slab.h>

#include "compat/fs.h"
#include "format/disk.h"

static void vhdx_io_put(struct vhdx_io *io)
{
	if (atomic_dec_and_test(&io->refs))
		io->done(io, io->result);
}

/* End of the I/O for the file system. Context: any, interrupts included */
static void vhdx_io_complete(struct kiocb *iocb, long result)
{
	struct vhdx_io *io = container_of(iocb, struct vhdx_io, iocb);

	if (iocb->ki_flags & IOCB_WRITE) {
		if (S_ISREG(vhdx_backing_inode(io->backing)->i_mode))
			vhdx_write_take_over(vhdx_backing_sb(io->backing));
		vhdx_backing_end_write(io->backing);
		/* before the completion, which may be followed by a flush */
		vhdx_backing_touched(io->backing);
	}
	io->result = result;
	vhdx_io_put(io);
}

/*
 * Direct I/O may complete while the file system still walks the iov_iter. So there are two
 * references, and @done, after which memory may be reused, is called when the last one is dropped.
 */
static void vhdx_io_start(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
			  u16 ioprio, int flags, vhdx_io_done done)
{
	io->done = done;
	io->polled = flags & IOCB_HIPRI;
	io->iocb = (struct kiocb) {
		.ki_filp	= backing->file,
		.ki_pos		= offset,
		.ki_complete	= vhdx_backing_is_direct(backing) ? vhdx_io_complete : NULL,
		.ki_flags	= (vhdx_backing_is_direct(backing) ? IOCB_DIRECT : 0) | flags,
		.ki_ioprio	= ioprio,
	};
	/* release: vhdx_backing_poll() must see the fields of this I/O with its references */
	atomic_set_release(&io->refs, 2);
}

/* Drop the reference of the submitter. @ret: of ->read_iter() or ->write_iter() */
static void vhdx_io_started(struct vhdx_io *io, ssize_t ret)
{
	if (ret != -EIOCBQUEUED)
		vhdx_io_complete(&io->iocb, ret);
	vhdx_io_put(io);
}

/**
 * vhdx_backing_read() - read from the file
 * @backing:	the file
 * @io:		not in use
 * @offset:	in the file, in bytes
 * @iter:	memory and length; its vectors must live until @done is called
 * @ioprio:	I/O priority
 * @done:	called with the number of bytes or a negative errno, perhaps before this returns; in
 *		any context, interrupts included
 *
 * Asynchronous if I/O is direct; otherwise the read has ended on return.
 *
 * Context: process, may sleep; in a NOIO scope, so that memory allocations below do not cause I/O
 * to the disk
 */
void vhdx_backing_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
		       struct iov_iter *iter, u16 ioprio, vhdx_io_done done)
{
	vhdx_io_start(backing, io, offset, ioprio, 0, done);
	vhdx_io_started(io, backing->file->f_op->read_iter(&io->iocb, iter));
}

/**
 * vhdx_backing_try_read() - as vhdx_backing_read(), but fail instead of sleeping
 * @backing:	the file, without @queued_because
 * @io:		not in use
 * @offset:	in the file, in bytes
 * @iter:	as for vhdx_backing_read()
 * @ioprio:	I/O priority
 * @polled:	the caller polls with vhdx_backing_poll() until the read has ended
 * @done:	as for vhdx_backing_read(). -EAGAIN, at once or later: the read would have had to
 *		sleep. Other errors may come from the context, such as a pending signal
 *
 * Context: process, in a vhdx_nowait scope. File systems keep the promise of IOCB_NOWAIT as far as
 * they can: ext4 sleeps to read a part of its extent tree
 */
void vhdx_backing_try_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
			   struct iov_iter *iter, u16 ioprio, bool polled, vhdx_io_done done)
{
	int flags = IOCB_NOWAIT;

	if (polled && backing->file->f_op->iopoll)
		flags |= IOCB_HIPRI;
	vhdx_io_start(backing, io, offset, ioprio, flags, done);
	vhdx_io_started(io, backing->file->f_op->read_iter(&io->iocb, iter));
}

/**
 * vhdx_backing_poll() - poll for the end of a read
 * @io:		used for vhdx_backing_try_read() once or more; the read may have ended. Was zeroed
 *		before its first use
 * @batch:	as for ->iopoll()
 *
 * The flag that a read is polled is kept in @io, because file systems clear IOCB_HIPRI for the rest
 * of a read whose first part is polled.
 *
 * Context: process; may call @done of the read
 * Return: number of requests, of any reads, that the device below has ended
 */
int vhdx_backing_poll(struct vhdx_io *io, struct io_comp_batch *batch)
{
	int found = 0;

	if (!atomic_inc_not_zero(&io->refs))
		return 0;
	if (io->polled)
		found = io->iocb.ki_filp->f_op->iopoll(&io->iocb, batch, BLK_POLL_ONESHOT);
	vhdx_io_put(io);
	return found;
}

/**
 * vhdx_backing_write() - write to the file
 * @backing:	the file, writable
 * @io:		not in use
 * @offset:	in the file, in bytes
 * @iter:	memory and length; its vectors must live until @done is called
 * @ioprio:	I/O priority
 * @done:	as for vhdx_backing_read()
 *
 * The data are durable after the next vhdx_backing_flush() that begins after @done. Freeze
 * protection is held from here until the write has ended.
 *
 * Context: as vhdx_backing_read()
 * Return: false if the file system is frozen: nothing has happened, and @done is not called
 */
bool vhdx_backing_write(struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
			struct iov_iter *iter, u16 ioprio, vhdx_io_done done)
{
	if (!vhdx_backing_try_start_write(backing))
		return false;
	io->backing = backing;
	vhdx_io_start(backing, io, offset, ioprio, IOCB_WRITE, done);
	if (S_ISREG(vhdx_backing_inode(backing)->i_mode))
		vhdx_write_hand_over(vhdx_backing_sb(backing));
	vhdx_io_started(io, backing->file->f_op->write_iter(&io->iocb, iter));
	return true;
}

/**
 * vhdx_backing_read_some() - one synchronous read, which may be short
 * @backing:	the file
 * @offset:	in the file, in bytes
 * @memory:	kmalloc()ed
 * @length:	bytes
 * @direct:	bypass the page cache, whatever the mode of the file
 *
 * Context: process, may sleep
 * Return: as ->read_iter()
 */
ssize_t vhdx_backing_read_some(const struct vhdx_backing *backing, u64 offset, void *memory,
			       u32 length, bool direct)
{
	struct bio_vec bvec = {
		.bv_page	= virt_to_page(memory),
		.bv_offset	= offset_in_page(memory),
		.bv_len		= length,
	};
	struct iov_iter iter;
	struct kiocb iocb;

	iov_iter_bvec(&iter, ITER_DEST, &bvec, 1, length);
	init_sync_kiocb(&iocb, backing->file);
	iocb.ki_pos = offset;
	if (direct)
		iocb.ki_flags |= IOCB_DIRECT;
	return backing->file->f_op->read_iter(&iocb, &iter);
}

/* One synchronous write, which may be short. Return: as ->write_iter() */
static ssize_t vhdx_backing_write_iter(struct vhdx_backing *backing, u64 offset,
				       struct iov_iter *iter)
{
	struct kiocb iocb;
	ssize_t ret;

	ret = vhdx_backing_start_write(backing);
	if (ret)
		return ret;
	init_sync_kiocb(&iocb, backing->file);
	iocb.ki_pos = offset;
	iocb.ki_flags |= IOCB_WRITE | (vhdx_backing_is_direct(backing) ? IOCB_DIRECT : 0);
	ret = backing->file->f_op->write_iter(&iocb, iter);
	vhdx_backing_end_write(backing);
	vhdx_backing_touched(backing);
	return ret;
}

/**
 * vhdx_backing_write_bvecs() - synchronous write
 * @backing:	the file, writable
 * @offset:	in the file, in bytes, aligned for direct I/O
 * @bvecs:	the data, aligned likewise
 * @nr:		number of @bvecs
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0 or a negative errno
 */
int vhdx_backing_write_bvecs(struct vhdx_backing *backing, u64 offset, struct bio_vec *bvecs,
			     unsigned int nr)
{
	struct iov_iter iter;
	size_t length = 0;
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < nr; i++)
		length += bvecs[i].bv_len;
	iov_iter_bvec(&iter, ITER_SOURCE, bvecs, nr, length);
	while (iov_iter_count(&iter)) {
		ret = vhdx_backing_write_iter(backing, offset, &iter);
		if (ret <= 0)
			return ret ? ret : -EIO;
		offset += ret;
	}
	return 0;
}

/**
 * vhdx_backing_write_page() - synchronous write of a page of metadata
 * @backing:	the file, writable
 * @offset:	in the file, in bytes
 * @page:	VHDX_PAGE_SIZE bytes of kmalloc()ed memory
 *
 * Context: as vhdx_backing_write_bvecs()
 * Return: as vhdx_backing_write_bvecs()
 */
int vhdx_backing_write_page(struct vhdx_backing *backing, u64 offset, void *page)
{
	struct bio_vec bvec = {
		.bv_page	= virt_to_page(page),
		.bv_offset	= offset_in_page(page),
		.bv_len		= VHDX_PAGE_SIZE,
	};

	return vhdx_backing_write_bvecs(backing, offset, &bvec, 1);
}
