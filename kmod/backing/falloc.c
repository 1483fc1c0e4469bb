// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Size, allocation, zeros and holes of a host file, and its flush.
 */
#include "backing/backing.h"

#include <linux/bvec.h>
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/math64.h>
#include <linux/statfs.h>

#include "compat/fs.h"
#include "format/disk.h"

/* Most pages that one write of zeros has */
#define VHDX_ZERO_BVECS 64

/**
 * vhdx_backing_flush() - make all writes durable that ended before this call
 * @backing:	the file, writable
 *
 * Does nothing if nothing was written since the last flush.
 *
 * Context: process, may sleep long
 * Return: 0 or a negative errno; after an error it is not known what is durable
 */
int vhdx_backing_flush(struct vhdx_backing *backing)
{
	int ret;

	if (!xchg(&backing->unflushed, false))
		return 0;
	ret = vfs_fsync_range(backing->file, 0, LLONG_MAX, 1);
	if (ret)
		vhdx_backing_touched(backing);
	return ret;
}

/* With freeze protection held, which this releases. Return: 0 or a negative errno */
static int vhdx_backing_started_fallocate(struct vhdx_backing *backing, int mode, u64 offset,
					  u64 length)
{
	/* not vfs_fallocate(), which would wait for a thaw */
	int ret = backing->file->f_op->fallocate(backing->file, mode | FALLOC_FL_KEEP_SIZE, offset,
						 length);

	vhdx_backing_end_write(backing);
	vhdx_backing_touched(backing);
	return ret;
}

static int vhdx_backing_fallocate(struct vhdx_backing *backing, int mode, u64 offset, u64 length)
{
	int ret;

	if (!vhdx_backing_may_fallocate(backing))
		return -EOPNOTSUPP;
	ret = vhdx_backing_start_write(backing);
	return ret ? ret : vhdx_backing_started_fallocate(backing, mode, offset, length);
}

/**
 * vhdx_backing_resize() - make the file longer or shorter
 * @backing:	the file, writable
 * @size:	bytes; what is added reads as zeros
 *
 * Context: process, may sleep
 * Return: 0 or a negative errno; -ENOSPC for a block device, which has a fixed size
 */
int vhdx_backing_resize(struct vhdx_backing *backing, u64 size)
{
	const struct cred *old;
	int ret;

	if (!S_ISREG(vhdx_backing_inode(backing)->i_mode))
		return -ENOSPC;
	ret = vhdx_backing_start_write(backing);
	if (ret)
		return ret;
	/* vfs_truncate() takes freeze protection itself, see freeze.c */
	vhdx_backing_end_write(backing);
	/* with the credentials of the open, not of this thread */
	old = override_creds(backing->file->f_cred);
	ret = vfs_truncate(&backing->file->f_path, size);
	revert_creds(old);
	vhdx_backing_touched(backing);
	if (!ret)
		WRITE_ONCE(backing->size, size);
	return ret;
}

/**
 * vhdx_backing_has_room() - estimate whether the file system has room
 * @backing:	the file
 * @bytes:	room that is needed, without what is reserved for the superuser
 *
 * Other files may take the room meanwhile, and quotas are not considered.
 *
 * Context: process, may sleep
 * Return: true if there seems to be room
 */
bool vhdx_backing_has_room(const struct vhdx_backing *backing, u64 bytes)
{
	struct kstatfs st;

	return !vfs_statfs(&backing->file->f_path, &st) &&
	       st.f_bavail >= div_u64(bytes, max(st.f_bsize, 1L));
}

/**
 * vhdx_backing_allocate() - allocate a range of the file; its contents stay as they are
 * @backing:	the file, writable
 * @offset:	bytes
 * @length:	bytes, inside the file
 *
 * Holes get blocks. So do blocks that are shared with other files (reflinks, snapshots), because
 * overwriting them needs new ones. The file system knows which blocks are shared, and copies no
 * others.
 *
 * A file system that writes data to a new place each time (btrfs, without nodatacow) can promise
 * room only for the first write of a hole.
 *
 * Context: process, may sleep, but not until a frozen file system is thawed
 * Return: 0: writing there does not run out of space; -EOPNOTSUPP: only a write can allocate the
 * range; -EAGAIN if the file system is frozen, see vhdx_backing_wait_thaw(); -ENOSPC or another
 * errno
 */
int vhdx_backing_allocate(struct vhdx_backing *backing, u64 offset, u64 length)
{
	int mode = 0;

	if (!S_ISREG(vhdx_backing_inode(backing)->i_mode))
		return 0;
	if (!vhdx_backing_may_fallocate(backing))
		return -EOPNOTSUPP;
	if (!vhdx_backing_try_start_write(backing))
		return -EAGAIN;
	/* a file system that cannot clone files shares no blocks */
	if (backing->file->f_op->remap_file_range && !vhdx_copies_on_write(backing->file))
		mode = FALLOC_FL_UNSHARE_RANGE;
	return vhdx_backing_started_fallocate(backing, mode, offset, length);
}

/**
 * vhdx_backing_reserve() - make sure that writing to a range does not run out of space
 * @backing:	the file, writable
 * @offset:	bytes, a multiple of VHDX_PAGE_SIZE
 * @length:	bytes, likewise; inside the file
 * @page:	VHDX_PAGE_SIZE bytes of kmalloc()ed memory
 *
 * Where fallocate() is not possible, the contents of the range are written once more.
 *
 * Context: process, may sleep; nothing else writes to the range
 * Return: 0, -ENOSPC or another errno
 */
