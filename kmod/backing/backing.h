/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The host file that holds an image: how it is opened (open.c), how bytes get from and
 * to it (io.c), and how it is made longer, shorter, empty or durable (falloc.c).
 */
#ifndef VHDX_BACKING_BACKING_H
#define VHDX_BACKING_BACKING_H

#include <linux/fs.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uio.h>

#include "waiter.h"
#include "format/reason.h"

/**
 * struct vhdx_backing - an open host file
 * @file:		our own open of it, without access times
 * @given:		the caller's open of it: keeps the locks the caller took
 * @dentry:		of both; stays the same when they are replaced (reopen.c)
 * @inode:		holds the data: of a file on overlayfs, that of the layer below
 * @size:		bytes; changes only by vhdx_backing_resize() and is read without lock
 * @buffered_because:	why reads and writes go through the page cache; NULL: they are direct
 * @queued_because:	why vhdx_backing_try_read() is not for this file; NULL if it is
 * @may_sleep:		vhdx_backing_try_read() sleeps at times, though it asks not to
 * @offset_alignment:	what direct I/O needs of file offsets and lengths, in bytes
 * @memory_alignment:	what direct I/O needs of memory addresses, in bytes
 * @stable:		data that are written directly must not change meanwhile
 * @made_stable:	we asked for that of its page cache
 * @write_denied:	writers are kept away from @file's inode
 * @data_denied:	likewise from @inode, if that is another one
 * @writable:		we may write, and nobody else here does
 * @holes:		unused parts may be given back to the file system
 * @keep_holes:		no holes are to be made, and those that are there stay as long as they can
 * @index:		number of the disk it is for; set before it is opened
 * @unflushed:		a write was completed since the last flush began
 * @dead:		set when the disk is detached by force: nothing waits for a thaw then
 * @thaw_lock:		protects @thaw_waiters
 * @thaw_waiters:	writes that met a frozen file system
 * @thaw_timer:		tells them to try again
 * @node:		on the list of writable files
 */
struct vhdx_backing {
	struct file *file;
	struct file *given;
	struct dentry *dentry;
	struct inode *inode;
	u64 size;
	const char *buffered_because;
	const char *queued_because;
	bool may_sleep;
	u32 offset_alignment;
	u32 memory_alignment;
	bool stable;
	bool made_stable;
	bool write_denied;
	bool data_denied;
	bool writable;
	bool holes;
	bool keep_holes;
	int index;
	bool unflushed;
	const bool *dead;
	spinlock_t thaw_lock;
	struct list_head thaw_waiters;
	struct timer_list thaw_timer;
	struct list_head node;
};

/* Do reads and writes bypass the page cache? */
static inline bool vhdx_backing_is_direct(const struct vhdx_backing *backing)
{
	return !backing->buffered_because;
}

/**
 * struct vhdx_backing_mode - what is known of how a file will be used
 * @buffered:	no direct I/O
 * @unstable:	data may change while they are written
 * @alignment:	data are aligned to so many bytes in memory; 0: as the file needs it
 */
struct vhdx_backing_mode {
	bool buffered;
	bool unstable;
	u32 alignment;
};

struct io_comp_batch;
struct vhdx_io;
typedef void (*vhdx_io_done)(struct vhdx_io *io, long result);

/**
 * struct vhdx_io - one read or write in flight; lives in the requester's structure
 * @iocb:	for the file system
 * @backing:	of a write: the file
 * @done:	called exactly once when it is over and nobody looks at it any more
 * @result:	bytes or errno
 * @polled:	vhdx_backing_poll() makes it end; it may not do so by itself
 * @refs:	the submitter's and the file system's, and those of vhdx_backing_poll()
 */
struct vhdx_io {
	struct kiocb iocb;
	struct vhdx_backing *backing;
	vhdx_io_done done;
	long result;
	bool polled;
	atomic_t refs;
};

/**
 * struct vhdx_backing_retiring - a file that will not be written to any more
 * @backing:	the file
 * @file:	opened read-only
 * @retired:	after vhdx_backing_retire()
 * @was:	if so: the file as it could be written to, for what is still to be cleaned up
 */
struct vhdx_backing_retiring {
	struct vhdx_backing *backing;
	struct file *file;
	bool retired;
	struct vhdx_backing was;
};

void vhdx_backing_thaw_init(struct vhdx_backing *backing);
void vhdx_backing_thaw_exit(struct vhdx_backing *backing);
void vhdx_backing_wait_thaw(struct vhdx_backing *backing, struct vhdx_waiter *waiter);
bool vhdx_backing_try_start_write(struct vhdx_backing *backing);
int vhdx_backing_start_write(struct vhdx_backing *backing);
void vhdx_backing_end_write(struct vhdx_backing *backing);
bool vhdx_backing_is_frozen(struct vhdx_backing *backing);

