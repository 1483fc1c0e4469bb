// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A host file that was written to becomes one that is only read, in three steps: what can
 * fail, what must be quick, and what may take long.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "backing/backing.h"

#include <linux/file.h>

/**
 * vhdx_backing_retiring_open() - open a file once more, read-only
 * @retiring:	filled; for vhdx_backing_retire(), and vhdx_backing_retiring_close() in any case
 * @backing:	writable
 *
 * Context: process; opens files, so not under locks that a file system may take.
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
 * vhdx_backing_retire() - from now on it is as if the file had been opened read-only
 * @retiring:	opened; no read or write of the file is in flight
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
	/* @was has the references that come back */
	vhdx_backing_replace(backing, &retiring->file, &given);
	WRITE_ONCE(backing->writable, false);
}

/**
 * vhdx_backing_retiring_close() - close what is not needed any more, and keep writers away
 * @retiring:	opened, retired or not
 *
 * Another process that has the file open for writing cannot be kept away: it could have written to
 * the file before, too. A line in the log says so.
 *
 * Context: kernel thread; no I/O to a disk made of the file is held
 */
void vhdx_backing_retiring_close(struct vhdx_backing_retiring *retiring)
{
	struct vhdx_backing *backing = retiring->backing;

	if (!retiring->retired) {
		vhdx_backing_put_file(retiring->file);
		return;
	}
	/* it may have been cut off at its end */
	WRITE_ONCE(backing->size, vhdx_backing_size(&retiring->was));
	/* as long as they are open, they count as writers */
	vhdx_backing_put_file(retiring->was.file);
	vhdx_backing_put_file(retiring->was.given);
	if (!vhdx_backing_deny_writers(backing))
		pr_warn("vhdx%d: new parent %pD is open for writing by another process\n",
			backing->index, backing->file);
}
