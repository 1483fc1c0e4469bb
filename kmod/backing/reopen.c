// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A writable host file becomes read-only, for a live snapshot, in three steps: one that can fail
 * (open), one that is quick, while I/O is held (retire), and one that may take long (close).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "backing/backing.h"

#include <linux/file.h>

/**
 * vhdx_backing_retiring_open() - open a writable file once more, read-only
 * @retiring:	filled; the caller calls vhdx_backing_retiring_close() after success
 * @backing:	writable
 *
 * Context: process; opens files, so without locks that a file system may take
 * Return: 0 or a negative errno
 */
int vhdx_backing_retiring_open(struct vhdx_backing_retiring *retiring, struct vhdx_backing *backing)
{
	retiring->backing = backing;
	retiring->retired = false;
	retiring->file = dentry_open(&backing->file->f_path,
				     O_RDONLY | O_LARGEFILE | O_NOATIME,
				     backing->file->f_cred);
	return PTR_ERR_OR_ZERO(retiring->file);
}

/**
 * vhdx_backing_retire() - make the file read-only, as if it had been opened so
 * @retiring:	opened; no I/O of the file is in flight
 *
 * Context: process
 */
void vhdx_backing_retire(struct vhdx_backing_retiring *retiring)
{
	struct vhdx_backing *backing = retiring->backing;
	struct file *given;

	given = get_file(retiring->file);
	retiring->retired = true;
	retiring->was = *backing;
	/* @was keeps the references that this returns */
	vhdx_backing_replace(backing, &retiring->file, &given);
	WRITE_ONCE(backing->writable, false);
}

/**
 * vhdx_backing_retiring_close() - close the files that are not needed any more, deny writers
 * @retiring:	opened, retired or not
 *
 * A process that has the file open for writing cannot be denied: it could have written to the file
 * before as well. The kernel log has a line about that.
 *
 * Context: kernel thread; no I/O of a disk that uses the file is held
 */
void vhdx_backing_retiring_close(struct vhdx_backing_retiring *retiring)
{
	struct vhdx_backing *backing = retiring->backing;

	if (!retiring->retired) {
		vhdx_backing_put_file(retiring->file);
		return;
	}
	/* its unused end may have been cut off */
	WRITE_ONCE(backing->size, vhdx_backing_size(&retiring->was));
	/* closed first: open writable files count as writers */
	vhdx_backing_put_file(retiring->was.file);
	vhdx_backing_put_file(retiring->was.given);
	if (!vhdx_backing_deny_writers(backing))
		pr_warn("vhdx%d: new parent %pD is open for writing by another process\n",
			backing->index, backing->file);
}
