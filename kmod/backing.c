// SPDX-License-Identifier: GPL-2.0
/*
 * Host files. The only place that knows struct file.
 *
 * Direct I/O is used where the file can do it at the image's sector size, for payload and
 * metadata alike: with one mode per file no stale copy of metadata can hide in the page
 * cache, and a 64 TiB disk's BAT does not end up there a second time.
 */
#include "backing.h"

#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "format/range.h"

static struct inode *vhdx_backing_inode(const struct vhdx_backing *backing)
{
	return backing->file->f_mapping->host;
}

/*
 * What direct I/O needs. For a file system that does not tell, what its block device needs,
 * or 512, is a guess; vhdx_backing_try_direct() finds out.
 */
static void vhdx_backing_find_alignment(struct vhdx_backing *backing)
{
	struct inode *inode = vhdx_backing_inode(backing);
	struct block_device *bdev = inode->i_sb->s_bdev;
	struct kstat stat;

	if (S_ISBLK(inode->i_mode))
		bdev = I_BDEV(inode);
	backing->offset_alignment = bdev ? bdev_logical_block_size(bdev) : SECTOR_SIZE;
	backing->memory_alignment = SECTOR_SIZE;
	if (S_ISBLK(inode->i_mode) ||
	    vfs_getattr(&backing->file->f_path, &stat, STATX_DIOALIGN, AT_STATX_SYNC_AS_STAT) ||
	    !(stat.result_mask & STATX_DIOALIGN))
		return;
	backing->offset_alignment = stat.dio_offset_align;	/* 0: no direct I/O at all */
	backing->memory_alignment = max_t(u32, stat.dio_mem_align, SECTOR_SIZE);
}

/* Read @length bytes into one piece of memory and wait; as ->read_iter() returns. */
static ssize_t vhdx_backing_read_sync(const struct vhdx_backing *backing, u64 offset,
				      void *memory, u32 length, bool direct)
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

/* Is the smallest direct read there will be really taken? Stacked file systems may not. */
static bool vhdx_backing_try_direct(const struct vhdx_backing *backing, u32 sector_size)
{
	void *memory = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);
	bool taken;

	taken = memory && vhdx_backing_read_sync(backing, sector_size, memory, sector_size,
						 true) >= 0;
	kfree(memory);
	return taken;
}

/**
 * vhdx_backing_choose_mode() - direct or buffered?
 * @backing:	open, with no read in flight
 * @sector_size: bytes; the smallest read there will be
 * @want_buffered: the caller does not want direct I/O
 */
void vhdx_backing_choose_mode(struct vhdx_backing *backing, u32 sector_size,
			      bool want_buffered)
{
	const char *because = NULL;

	if (want_buffered)
		because = "asked for";
	else if (!(backing->file->f_mode & FMODE_CAN_ODIRECT) || !backing->offset_alignment)
		because = "file system has no direct I/O";
	else if (sector_size % backing->offset_alignment)
		because = "file system needs larger sectors for direct I/O";
	else if (!vhdx_backing_try_direct(backing, sector_size))
		because = "file system refused a direct read";
	backing->buffered_because = because;
	backing->direct = !because;
}

static int vhdx_backing_check_given(struct file *given, struct vhdx_fault *fault)
{
	umode_t mode = given->f_mapping->host->i_mode;

	if (!S_ISREG(mode) && !S_ISBLK(mode)) {
		vhdx_fault_set(fault, VHDX_REASON_attach_not_a_file, 0, 0);
		return -EINVAL;
	}
	if (!(given->f_mode & FMODE_READ) || !given->f_op->read_iter) {
		vhdx_fault_set(fault, VHDX_REASON_attach_unreadable, 0, 0);
		return -EINVAL;
	}
	return 0;
}

/*
 * As long as the file is attached read-only nobody may write to it, or the disk would
 * change under its readers. Block devices have no such lock; their users must know.
 */
static int vhdx_backing_deny_write(struct vhdx_backing *backing, struct file *given,
				   struct vhdx_fault *fault)
{
	int ret;

