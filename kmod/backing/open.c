// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Opening of host files, and the mode of their I/O.
 *
 * I/O is direct where the file supports that at the sector size of the image, for payload and
 * metadata alike. With one mode for each file no stale copy of metadata stays in the page cache,
 * and the BAT of a 64 TiB disk is not cached there a second time.
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

/* All attached files. The same file may be opened more than once, under different names. */
static DEFINE_MUTEX(vhdx_backing_lock);
static LIST_HEAD(vhdx_backing_files);

/* The block device that an inode is, or that its file system is on; NULL: none, or several */
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

/*
 * Is a file on the device of one of @files, or if it is on none, on its file system? Context:
 * vhdx_backing_lock held
 */
static bool vhdx_files_have_device(struct file *const *files, unsigned int nr,
				   const struct file *file)
{
	struct block_device *bdev = vhdx_backing_file_bdev(file), *other;

	while (nr--) {
		other = vhdx_backing_file_bdev(files[nr]);
		if (bdev || other) {
			if (bdev == other)
				return true;
		} else if (vhdx_real_inode(files[nr])->i_sb == vhdx_real_inode(file)->i_sb) {
			return true;
		}
	}
	return false;
}

/**
 * vhdx_backing_devices() - collect one file for each device that files of a disk are on
 * @index:	number of the disk
 * @files:	in: files whose devices are not to be collected; out: these and one file for each
 *		other device, with a reference
 * @nr:		number of files in @files
 * @max:	size of @files
 *
 * Context: process
 * Return: number of files in @files now; if that is @max, there may be more devices
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

/**
 * vhdx_backing_replace() - exchange the open files of an image for others of the same file
 * @backing:	the file
 * @file:	becomes @backing->file; set to the old one
 * @given:	becomes @backing->given; set to the old one
 *
 * Context: process
 */
void vhdx_backing_replace(struct vhdx_backing *backing, struct file **file, struct file **given)
{
	mutex_lock(&vhdx_backing_lock);
	swap(backing->file, *file);
	swap(backing->given, *given);
	mutex_unlock(&vhdx_backing_lock);
}

/*
 * Does something below compute checksums or parities of data in flight? Then data of a direct write
 * must not change until the write has ended.
 */
static bool vhdx_backing_is_stable(const struct vhdx_backing *backing)
{
	struct block_device *bdev = vhdx_backing_bdev(backing);

	return vhdx_wants_stable_writes(vhdx_backing_inode(backing)) ||
	       (bdev && bdev_stable_writes(bdev));
}

/*
 * Find the alignment that direct I/O needs. If the file system does not report it, that of its
 * block device, or 512, is a guess, which vhdx_backing_try_direct() verifies. The alignment of
 * memory may be larger than a sector of the device, or smaller: dm-crypt takes only whole sectors
 * of its own.
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

/* Does a direct read of @sector_size bytes succeed? On stacked file systems it may not. */
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
 * Why reads must not be submitted in the context of the task that submits the request, or NULL if
 * they may be (request/nowait.c). For the file systems listed here the code was reviewed: a read
 * keeps no state in the submitting task, starts no transaction (without updates of access times),
 * and takes no lock that callers above it could hold. For block devices there is nothing to review.
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

/* Why I/O must go through the page cache, or NULL if it may be direct */
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
 * vhdx_backing_choose_mode() - choose between direct I/O and the page cache
 * @backing:	open, without I/O in flight
 * @sector_size: smallest unit of I/O to come, in bytes
 * @mode:	how the file will be used
 *
 * If writes go through the page cache, a page that is being written must not change. Then a power
 * cut leaves old or new sectors on the device below, never a mixture of both (P4).
 *
 * Context: kernel thread, may sleep
 */
void vhdx_backing_choose_mode(struct vhdx_backing *backing, u32 sector_size,
			      const struct vhdx_backing_mode *mode)
{
	backing->buffered_because = vhdx_backing_why_buffered(backing, sector_size, mode);
	backing->queued_because = vhdx_backing_why_queued(backing);
	/* ext4 reads its extent tree in spite of IOCB_NOWAIT */
	backing->may_sleep = vhdx_backing_inode(backing)->i_sb->s_magic == EXT4_SUPER_MAGIC;
	if (backing->writable && !vhdx_backing_is_direct(backing) && !backing->made_stable)
		backing->made_stable = vhdx_want_stable_writes(vhdx_backing_inode(backing));
	/* cached pages, from reads of user space, would cost a look-up at each direct write */
	if (vhdx_backing_is_direct(backing))
		invalidate_mapping_pages(vhdx_backing_inode(backing)->i_mapping, 0, -1);
}

/* Is the file of the caller usable at all? Return: 0, or -EINVAL with @fault filled */
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

/**
 * vhdx_backing_deny_writers() - deny opens of the file for writing
 * @backing:	open, and only read from now on
 *
 * On overlayfs both inodes have to be denied: writers through the overlay open the overlay's inode,
 * and writers of the upper directory the other one. Block devices have no such lock: their users
 * have to take care.
 *
 * Context: process
 * Return: false if the file is open for writing already, by one of the inodes; the other one may be
 * denied all the same
 */
bool vhdx_backing_deny_writers(struct vhdx_backing *backing)
{
	struct inode *inode = vhdx_backing_inode(backing);
	bool two = inode != file_inode(backing->file);

	if (!S_ISREG(inode->i_mode))
		return true;
	backing->write_denied = !deny_write_access(backing->file);
	/* as deny_write_access(), for an inode that is not that of an open file */
	backing->data_denied = two && atomic_dec_unless_positive(&inode->i_writecount);
	return backing->write_denied && (backing->data_denied || !two);
}

/* Undo vhdx_backing_deny_writers(), whether or not it has failed. */
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
 * While the file is attached read-only it must not be written to, or the disk would change under
 * its readers. Return: 0, or -ETXTBSY with @fault filled
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
 * Are both the same file, perhaps by two inodes of overlayfs? The inode that holds the data changes
 * when a file of the lower directory is copied up, which chmod() does.
 */
static bool vhdx_backing_is_same(const struct vhdx_backing *a, const struct vhdx_backing *b)
{
	if (vhdx_backing_inode(a) == vhdx_backing_inode(b))
		return true;
	return S_ISREG(vhdx_backing_inode(a)->i_mode) && S_ISREG(vhdx_backing_inode(b)->i_mode) &&
	       d_real_inode(a->dentry) == d_real_inode(b->dentry);
}

/*
 * Add a file to the list of attached files, unless it conflicts: a writable file is attached once,
 * neither as another disk nor as a parent of one (P6). Other programs are kept away by the locks
 * that the caller took. Return: 0, or -EBUSY with @fault filled
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
 * vhdx_backing_open() - open the file of an image
 * @backing:	zeroed, with @index and @dead set; filled on success
 * @given:	open file of the caller; the reference stays the caller's
 * @writable:	open it for writing as well
 * @fault:	filled on failure, if the failure has a reason
 *
 * Opens the same file once more, without updates of access times. These would write to a file that
 * must stay as it is (P1), and start a transaction where reads must not.
 *
 * Context: kernel thread; opens files, so without locks that a file system may take
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
	/* for metadata, until the sector size of the image is known */
	vhdx_backing_choose_mode(backing, VHDX_PAGE_SIZE, &mode);
	return 0;
}

/**
 * vhdx_backing_close() - undo vhdx_backing_open()
 * @backing:	open, without I/O in flight
 *
 * Context: kernel thread, no locks: closing a file may do anything
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
