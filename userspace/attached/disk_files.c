// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * These are names as the kernel has them: of whoever attached the disk, and with " (deleted)"
 * behind them once there is no such file any more.
 */
#include "attached/disk_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attached/disk.h"
#include "lib/alloc.h"

/**
 * disk_is_temporary() - is what was written meant to go when the disk does?
 * @disk:	attached
 *
 * So it is with the child that attach --temporary makes: it had no name when it was attached.
 */
bool disk_is_temporary(const struct disk *disk)
{
	return disk_number(disk, "vhdx/temporary");
}

/**
 * disk_is_deleted() - was the image deleted since it was attached?
 * @disk:	attached
 *
 * Then the disk is all that is left of it.
 */
bool disk_is_deleted(const struct disk *disk)
{
	return disk_number(disk, "vhdx/deleted");
}

/**
 * disk_deleted_parent() - was a parent deleted since?
 * @disk:	attached
 *
 * Return: its former name, to be freed; NULL if all are there, as far as is known
 */
char *disk_deleted_parent(const struct disk *disk)
{
	static const char mark[] = " (deleted)";
	char **parents = disk_parents(disk), **path;
	char *found = NULL;

	for (path = parents; *path && !found; path++) {
		size_t length = strlen(*path), end = sizeof(mark) - 1;

		if (length <= end || strcmp(*path + length - end, mark) || !access(*path, F_OK))
			continue;
		found = xstrdup(*path);
		found[length - end] = '\0';
	}
	disk_free_names(parents);
	return found;
}

/**
 * disk_image() - the image that somebody would know a disk by
 * @disk:	attached
 *
 * A child without a name tells nobody anything: its parent is what was to be attached.
 *
 * Return: its path, to be freed; NULL if the disk is gone
 */
char *disk_image(const struct disk *disk)
{
	char **parents;
	char *path;

	if (!disk_is_temporary(disk))
		return disk_attribute(disk, "vhdx/backing_file");
	parents = disk_parents(disk);
	path = *parents ? xstrdup(*parents) : disk_attribute(disk, "vhdx/backing_file");
	disk_free_names(parents);
	return path;
}

/* Without the kernel's \ooo for what cannot be in a line */
static char *plain(char *line)
{
	char *from = line, *to = line;
	unsigned int code;

	while (*from) {
		if (strspn(from + 1, "01234567") >= 3 && sscanf(from, "\\%3o", &code) == 1) {
			*to++ = (char)code;
			from += sizeof("\\ooo") - 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return line;
}

/**
 * disk_parents() - the images below the one attached
 * @disk:	attached
 *
 * The kernel names as many as a page has room for.
 *
 * Return: a list that ends with NULL, for disk_free_names(); the nearest comes first
 */
char **disk_parents(const struct disk *disk)
{
	char *text = disk_attribute(disk, "vhdx/parent_files");
	char **names = xcalloc(1, sizeof(*names));
	char *line, *rest = text;
	size_t count = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		names = xrealloc(names, count + 2, sizeof(*names));
		names[count++] = xstrdup(plain(line));
		names[count] = NULL;
	}
	free(text);
	return names;
}

static bool is_at(const char *path, const struct stat *file)
{
	struct stat other;

	if (stat(path, &other))
		return false;
	if (S_ISBLK(file->st_mode))
		return S_ISBLK(other.st_mode) && other.st_rdev == file->st_rdev;
	return other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

/**
 * disk_is_of_file() - is a file the one that a disk writes to, if it is written to?
 * @disk:	attached
 * @file:	of the image
 *
 * By what the path in sysfs leads to, so only right in the mount namespace of whoever
 * attached it. A file that was deleted since is no other of the same name.
 */
bool disk_is_of_file(const struct disk *disk, const struct stat *file)
{
	char *path = disk_attribute(disk, "vhdx/backing_file");
	bool same = path && !disk_is_temporary(disk) && !disk_is_deleted(disk) && is_at(path, file);

	free(path);
	return same;
}

/**
 * disk_role_of_file() - what is a file to a disk?
 * @disk:	attached
 * @file:	of an image
 *
 * The image of a temporary disk is what it shows, though it is a parent to the kernel.
 */
enum disk_role disk_role_of_file(const struct disk *disk, const struct stat *file)
{
	char **parents, **path;
	enum disk_role role = DISK_UNRELATED;

	if (disk_is_of_file(disk, file))
		return DISK_SHOWS;
	parents = disk_parents(disk);
	for (path = parents; *path && role == DISK_UNRELATED; path++)
		if (is_at(*path, file))
			role = path == parents && disk_is_temporary(disk) ? DISK_SHOWS : DISK_NEEDS;
	disk_free_names(parents);
	return role;
}
