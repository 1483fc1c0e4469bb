/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Differences of the VFS: inodes, mappings, freeze protection.
 */
#ifndef VHDX_COMPAT_FS_H
#define VHDX_COMPAT_FS_H

/* first: the header of file attributes needs it and does not include it */
#include <linux/fs.h>
#include <linux/dcache.h>
#include <linux/fileattr.h>
#include <linux/magic.h>
#include <linux/pagemap.h>

#include "compat/version.h"

/* 6.7, 6.1.72: a flag of each mapping says whether data must be stable, not of the file system. */
#define VHDX_STABLE_MAPPINGS \
	(VHDX_KERNEL(6, 7, 0) || (VHDX_KERNEL(6, 1, 72) && !VHDX_KERNEL(6, 2, 0)))

/* Must pages of the file not change while they are written? */
static inline bool vhdx_wants_stable_writes(const struct inode *inode)
{
#if VHDX_STABLE_MAPPINGS
	if (mapping_stable_writes(inode->i_mapping))
		return true;
#endif
	return inode->i_sb->s_iflags & SB_I_STABLE_WRITES;
}

/* Make it so. Return: true if it was not so before: then vhdx_unwant_stable_writes() undoes it */
static inline bool vhdx_want_stable_writes(struct inode *inode)
{
#if VHDX_STABLE_MAPPINGS
	return !test_and_set_bit(AS_STABLE_WRITES, &inode->i_mapping->flags);
#else
	return false;
#endif
}

static inline void vhdx_unwant_stable_writes(struct inode *inode)
{
#if VHDX_STABLE_MAPPINGS
	mapping_clear_stable_writes(inode->i_mapping);
#endif
}

/* 6.17: renamed. */
#if VHDX_KERNEL(6, 17, 0)
#define vhdx_fileattr file_kattr
#else
#define vhdx_fileattr fileattr
#endif

/*
 * The inode that holds the data: of a file on overlayfs, that of the layer below.
 * 6.9: ->d_real() has other arguments; d_real_inode() has the same in all kernels.
 */
static inline struct inode *vhdx_real_inode(const struct file *file)
{
	struct inode *inode = file->f_mapping->host;

	return S_ISREG(inode->i_mode) ? d_real_inode(file->f_path.dentry) : inode;
}

/* Does the file system write data to a new place each time? btrfs does, except after chattr +C. */
static inline bool vhdx_copies_on_write(const struct file *file)
{
	struct vhdx_fileattr attr = { .flags_valid = true };

	return vhdx_real_inode(file)->i_sb->s_magic == BTRFS_SUPER_MAGIC &&
	       (vfs_fileattr_get(file->f_path.dentry, &attr) || !(attr.flags & FS_NOCOW_FL));
}

/*
 * Does the file system compute checksums of data that may change in flight? btrfs does, before
 * 6.15: data that change between the checksum and the write cannot be read again. Since 6.15 it
 * copies such data first. A file without copy on write has no checksums.
 */
static inline bool vhdx_checksums_unstable_data(const struct file *file)
{
#if VHDX_KERNEL(6, 15, 0)
	return false;
#else
	return vhdx_copies_on_write(file);
#endif
}

/*
 * Freeze protection of an asynchronous write is released in another context than it was taken in.
 * These two keep lockdep from complaining: the task that submits the write gives the lock up, and
 * the context that completes it takes it over.
 */
static inline void vhdx_write_hand_over(struct super_block *sb)
{
	__sb_writers_release(sb, SB_FREEZE_WRITE);
}

static inline void vhdx_write_take_over(struct super_block *sb)
{
	__sb_writers_acquired(sb, SB_FREEZE_WRITE);
}

#endif /* VHDX_COMPAT_FS_H */
