/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The host file that holds an image: opening and mode (open.c), reads and writes (io.c), reads of
 * any range (range.c), size, allocation, zeros and flush (falloc.c), frozen file systems
 * (freeze.c), and the change to read-only for a snapshot (reopen.c).
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
 * @file:		opened by the module, without updates of access times
 * @given:		the caller's open file; keeps the locks that the caller took on it
 * @dentry:		of both; stays the same when they are replaced (reopen.c)
 * @inode:		holds the data: of a file on overlayfs, that of the layer below
 * @size:		bytes; changed only by vhdx_backing_resize(), read without lock
 * @buffered_because:	why I/O goes through the page cache; NULL: I/O is direct
 * @queued_because:	why vhdx_backing_try_read() must not be used; NULL: it may be
 * @may_sleep:		vhdx_backing_try_read() may sleep in spite of IOCB_NOWAIT
 * @offset_alignment:	alignment of file offsets and lengths that direct I/O needs, in bytes
 * @memory_alignment:	alignment of memory addresses that direct I/O needs, in bytes
 * @stable:		data in flight of a direct write must not change
 * @made_stable:	this module has set that flag of the file's page cache
 * @write_denied:	opens of @file's inode for writing are denied
 * @data_denied:	likewise for @inode, if that is another one
 * @writable:		the module may write to the file; it is attached only once
 * @holes:		unused parts may be given back to the file system
 * @keep_holes:		make no holes, and keep existing ones as long as possible
 * @index:		number of the disk; set before the file is opened
 * @unflushed:		a write was completed since the last flush began
 * @dead:		set after a detach by force: then nothing waits for a thaw
 * @thaw_lock:		protects @thaw_waiters
 * @thaw_waiters:	writes that found the file system frozen
 * @thaw_timer:		completes their waits, so that they try again
 * @node:		on the list of attached files
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

/* Does I/O bypass the page cache? Context: any */
static inline bool vhdx_backing_is_direct(const struct vhdx_backing *backing)
{
	return !backing->buffered_because;
}

/**
 * struct vhdx_backing_mode - how a file will be used
 * @buffered:	no direct I/O
 * @unstable:	data of a write may change in flight
 * @alignment:	alignment of data in memory, in bytes; 0: whatever the file needs
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
 * struct vhdx_io - a read or write in flight; embedded in the structure of the requester
 * @iocb:	for the file system
 * @backing:	of a write: the file
 * @done:	called exactly once, when the I/O has ended and no reference is left
 * @result:	number of bytes, or a negative errno
 * @polled:	vhdx_backing_poll() is needed for the I/O to end
 * @refs:	one of the submitter, one of the file system, and one of each vhdx_backing_poll()
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
 * struct vhdx_backing_retiring - a writable file on its way to read-only
 * @backing:	the file
 * @file:	the same file, opened read-only
 * @retired:	vhdx_backing_retire() was called
 * @was:	if @retired: the writable state, which the caller still needs to clean up
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
int vhdx_backing_start_write(struct vhdx_backing *backing);
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

/* Has the file a name in any directory? What is not a regular file always has. Context: any */
static inline bool vhdx_file_has_name(const struct file *file)
{
	return !S_ISREG(file_inode(file)->i_mode) || file_inode(file)->i_nlink;
}

/* The inode that holds the data. Context: any */
static inline struct inode *vhdx_backing_inode(const struct vhdx_backing *backing)
{
	return backing->inode;
}

/* File system whose freeze protection writes take; overlayfs protects the layer below itself. */
static inline struct super_block *vhdx_backing_sb(const struct vhdx_backing *backing)
{
	return file_inode(backing->file)->i_sb;
}

/* Block devices are not frozen. Context: any */
static inline bool vhdx_backing_freezes(const struct vhdx_backing *backing)
{
	return S_ISREG(vhdx_backing_inode(backing)->i_mode);
}

/**
 * vhdx_backing_try_start_write() - take freeze protection, if that needs no wait
 * @backing:	the file, writable
 *
 * Context: process
 * Return: true: protected until vhdx_backing_end_write(); false: the file system is frozen
 */
static inline bool vhdx_backing_try_start_write(struct vhdx_backing *backing)
{
	return !vhdx_backing_freezes(backing) ||
	       sb_start_write_trylock(vhdx_backing_sb(backing));
}

/**
 * vhdx_backing_end_write() - release freeze protection
 * @backing:	the file
 *
 * Context: process
 */
static inline void vhdx_backing_end_write(struct vhdx_backing *backing)
{
	if (vhdx_backing_freezes(backing))
		sb_end_write(vhdx_backing_sb(backing));
}

/*
 * Is fallocate() of any use? A block device bypasses its page cache there, and returns EBUSY if
 * something in the cache is dirty: so not if I/O goes through the page cache. Context: any
 */
static inline bool vhdx_backing_may_fallocate(const struct vhdx_backing *backing)
{
	return backing->file->f_op->fallocate &&
	       (vhdx_backing_is_direct(backing) || !S_ISBLK(vhdx_backing_inode(backing)->i_mode));
}

/* Note that something was written that the next flush must make durable. Context: any */
static inline void vhdx_backing_touched(struct vhdx_backing *backing)
{
	/* written only when it changes, so that the cache line stays shared */
	if (!READ_ONCE(backing->unflushed))
		WRITE_ONCE(backing->unflushed, true);
}

/* Was the disk of the file detached by force? Then commands wait for nothing. Context: any */
static inline bool vhdx_backing_is_dead(const struct vhdx_backing *backing)
{
	return READ_ONCE(*backing->dead);
}

/* Size of the file in bytes. Context: any */
static inline u64 vhdx_backing_size(const struct vhdx_backing *backing)
{
	return READ_ONCE(backing->size);
}

#endif /* VHDX_BACKING_BACKING_H */
