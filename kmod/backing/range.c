// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: reads of any range
 *
 * Headers, tables and logs are read when an image is opened: at any offset, of any length, into any
 * memory. Direct I/O needs all of these aligned, and physical pages. So the reads go through a
 * bounce buffer of whole pages. It has up to 1 MiB, because the BAT of a large disk is read as a
 * whole before the image is written to (image/bat_scan.c), and the time of a small request is
 * mostly latency. With little memory it has fewer pages; one is enough.
 */
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "backing/backing.h"
#include "format/disk.h"

#define VHDX_BOUNCE_SIZE	SZ_1M

struct vhdx_bounce {
	struct bio_vec *bvecs;
	unsigned int nr;
};

static void vhdx_bounce_free(struct vhdx_bounce *bounce)
{
	while (bounce->nr)
		__free_page(bounce->bvecs[--bounce->nr].bv_page);
	kfree(bounce->bvecs);
}

/* Allocate the pages for @length bytes, or some of them. Return: 0; -ENOMEM if there is none */
static int vhdx_bounce_alloc(struct vhdx_bounce *bounce, u64 length)
{
	unsigned int nr = DIV_ROUND_UP(min_t(u64, length, VHDX_BOUNCE_SIZE), PAGE_SIZE);

	bounce->nr = 0;
	bounce->bvecs = kmalloc_array(nr, sizeof(*bounce->bvecs), GFP_KERNEL);
	while (bounce->bvecs && bounce->nr < nr) {
		gfp_t more = bounce->nr ? __GFP_NORETRY | __GFP_NOWARN : 0;
		struct page *page = alloc_page(GFP_KERNEL | more);

		if (!page)
			break;
		bounce->bvecs[bounce->nr++] = (struct bio_vec) {
			.bv_page	= page,
			.bv_len		= PAGE_SIZE,
		};
	}
	if (bounce->nr)
		return 0;
	vhdx_bounce_free(bounce);
	return -ENOMEM;
}

/* The first @length bytes of the pages, without the first @skip of them */
static void vhdx_bounce_iter(const struct vhdx_bounce *bounce, struct iov_iter *iter,
			     unsigned int direction, u32 skip, u32 length)
{
	iov_iter_bvec(iter, direction, bounce->bvecs, bounce->nr, length);
	iov_iter_advance(iter, skip);
}

/*
 * Read @length bytes at @offset, both multiples of VHDX_PAGE_SIZE. The file may end in the range:
 * what is behind its end reads as zeros. Return: 0 or a negative errno
 */
static int vhdx_bounce_fill(const struct vhdx_bounce *bounce, const struct vhdx_backing *backing,
			    u64 offset, u32 length)
{
	struct iov_iter iter;
	struct kiocb iocb;
	u32 done = 0;

	init_sync_kiocb(&iocb, backing->file);
	if (vhdx_backing_is_direct(backing))
		iocb.ki_flags |= IOCB_DIRECT;
	while (done < length && offset + done < vhdx_backing_size(backing)) {
		ssize_t ret;

		vhdx_bounce_iter(bounce, &iter, ITER_DEST, done, length);
		iocb.ki_pos = offset + done;
		ret = backing->file->f_op->read_iter(&iocb, &iter);
		if (ret <= 0)
			return ret ? ret : -EIO;
		done += ret;
	}
	vhdx_bounce_iter(bounce, &iter, ITER_DEST, done, length);
	iov_iter_zero(length - done, &iter);
	return 0;
}

/**
 * vhdx_backing_read_range() - synchronous read of any range, for opening an image
 * @backing:	the file
 * @offset:	in the file, in bytes
 * @buffer:	any kernel memory
 * @length:	bytes, perhaps 0; the range must lie inside the file
 *
 * Context: process, may sleep
 * Return: 0 or a negative errno
 */
int vhdx_backing_read_range(const struct vhdx_backing *backing, u64 offset, void *buffer,
			    u32 length)
{
	struct vhdx_bounce bounce;
	int ret;

	/* an item of metadata may be empty; what is wrong with that is said elsewhere */
	if (!length)
		return 0;
	ret = vhdx_bounce_alloc(&bounce, offset % VHDX_PAGE_SIZE + length);
	if (ret)
		return ret;
	while (!ret && length) {
		u32 skip = offset % VHDX_PAGE_SIZE;
		u32 part = min_t(u64, length, bounce.nr * PAGE_SIZE - skip);
		struct iov_iter iter;

		ret = vhdx_bounce_fill(&bounce, backing, offset - skip,
				       round_up(skip + part, VHDX_PAGE_SIZE));
		vhdx_bounce_iter(&bounce, &iter, ITER_SOURCE, skip, skip + part);
		if (!ret && !copy_from_iter_full(buffer, part, &iter))
			ret = -EIO;
		buffer += part;
		offset += part;
		length -= part;
	}
	vhdx_bounce_free(&bounce);
	return ret;
}

/**
 * vhdx_backing_reader_read() - vhdx_backing_read_range() for struct vhdx_reader
 * @backing:	a struct vhdx_backing
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