	if (!S_ISREG(vhdx_backing_inode(backing)->i_mode))
		return 0;
	/* a memfd is writable without being counted as open for writing */
	ret = given->f_mode & FMODE_WRITE ? -ETXTBSY : deny_write_access(backing->file);
	if (ret)
		vhdx_fault_set(fault, VHDX_REASON_attach_open_for_writing, 0, 0);
	else
		backing->write_denied = true;
	return ret;
}

/**
 * vhdx_backing_open() - take a file that user space opened
 * @backing:	filled on success
 * @given:	a reference that stays the caller's
 * @fault:	filled on failure if the failure has a reason
 *
 * Opens the same file once more without access times: updating them would write to a
 * file that must stay as it is (P1), and start a transaction where reads must not.
 *
 * Context: process; opens files, so not under locks that a file system may take.
 * Return: 0 or a negative errno
 */
int vhdx_backing_open(struct vhdx_backing *backing, struct file *given,
		      struct vhdx_fault *fault)
{
	int ret = vhdx_backing_check_given(given, fault);

	if (ret)
		return ret;
	backing->file = dentry_open(&given->f_path, O_RDONLY | O_LARGEFILE | O_NOATIME,
				    given->f_cred);
	if (IS_ERR(backing->file))
		return PTR_ERR(backing->file);
	ret = vhdx_backing_deny_write(backing, given, fault);
	if (ret) {
		fput(backing->file);
		return ret;
	}
	backing->given = get_file(given);
	backing->size = i_size_read(vhdx_backing_inode(backing));
	vhdx_backing_find_alignment(backing);
	vhdx_backing_choose_mode(backing, VHDX_PAGE_SIZE, false);
	return 0;
}

/**
 * vhdx_backing_close() - give the file back
 * @backing:	open, no read in flight
 *
 * Context: process; closing may do anything, so no locks.
 */
void vhdx_backing_close(struct vhdx_backing *backing)
{
	if (backing->write_denied)
		allow_write_access(backing->file);
	fput(backing->file);
	fput(backing->given);
}

static void vhdx_io_put(struct vhdx_io *io)
{
	if (atomic_dec_and_test(&io->refs))
		io->done(io, io->result);
}

static void vhdx_io_complete(struct kiocb *iocb, long result)
{
	struct vhdx_io *io = container_of(iocb, struct vhdx_io, iocb);

	io->result = result;
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
 * Two references: a direct read may complete, and its memory be used again, while
 * ->read_iter() still walks @iter. Whoever lets go last calls @done.
 *
 * Context: process, may sleep; memory allocations below must not recurse into us, so the
 * caller is in a NOIO scope.
 */
void vhdx_backing_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
		       struct iov_iter *iter, u16 ioprio, vhdx_io_done done)
{
	ssize_t ret;

	io->done = done;
	atomic_set(&io->refs, 2);
	io->iocb = (struct kiocb) {
		.ki_filp	= backing->file,
		.ki_pos		= offset,
		.ki_complete	= backing->direct ? vhdx_io_complete : NULL,
		.ki_flags	= backing->direct ? IOCB_DIRECT : 0,
		.ki_ioprio	= ioprio,
	};
	ret = backing->file->f_op->read_iter(&io->iocb, iter);
	if (ret != -EIOCBQUEUED)
		vhdx_io_complete(&io->iocb, ret);
	vhdx_io_put(io);
}

/* Read one page, at a multiple of its size; what lies beyond the end of the file is zero. */
static int vhdx_backing_read_page(const struct vhdx_backing *backing, u64 offset, void *page)
{
	ssize_t ret;

	memset(page, 0, VHDX_PAGE_SIZE);
	ret = vhdx_backing_read_sync(backing, offset, page, VHDX_PAGE_SIZE, backing->direct);
	if (ret < 0)
		return ret;
	if (ret < VHDX_PAGE_SIZE && offset + ret < backing->size)
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
