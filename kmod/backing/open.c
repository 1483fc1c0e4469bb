// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Host files. The only place that knows struct file.
 *
 * Direct I/O is used where the file can do it at the image's sector size, for payload and
 * metadata alike: with one mode per file no stale copy of metadata can hide in the page
 * cache, and a 64 TiB disk's BAT does not end up there a second time.
 */
#include "backing/backing.h"

#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "compat/fs.h"
#include "format/disk.h"

static bool buffered;
module_param(buffered, bool, 0644);
MODULE_PARM_DESC(buffered, "buffered I/O for every image file, for tests; read at attach");

/* All attached files: the same file may come by different names and opens. */
static DEFINE_MUTEX(vhdx_backing_lock);
static LIST_HEAD(vhdx_backing_files);

/* What is below, if that is one device */
static struct block_device *vhdx_inode_bdev(struct inode *inode)
{
	return S_ISBLK(inode->i_mode) ? I_BDEV(inode) : inode->i_sb->s_bdev;
}

static struct block_device *vhdx_backing_bdev(const struct vhdx_backing *backing)
{
	return vhdx_inode_bdev(vhdx_backing_inode(backing));
}

/**
 * vhdx_backing_file_bdev() - the block device that a file is on, or is
 * @file:	open; the device stays as long as the file is open
 *
 * Return: the device; NULL if there is none, or if there are several
 */
struct block_device *vhdx_backing_file_bdev(const struct file *file)
{
	return vhdx_inode_bdev(vhdx_real_inode(file));
}

/* On one device, or if there is none, on one file system */
static bool vhdx_files_share_device(const struct file *a, const struct file *b)
{
	struct block_device *bdev = vhdx_backing_file_bdev(a);

	if (bdev || vhdx_backing_file_bdev(b))
		return bdev == vhdx_backing_file_bdev(b);
	return vhdx_real_inode(a)->i_sb == vhdx_real_inode(b)->i_sb;
}

static bool vhdx_files_have_device(struct file *const *files, unsigned int nr,
				   const struct file *file)
{
	while (nr--)
		if (vhdx_files_share_device(files[nr], file))
			return true;
	return false;
}

/**
 * vhdx_backing_devices() - one file for each device that a disk's files are on
 * @index:	number of the disk
 * @files:	in: files whose devices are not of interest; out: and others, with references
 * @nr:		how many are there
 * @max:	how many there may be
 *
 * Return: how many there are now; if that is @max, there may be more
 */
unsigned int vhdx_backing_devices(int index, struct file **files, unsigned int nr,
				  unsigned int max)
{
	struct vhdx_backing *backing;

	mutex_lock(&vhdx_backing_lock);
	list_for_each_entry(backing, &vhdx_backing_files, node)
		if (nr < max && backing->index == index &&
		    !vhdx_files_have_device(files, nr, backing->file))
			files[nr++] = get_file(backing->file);
	mutex_unlock(&vhdx_backing_lock);
	return nr;
}

/* Exchange the opens of a file for others of the same; for reopen.c. Context: process */
void vhdx_backing_replace(struct vhdx_backing *backing, struct file **file, struct file **given)
{
	mutex_lock(&vhdx_backing_lock);
	swap(backing->file, *file);
	swap(backing->given, *given);
	mutex_unlock(&vhdx_backing_lock);
}

/*
 * Is there somebody below who sums up data, or makes parities of them, and goes by what it has
 * made when it reads them? Then file systems above must leave pages alone that are on their way.
 */
static bool vhdx_backing_is_stable(const struct vhdx_backing *backing)
{
	struct block_device *bdev = vhdx_backing_bdev(backing);

	return vhdx_wants_stable_writes(vhdx_backing_inode(backing)) ||
	       (bdev && bdev_stable_writes(bdev));
}

