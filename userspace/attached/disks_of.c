// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "attached/disks_of.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attached/control.h"
#include "attached/disk_files.h"

/* By inode, which is right in every mount namespace; needs root. */
static bool has_same_inode(int control, const struct disk *disk, const struct stat *file)
{
	struct vhdx_ioc_status status;

	return control >= 0 && !S_ISBLK(file->st_mode) &&
	       !control_status(control, disk->index, &status) &&
	       makedev(status.file_major, status.file_minor) == file->st_dev &&
	       status.file_inode == file->st_ino;
}

/**
 * disks_of_find() - find the disks that an argument stands for
 * @disks:	filled; must be freed by disks_of_free()
 * @argument:	a device, or an image
 * @control:	from control_open(), to compare inodes as well; or -1
 */
void disks_of_find(struct disks_of *disks, const char *argument, int control)
{
	struct disk_list all;
	struct disk device;
	struct stat file;
	size_t i;

	memset(disks, 0, sizeof(*disks));
	if (disk_of_device(&device, argument)) {
		disk_list_add(&disks->showing, &device);
		return;
	}
	if (stat(argument, &file))
		return;
	disk_list_all(&all);
	for (i = 0; i < all.count; i++) {
		const struct disk *disk = &all.disk[i];
		enum disk_role role = disk_role_of_file(disk, &file);

		if (role == DISK_SHOWS || has_same_inode(control, disk, &file))
			disk_list_add(&disks->showing, disk);
		else if (role == DISK_NEEDS)
			disk_list_add(&disks->needing, disk);
	}
	disk_list_free(&all);
}

/**
 * disks_of_free() - free the result of disks_of_find()
 * @disks:	the result
 */
void disks_of_free(struct disks_of *disks)
{
	disk_list_free(&disks->showing);
	disk_list_free(&disks->needing);
}

/**
 * disks_of_none() - print an error message for an argument that stands for no disk
 * @argument:	from the command line
 *
 * Return: the exit code
 */
enum exit_code disks_of_none(const char *argument)
{
	int error = access(argument, F_OK) ? errno : 0;

	if (error && !disk_looks_like_device(argument))
		return fail_errno(argument, "cannot find", error);
	return fail_named(EXIT_USAGE, "NOT_ATTACHED", "%s: not attached", argument);
}
