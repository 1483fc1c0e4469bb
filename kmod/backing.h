/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host file that holds an image: how it is opened, and how bytes are read from it.
 */
#ifndef VHDX_BACKING_H
#define VHDX_BACKING_H

#include <linux/fs.h>
#include <linux/uio.h>

#include "format/reason.h"

/**
 * struct vhdx_backing - an open host file; nothing changes between open and close except
 *			 by vhdx_backing_choose_mode()
 * @file:		our own open of it, without access times
 * @given:		the caller's open of it: keeps the locks the caller took
 * @size:		bytes, as of open
 * @direct:		reads bypass the page cache
 * @buffered_because:	why @direct is false; NULL if it is true
 * @offset_alignment:	what direct I/O needs of file offsets and lengths, in bytes
 * @memory_alignment:	what direct I/O needs of memory addresses, in bytes
 * @write_denied:	we hold deny_write_access()
 */
struct vhdx_backing {
	struct file *file;
	struct file *given;
	u64 size;
	bool direct;
	const char *buffered_because;
	u32 offset_alignment;
	u32 memory_alignment;
	bool write_denied;
};

struct vhdx_io;
typedef void (*vhdx_io_done)(struct vhdx_io *io, long result);

/**
 * struct vhdx_io - one read in flight; lives in the requester's structure
 * @iocb:	for the file system
 * @done:	called exactly once when it is over and nobody looks at it any more
 * @result:	bytes or errno
 * @refs:	the submitter's and the file system's: see vhdx_backing_read()
 */
struct vhdx_io {
	struct kiocb iocb;
	vhdx_io_done done;
	long result;
	atomic_t refs;
};

int vhdx_backing_open(struct vhdx_backing *backing, struct file *given,
		      struct vhdx_fault *fault);
void vhdx_backing_close(struct vhdx_backing *backing);
void vhdx_backing_choose_mode(struct vhdx_backing *backing, u32 sector_size,
			      bool want_buffered);

void vhdx_backing_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
		       struct iov_iter *iter, u16 ioprio, vhdx_io_done done);
int vhdx_backing_read_range(const struct vhdx_backing *backing, u64 offset, void *buffer,
			    u32 length);

#endif /* VHDX_BACKING_H */