int vhdx_backing_reserve(struct vhdx_backing *backing, u64 offset, u64 length, void *page)
{
	int ret = vhdx_backing_allocate(backing, offset, length);
	u64 end = offset + length;

	/* the file system is frozen: sleep until the thaw */
	while (ret == -EAGAIN) {
		ret = vhdx_backing_start_write(backing);
		if (ret)
			return ret;
		vhdx_backing_end_write(backing);
		ret = vhdx_backing_allocate(backing, offset, length);
	}
	if (ret != -EOPNOTSUPP)
		return ret;
	for (ret = 0; !ret && offset < end; offset += VHDX_PAGE_SIZE) {
		ret = vhdx_backing_is_dead(backing) ? -EIO :
			vhdx_backing_read_range(backing, offset, page, VHDX_PAGE_SIZE);
		if (!ret)
			ret = vhdx_backing_write_page(backing, offset, page);
	}
	return ret;
}

/**
 * vhdx_backing_punch() - give a range back to the file system
 * @backing:	the file, writable
 * @offset:	bytes
 * @length:	bytes
 *
 * Context: process, may sleep
 * Return: 0: the range reads as zeros; -EOPNOTSUPP: nothing has happened; or another errno
 */
int vhdx_backing_punch(struct vhdx_backing *backing, u64 offset, u64 length)
{
	if (!backing->holes)
		return -EOPNOTSUPP;
	return vhdx_backing_fallocate(backing, FALLOC_FL_PUNCH_HOLE, offset, length);
}

/* Return: 0 or a negative errno */
static int vhdx_backing_write_zeros(struct vhdx_backing *backing, u64 offset, u64 length)
{
	struct bio_vec bvecs[VHDX_ZERO_BVECS];
	unsigned int nr;
	int ret = 0;

	while (!ret && length) {
		u64 left = min_t(u64, length, VHDX_ZERO_BVECS * PAGE_SIZE);
		u64 part = left;

		for (nr = 0; left; nr++) {
			bvecs[nr].bv_page = ZERO_PAGE(0);
			bvecs[nr].bv_offset = 0;
			bvecs[nr].bv_len = min_t(u64, left, PAGE_SIZE);
			left -= bvecs[nr].bv_len;
		}
		/* a detach by force does not wait for all of a block */
		ret = vhdx_backing_is_dead(backing) ? -EIO :
			vhdx_backing_write_bvecs(backing, offset, bvecs, nr);
		offset += part;
		length -= part;
	}
	return ret;
}

/*
 * Find the next data from *@offset on: what is neither a hole nor otherwise known to read as zeros.
 * *@offset and *@data_end become its bounds, at least a byte apart. Return: false if there is none
 * before @end
 */
static bool vhdx_backing_next_data(struct vhdx_backing *backing, u64 *offset, u64 *data_end,
				   u64 end)
{
	loff_t data = vfs_llseek(backing->file, *offset, SEEK_DATA), hole;

	*data_end = end;
	if (data == -ENXIO || data >= (loff_t)end)
		return false;
	/* if the file system cannot find holes, all of it is data */
	if (data < 0)
		return true;
	*offset = max_t(u64, *offset, round_down(data, VHDX_PAGE_SIZE));
	hole = vfs_llseek(backing->file, max_t(u64, *offset, data), SEEK_HOLE);
	if (hole > 0 && (u64)hole > *offset)
		*data_end = min_t(u64, end, round_up(hole, VHDX_PAGE_SIZE));
	return true;
}

/* Make a range read as zeros; holes are allocated. Return: 0 or a negative errno */
static int vhdx_backing_zero_allocated(struct vhdx_backing *backing, u64 offset, u64 length)
{
	int ret = vhdx_backing_fallocate(backing, FALLOC_FL_ZERO_RANGE, offset, length);

	if (ret == -EOPNOTSUPP)
		ret = vhdx_backing_write_zeros(backing, offset, length);
	return ret;
}

/**
 * vhdx_backing_zero_data() - make a range read as zeros, without making or filling holes
 * @backing:	the file, writable
 * @offset:	bytes, a multiple of the sector size
 * @length:	bytes, likewise
 *
 * Holes may be filled all the same if the file system cannot find them.
 *
 * Context: process, may sleep long; nothing else writes to the range
 * Return: 0 or a negative errno
 */
int vhdx_backing_zero_data(struct vhdx_backing *backing, u64 offset, u64 length)
{
	u64 end = offset + length, data_end;
	int ret;

	/* some file systems take data for a hole while it is in the page cache only */
	ret = filemap_write_and_wait_range(vhdx_backing_inode(backing)->i_mapping, offset, end - 1);
	if (ret)
		return vhdx_backing_zero_allocated(backing, offset, length);
	for (; !ret && offset < end && vhdx_backing_next_data(backing, &offset, &data_end, end);
	     offset = data_end)
		ret = vhdx_backing_is_dead(backing) ? -EIO :
			vhdx_backing_zero_allocated(backing, offset, data_end - offset);
	return ret;
}

/**
 * vhdx_backing_zero() - make a range read as zeros, by the cheapest way of the file system
 * @backing:	the file, writable
 * @offset:	bytes, a multiple of the sector size
 * @length:	bytes, likewise
 * @keep:	the whole range is to be allocated afterwards
 *
 * Unless @keep, @keep_holes of the file decides: if it is set, no holes are made, and existing ones
 * stay; if not, the range becomes a hole if possible.
 *
 * Context: process, may sleep long; nothing else writes to the range
 * Return: 0 or a negative errno
 */
int vhdx_backing_zero(struct vhdx_backing *backing, u64 offset, u64 length, bool keep)
{
	int ret;

	if (!keep && backing->keep_holes)
		return vhdx_backing_zero_data(backing, offset, length);
	ret = keep ? -EOPNOTSUPP : vhdx_backing_punch(backing, offset, length);
	if (ret == -EOPNOTSUPP)
		ret = vhdx_backing_zero_allocated(backing, offset, length);
	return ret;
}