/*
 * What direct I/O needs. For a file system that does not tell, what its block device needs,
 * or 512, is a guess; vhdx_backing_try_direct() finds out. A device may need more of memory than
 * of its sectors, and the other way round: dm-crypt takes whole sectors of its own only.
 */
static void vhdx_backing_find_alignment(struct vhdx_backing *backing)
{
	struct inode *inode = vhdx_backing_inode(backing);
	struct block_device *bdev = vhdx_backing_bdev(backing);
	struct kstat stat;

	backing->offset_alignment = bdev ? bdev_logical_block_size(bdev) : SECTOR_SIZE;
	backing->memory_alignment = max_t(u32, bdev ? bdev_dma_alignment(bdev) + 1 : 0,
					  SECTOR_SIZE);
	if (S_ISBLK(inode->i_mode) ||
	    vfs_getattr(&backing->file->f_path, &stat, STATX_DIOALIGN, AT_STATX_SYNC_AS_STAT) ||
	    !(stat.result_mask & STATX_DIOALIGN))
		return;
	backing->offset_alignment = stat.dio_offset_align;	/* 0: no direct I/O at all */
	backing->memory_alignment = max_t(u32, stat.dio_mem_align, SECTOR_SIZE);
}

/* Is the smallest direct read there will be really taken? Stacked file systems may not. */
static bool vhdx_backing_try_direct(const struct vhdx_backing *backing, u32 sector_size)
{
	void *memory = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);
	bool taken;

	taken = memory && vhdx_backing_read_some(backing, sector_size, memory, sector_size,
						 true) >= 0;
	kfree(memory);
	return taken;
}

/*
 * May reads be submitted by whoever asks (request/nowait.c)? On these file systems it was seen what
 * a read does to the task that submits it: it keeps no state there, begins no transaction
 * without access times, and takes no lock that those above it could hold. Of block devices
 * there is nothing to be seen.
 */
static const char *vhdx_backing_why_queued(const struct vhdx_backing *backing)
{
	const struct inode *inode = vhdx_backing_inode(backing);

	if (!vhdx_backing_is_direct(backing))
		return "I/O is buffered";
	if (!(backing->file->f_mode & FMODE_NOWAIT))
		return "file system does not support nowait I/O";
	if (S_ISBLK(inode->i_mode) || inode->i_sb->s_magic == EXT4_SUPER_MAGIC ||
	    inode->i_sb->s_magic == XFS_SUPER_MAGIC)
		return NULL;
	return "file system is not known to be safe for nowait I/O";
}

/*
 * A page of the page cache that is on its way is not changed: what is on the disk below after a
 * power cut is an old sector or a new one, never some of both (P4).
 */
static void vhdx_backing_make_stable(struct vhdx_backing *backing)
{
	if (backing->writable && !vhdx_backing_is_direct(backing) && !backing->made_stable)
		backing->made_stable = vhdx_want_stable_writes(vhdx_backing_inode(backing));
}

/* NULL if nothing speaks against direct I/O */
static const char *vhdx_backing_why_buffered(const struct vhdx_backing *backing, u32 sector_size,
					     const struct vhdx_backing_mode *mode)
{
	if (mode->buffered || buffered)
		return "buffered I/O was requested";
	if (!(backing->file->f_mode & FMODE_CAN_ODIRECT) || !backing->offset_alignment)
		return "file system does not support direct I/O";
	if (sector_size % backing->offset_alignment)
		return "direct I/O needs larger sectors than the image has";
	if (mode->alignment && mode->alignment < backing->memory_alignment)
		return "file system needs stricter memory alignment than the disk promised";
	if (backing->writable && vhdx_checksums_unstable_data(backing->file))
		return "data may change in flight, but the file system checksums it";
	if (backing->stable && mode->unstable)
		return "data may change in flight, but the backing device checksums it";
	if (!vhdx_backing_try_direct(backing, sector_size))
		return "a test read with direct I/O failed";
	return NULL;
}

