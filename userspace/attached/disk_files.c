// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The kernel reports paths of the mount namespace in which the disk was attached, followed by
 * " (deleted)" if the file was deleted.
 */
#include "attached/disk_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attached/disk.h"
#include "lib/alloc.h"

/**
 * disk_is_temporary() - test whether the changes of a disk are dropped at detach
 * @disk:	attached
 *
 * attach --temporary attaches a child that has no name.
 *
 * Return: true if they are
 */
bool disk_is_temporary(const struct disk *disk)
{
	return disk_number(disk, "vhdx/temporary");
}

/**
 * disk_is_deleted() - test whether the image was deleted after it was attached
 * @disk:	attached
 *
 * Then its data exist only as long as the disk is attached.
 *
 * Return: true if it was
 */
bool disk_is_deleted(const struct disk *disk)
{
	return disk_number(disk, "vhdx/deleted");
}

/**
 * disk_deleted_parent() - find a parent that was deleted after the disk was attached
 * @disk:	attached
 *
 * Return: its former path, to be freed; NULL if no parent is known to be deleted
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
 * disk_image() - get the path of the image of a disk, for the user
 * @disk:	attached
 *
 * For a temporary disk this is the parent of the nameless child: the image that attach was given.
 *
 * Return: the path, to be freed; NULL if the disk is no longer attached
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

/* Undo the escapes \ooo of the kernel, in place */
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
 * disk_parents() - list the parents of the image of a disk
 * @disk:	attached
 *
 * The kernel lists as many as fit into a page.
 *
 * Return: paths, the nearest parent first, terminated by NULL, for disk_free_names()
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
 * disk_is_of_file() - test whether a file is the attached image of a disk
 * @disk:	attached
 * @file:	status of the file
 *
 * Compares with the file at the path in sysfs, so the result is right only in the mount namespace
 * in which the disk was attached. A new file with the path of a deleted image does not match, nor
 * does any file match a temporary disk.
 *
 * Return: true if it is
 */
bool disk_is_of_file(const struct disk *disk, const struct stat *file)
{
	char *path = disk_attribute(disk, "vhdx/backing_file");
	bool same = path && !disk_is_temporary(disk) && !disk_is_deleted(disk) && is_at(path, file);

	free(path);
	return same;
}

/**
 * disk_role_of_file() - get the role of a file for a disk
 * @disk:	attached
 * @file:	status of the file
 *
 * The image of a temporary disk is DISK_SHOWS, although it is a parent for the kernel.
 *
 * Return: the role; DISK_UNRELATED if it has none
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
