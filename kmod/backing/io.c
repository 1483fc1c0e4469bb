// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Bytes from and to a host file.
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

/* Freeze protection goes with the write, from the task that begins it to where it ends. */
static void vhdx_io_hand_over(struct vhdx_io *io)
{
	if (S_ISREG(vhdx_backing_inode(io->backing)->i_mode))
		vhdx_write_hand_over(vhdx_backing_sb(io->backing));
}

static void vhdx_io_end_write(struct vhdx_io *io)
{
	if (S_ISREG(vhdx_backing_inode(io->backing)->i_mode))
		vhdx_write_take_over(vhdx_backing_sb(io->backing));
	vhdx_backing_end_write(io->backing);
	/* before anybody is told, who might ask for a flush */
	vhdx_backing_touched(io->backing);
}

static void vhdx_io_complete(struct kiocb *iocb, long result)
{
	struct vhdx_io *io = container_of(iocb, struct vhdx_io, iocb);

	if (iocb->ki_flags & IOCB_WRITE)
		vhdx_io_end_write(io);
	io->result = result;
	vhdx_io_put(io);
}

/*
 * Two references: direct I/O may complete, and its memory be used again, while the file
 * system still walks @iter. Whoever lets go last calls @done.
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
	/* what vhdx_backing_poll() finds with them must be this one's */
	atomic_set_release(&io->refs, 2);
}

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
 * @offset:	bytes
 * @iter:	where to, and how much; its vectors must live until @done is called
 * @ioprio:	of the read
 * @done:	called with the number of bytes or an errno, in any context, interrupts
 *		included, perhaps before this returns
 *
 * Asynchronous if the file is in direct mode; otherwise the read is over on return.
 *
 * Context: process, may sleep; memory allocations below must not recurse into us, so the
 * caller is in a NOIO scope.
 */
void vhdx_backing_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
		       struct iov_iter *iter, u16 ioprio, vhdx_io_done done)
{
	vhdx_io_start(backing, io, offset, ioprio, 0, done);
	vhdx_io_started(io, backing->file->f_op->read_iter(&io->iocb, iter));
}

/**
 * vhdx_backing_try_read() - as vhdx_backing_read(), but rather fail than wait
 * @backing:	the file, without @queued_because
 * @io:		not in use
 * @offset:	bytes
 * @iter:	as for vhdx_backing_read()
 * @ioprio:	of the read
 * @polled:	vhdx_backing_poll() will be called until it is over
 * @done:	likewise; -EAGAIN, at once or later, means that it would have had to wait. Any
 *		other error may as well come from where it was tried, say a pending signal.
 *
 * Context: process, in a vhdx_nowait scope. File systems keep that promise as far as they
 * can: ext4 waits for a piece of its extent tree.
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
 * vhdx_backing_poll() - help a read to its end
 * @io:		of vhdx_backing_try_read(), or over and used again or not; was zeroed before its
 *		first use
 * @batch:	as for ->iopoll()
 *
 * That it was polled for is kept here: file systems take IOCB_HIPRI away from the rest of a
 * read whose first part is polled.
 *
 * Context: process; @done of the read may be called.
 * Return: how many requests, not necessarily this one, the device below has ended
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
 * @offset:	bytes
 * @iter:	where from, and how much; its vectors must live until @done is called
 * @ioprio:	of the write
 * @done:	as for vhdx_backing_read()
 *
 * What was written is durable after the next vhdx_backing_flush() that begins after @done.
 *
 * Context: as vhdx_backing_read()
 * Return: false if the file system is frozen: nothing happened, and @done is not called
 */
bool vhdx_backing_write(struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
			struct iov_iter *iter, u16 ioprio, vhdx_io_done done)
{
	if (!vhdx_backing_try_start_write(backing))
		return false;
	io->backing = backing;
	vhdx_io_start(backing, io, offset, ioprio, IOCB_WRITE, done);
	vhdx_io_hand_over(io);
	vhdx_io_started(io, backing->file->f_op->write_iter(&io->iocb, iter));
	return true;
}

/**
 * vhdx_backing_read_some() - one read into one piece of memory, waited for
 * @backing:	the file
 * @offset:	bytes
 * @memory:	of kmalloc()
 * @length:	bytes
 * @direct:	bypass the page cache, whatever the file's mode
 *
 * Context: process, may sleep.
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

/* Read one page, at a multiple of its size; what lies beyond the end of the file is zero. */
static int vhdx_backing_read_page(const struct vhdx_backing *backing, u64 offset, void *page)
{
	ssize_t ret;

	memset(page, 0, VHDX_PAGE_SIZE);
	ret = vhdx_backing_read_some(backing, offset, page, VHDX_PAGE_SIZE,
				     vhdx_backing_is_direct(backing));
	if (ret < 0)
		return ret;
	if (ret < VHDX_PAGE_SIZE && offset + ret < vhdx_backing_size(backing))
		return -EIO;
	return 0;
}

/**
 * vhdx_backing_read_range() - read any bytes, and wait for them
 * @backing:	the file
 * @offset:	bytes
 * @buffer:	any kernel memory
 * @length:	bytes; the range must lie inside the file
 *
 * For opening an image: goes page by page through a bounce page, so that alignment is no
 * concern of the caller's.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno
 */
int vhdx_backing_read_range(const struct vhdx_backing *backing, u64 offset, void *buffer,
			    u32 length)
{
	void *page = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);
	int ret = page ? 0 : -ENOMEM;

	while (!ret && length) {
		u32 skip = offset % VHDX_PAGE_SIZE;
		u32 part = min(length, VHDX_PAGE_SIZE - skip);

		ret = vhdx_backing_read_page(backing, offset - skip, page);
		if (ret)
			break;
		memcpy(buffer, page + skip, part);
		buffer += part;
		offset += part;
		length -= part;
	}
	kfree(page);
	return ret;
}

/**
 * vhdx_backing_reader_read() - read a range of the file, for struct vhdx_reader
 * @backing:	struct vhdx_backing
 * @offset:	in the file, in bytes
 * @buffer:	filled
 * @length:	bytes
 *
 * Context: as vhdx_backing_read_range()
 * Return: as vhdx_backing_read_range()
 */
int vhdx_backing_reader_read(void *backing, u64 offset, void *buffer, u32 length)
{
	return vhdx_backing_read_range(backing, offset, buffer, length);
}

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
 * vhdx_backing_write_bvecs() - write all of it, and wait
 * @backing:	the file, writable
 * @offset:	bytes, aligned for direct I/O
 * @bvecs:	what; aligned likewise
 * @nr:		how many
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
 * vhdx_backing_write_page() - write a page of metadata
 * @backing:	open for writing
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