/**
 * vhdx_backing_choose_mode() - direct or buffered?
 * @backing:	open, with no read in flight
 * @sector_size: bytes; the smallest read there will be
 * @mode:	what else there is to know
 */
void vhdx_backing_choose_mode(struct vhdx_backing *backing, u32 sector_size,
			      const struct vhdx_backing_mode *mode)
{
	backing->buffered_because = vhdx_backing_why_buffered(backing, sector_size, mode);
	backing->queued_because = vhdx_backing_why_queued(backing);
	/* its extent tree is read regardless of IOCB_NOWAIT */
	backing->may_sleep = vhdx_backing_inode(backing)->i_sb->s_magic == EXT4_SUPER_MAGIC;
	vhdx_backing_make_stable(backing);
	/* what user space has looked at would be looked for at each write */
	if (vhdx_backing_is_direct(backing))
		invalidate_mapping_pages(vhdx_backing_inode(backing)->i_mapping, 0, -1);
}

static int vhdx_backing_check_given(struct file *given, bool writable,
				    struct vhdx_fault *fault)
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
	if (writable && (!(given->f_mode & FMODE_WRITE) || !given->f_op->write_iter)) {
		vhdx_fault_set(fault, VHDX_REASON_attach_unwritable, 0, 0);
		return -EINVAL;
	}
	return 0;
}

/* As deny_write_access(), of an inode that is not a file's own. Return: false if it has writers */
static bool vhdx_inode_deny_write(struct inode *inode)
{
	return atomic_dec_unless_positive(&inode->i_writecount);
}

/**
 * vhdx_backing_deny_writers() - keep writers away, as far as there are none yet
 * @backing:	open, only read from now on
 *
 * On overlayfs from both inodes: the overlay's own is what writers through the overlay open, and
 * those of the upper directory open the other. Block devices have no such lock; their users must
 * know.
 *
 * Return: false if there are some already, by one of the inodes
 */
bool vhdx_backing_deny_writers(struct vhdx_backing *backing)
{
	struct inode *inode = vhdx_backing_inode(backing);
	bool two = inode != file_inode(backing->file);

	if (!S_ISREG(inode->i_mode))
		return true;
	backing->write_denied = !deny_write_access(backing->file);
	backing->data_denied = two && vhdx_inode_deny_write(inode);
	return backing->write_denied && (backing->data_denied || !two);
}

static void vhdx_backing_allow_writers(struct vhdx_backing *backing)
{
	if (backing->write_denied)
		allow_write_access(backing->file);
	if (backing->data_denied)
		atomic_inc(&vhdx_backing_inode(backing)->i_writecount);
	backing->write_denied = false;
	backing->data_denied = false;
}

/*
 * As long as the file is attached read-only nobody may write to it, or the disk would
 * change under its readers.
 */
static int vhdx_backing_deny_write(struct vhdx_backing *backing, struct file *given,
				   struct vhdx_fault *fault)
{
	if (!S_ISREG(vhdx_backing_inode(backing)->i_mode))
		return 0;
	/* a memfd is writable without being counted as open for writing */
	if (!(given->f_mode & FMODE_WRITE) && vhdx_backing_deny_writers(backing))
		return 0;
	vhdx_backing_allow_writers(backing);
	vhdx_fault_set(fault, VHDX_REASON_attach_open_for_writing, 0, 0);
	return -ETXTBSY;
}

/*
 * One file, if perhaps by two inodes of overlayfs. Which one holds the data changes when a file of
 * the lower directory is copied up, as by chmod.
 */
static bool vhdx_backing_is_same(const struct vhdx_backing *a, const struct vhdx_backing *b)
{
	if (vhdx_backing_inode(a) == vhdx_backing_inode(b))
		return true;
	return S_ISREG(vhdx_backing_inode(a)->i_mode) && S_ISREG(vhdx_backing_inode(b)->i_mode) &&
	       d_real_inode(a->dentry) == d_real_inode(b->dentry);
}