int vhdx_backing_open(struct vhdx_backing *backing, struct file *given, bool writable,
		      struct vhdx_fault *fault);
void vhdx_backing_put_file(struct file *file);
void vhdx_backing_close(struct vhdx_backing *backing);
bool vhdx_backing_deny_writers(struct vhdx_backing *backing);
struct block_device *vhdx_backing_file_bdev(const struct file *file);
unsigned int vhdx_backing_devices(int index, struct file **files, unsigned int nr,
				  unsigned int max);
void vhdx_backing_replace(struct vhdx_backing *backing, struct file **file, struct file **given);
int vhdx_backing_retiring_open(struct vhdx_backing_retiring *retiring,
			       struct vhdx_backing *backing);
void vhdx_backing_retire(struct vhdx_backing_retiring *retiring);
void vhdx_backing_retiring_close(struct vhdx_backing_retiring *retiring);
void vhdx_backing_choose_mode(struct vhdx_backing *backing, u32 sector_size,
			      const struct vhdx_backing_mode *mode);

void vhdx_backing_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
		       struct iov_iter *iter, u16 ioprio, vhdx_io_done done);
void vhdx_backing_try_read(const struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
			   struct iov_iter *iter, u16 ioprio, bool polled, vhdx_io_done done);
int vhdx_backing_poll(struct vhdx_io *io, struct io_comp_batch *batch);
bool vhdx_backing_write(struct vhdx_backing *backing, struct vhdx_io *io, u64 offset,
			struct iov_iter *iter, u16 ioprio, vhdx_io_done done);
ssize_t vhdx_backing_read_some(const struct vhdx_backing *backing, u64 offset, void *memory,
			       u32 length, bool direct);
int vhdx_backing_read_range(const struct vhdx_backing *backing, u64 offset, void *buffer,
			    u32 length);
int vhdx_backing_reader_read(void *backing, u64 offset, void *buffer, u32 length);
int vhdx_backing_write_bvecs(struct vhdx_backing *backing, u64 offset, struct bio_vec *bvecs,
			     unsigned int nr);
int vhdx_backing_write_page(struct vhdx_backing *backing, u64 offset, void *page);

int vhdx_backing_flush(struct vhdx_backing *backing);
int vhdx_backing_resize(struct vhdx_backing *backing, u64 size);
bool vhdx_backing_has_room(const struct vhdx_backing *backing, u64 bytes);
int vhdx_backing_allocate(struct vhdx_backing *backing, u64 offset, u64 length);
int vhdx_backing_reserve(struct vhdx_backing *backing, u64 offset, u64 length, void *page);
int vhdx_backing_punch(struct vhdx_backing *backing, u64 offset, u64 length);
int vhdx_backing_zero_data(struct vhdx_backing *backing, u64 offset, u64 length);
int vhdx_backing_zero(struct vhdx_backing *backing, u64 offset, u64 length, bool keep);

/* Is there any name, in any directory, by which a file can be found? Others have always one. */
static inline bool vhdx_file_has_name(const struct file *file)
{
	return !S_ISREG(file_inode(file)->i_mode) || file_inode(file)->i_nlink;
}

static inline struct inode *vhdx_backing_inode(const struct vhdx_backing *backing)
{
	return backing->inode;
}

/* What a freeze protects: overlayfs takes the protection of the layer below itself. */
static inline struct super_block *vhdx_backing_sb(const struct vhdx_backing *backing)
{
	return file_inode(backing->file)->i_sb;
}

/*
 * A block device does that past its page cache, and says EBUSY if something in there is dirty: not
 * if it is used through it.
 */
static inline bool vhdx_backing_may_fallocate(const struct vhdx_backing *backing)
{
	return backing->file->f_op->fallocate &&
	       (vhdx_backing_is_direct(backing) || !S_ISBLK(vhdx_backing_inode(backing)->i_mode));
}

/* Something was completed that the next flush must make durable. */
static inline void vhdx_backing_touched(struct vhdx_backing *backing)
{
	/* written only when it changes: the cache line stays shared */
	if (!READ_ONCE(backing->unflushed))
		WRITE_ONCE(backing->unflushed, true);
}

/* Was the disk that the file is for killed? Commands then wait for nothing any more. */
static inline bool vhdx_backing_is_dead(const struct vhdx_backing *backing)
{
	return READ_ONCE(*backing->dead);
}

static inline u64 vhdx_backing_size(const struct vhdx_backing *backing)
{
	return READ_ONCE(backing->size);
}

#endif /* VHDX_BACKING_BACKING_H */