/*
 * A file that is written to here is not used here for anything else: as a disk of its own
 * or as the parent of one (P6). Others are kept away by the locks that the caller took.
 */
static int vhdx_backing_register(struct vhdx_backing *backing, struct vhdx_fault *fault)
{
	enum vhdx_reason reason = VHDX_OK;
	struct vhdx_backing *other;

	mutex_lock(&vhdx_backing_lock);
	list_for_each_entry(other, &vhdx_backing_files, node) {
		if (!vhdx_backing_is_same(other, backing))
			continue;
		if (other->writable)
			reason = VHDX_REASON_attach_attached;
		else if (backing->writable)
			reason = VHDX_REASON_attach_in_use;
	}
	if (!reason)
		list_add(&backing->node, &vhdx_backing_files);
	mutex_unlock(&vhdx_backing_lock);
	if (reason)
		vhdx_fault_set(fault, reason, 0, 0);
	return reason ? -EBUSY : 0;
}

static void vhdx_backing_unregister(struct vhdx_backing *backing)
{
	mutex_lock(&vhdx_backing_lock);
	list_del(&backing->node);
	mutex_unlock(&vhdx_backing_lock);
}

/**
 * vhdx_backing_put_file() - drop a reference, and close the file before this returns
 * @file:	the file; the next attach may open it again
 *
 * Context: kernel thread, no locks
 */
void vhdx_backing_put_file(struct file *file)
{
	__fput_sync(file);
}

/**
 * vhdx_backing_open() - take a file that user space opened
 * @backing:	filled on success
 * @given:	a reference that stays the caller's
 * @writable:	open it for writing too
 * @fault:	filled on failure if the failure has a reason
 *
 * Opens the same file once more without access times: updating them would write to a
 * file that must stay as it is (P1), and start a transaction where reads must not.
 *
 * Context: kernel thread; opens files, so not under locks that a file system may take.
 * Return: 0 or a negative errno
 */
int vhdx_backing_open(struct vhdx_backing *backing, struct file *given, bool writable,
		      struct vhdx_fault *fault)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | O_LARGEFILE | O_NOATIME;
	const struct vhdx_backing_mode mode = { .buffered = false };
	int ret = vhdx_backing_check_given(given, writable, fault);

	if (ret)
		return ret;
	backing->file = dentry_open(&given->f_path, flags, given->f_cred);
	if (IS_ERR(backing->file))
		return PTR_ERR(backing->file);
	backing->dentry = backing->file->f_path.dentry;
	backing->inode = vhdx_real_inode(backing->file);
	vhdx_backing_thaw_init(backing);
	backing->writable = writable;
	backing->holes = writable;
	ret = vhdx_backing_register(backing, fault);
	if (!ret && !writable) {
		ret = vhdx_backing_deny_write(backing, given, fault);
		if (ret)
			vhdx_backing_unregister(backing);
	}
	if (ret) {
		vhdx_backing_put_file(backing->file);
		return ret;
	}
	backing->given = get_file(given);
	backing->size = i_size_read(vhdx_backing_inode(backing));
	backing->stable = writable && vhdx_backing_is_stable(backing);
	vhdx_backing_find_alignment(backing);
	/* until more is known: our own pages */
	vhdx_backing_choose_mode(backing, VHDX_PAGE_SIZE, &mode);
	return 0;
}

/**
 * vhdx_backing_close() - give the file back
 * @backing:	open, no read or write in flight
 *
 * Context: kernel thread; closing may do anything, so no locks.
 */
void vhdx_backing_close(struct vhdx_backing *backing)
{
	vhdx_backing_thaw_exit(backing);
	vhdx_backing_allow_writers(backing);
	if (backing->made_stable)
		vhdx_unwant_stable_writes(vhdx_backing_inode(backing));
	vhdx_backing_unregister(backing);
	vhdx_backing_put_file(backing->file);
	vhdx_backing_put_file(backing->given);
}
