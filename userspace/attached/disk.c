// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A disk belongs to the module if its directory in sysfs has a directory vhdx.
 */
#include "attached/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/alloc.h"

/* The longest attribute, in bytes: backing_file has a path of 4 KiB and " (deleted)". */
#define ATTRIBUTE_MAX 8192

static const char *sysroot = "";

/**
 * disk_set_sysroot() - read sysfs and procfs below another directory, as lsblk --sysroot
 * @directory:	the directory; must outlive all calls of this file
 */
void disk_set_sysroot(const char *directory)
{
	sysroot = directory;
}

/**
 * disk_sysroot() - the directory of disk_set_sysroot(), or ""
 *
 * Return: the path; static
 */
const char *disk_sysroot(void)
{
	return sysroot;
}

static char *sysfs_path(const struct disk *disk, const char *file)
{
	return xasprintf("%s/sys/block/%s/%s", sysroot, disk->name, file);
}

/**
 * disk_find() - find a disk by number
 * @disk:	filled in any case
 * @index:	N of vhdxN
 *
 * Return: true if the disk is attached
 */
bool disk_find(struct disk *disk, int index)
{
	char *path;
	bool found;

	disk->index = index;
	snprintf(disk->name, sizeof(disk->name), "vhdx%d", index);
	snprintf(disk->node, sizeof(disk->node), "/dev/%s", disk->name);
	path = sysfs_path(disk, "vhdx");
	found = !access(path, F_OK);
	free(path);
	return found;
}

/* "vhdx12" and "vhdx12p3": 12. No sign and no leading zero is allowed. -1: another name */
static int index_of_name(const char *name)
{
	char *end;
	long index;

	if (strncmp(name, "vhdx", 4) || name[4] < '0' || name[4] > '9')
		return -1;
	if (name[4] == '0' && name[5] >= '0' && name[5] <= '9')
		return -1;
	errno = 0;
	index = strtol(name + 4, &end, 10);
	if (errno || index > INT_MAX)
		return -1;
	if (*end == 'p' && end[1])
		end += 1 + strspn(end + 1, "0123456789");
	return *end ? -1 : (int)index;
}

/* By device number, so that any name of the device node works */
static int index_of_number(dev_t number)
{
	char target[PATH_MAX];
	char *path = xasprintf("%s/sys/dev/block/%u:%u", sysroot, major(number), minor(number));
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *name;

	free(path);
	if (length < 0)
		return -1;
	target[length] = '\0';
	name = strrchr(target, '/');
	return index_of_name(name ? name + 1 : target);
}

static const char *base_name(const char *argument)
{
	return strncmp(argument, "/dev/", 5) ? argument : argument + 5;
}

/**
 * disk_of_device() - find a disk by the name of a device
 * @disk:	filled if the result is true
 * @argument:	/dev/vhdxN, vhdxN, a partition of it, or a link to one of those
 *
 * Return: false if it is not a device of the module, or not attached
 */
bool disk_of_device(struct disk *disk, const char *argument)
{
	struct stat status;
	int index = -1;

	if (!*sysroot && !stat(argument, &status)) {
		if (!S_ISBLK(status.st_mode))
			return false;
		index = index_of_number(status.st_rdev);
	}
	if (index < 0)
		index = index_of_name(base_name(argument));
	return index >= 0 && disk_find(disk, index);
}

/**
 * disk_looks_like_device() - test whether an unknown argument looks like a device
 * @argument:	from the command line
 *
 * Return: true if a message should call it a device, not a file
 */
bool disk_looks_like_device(const char *argument)
{
	struct stat status;

	if (!stat(argument, &status))
		return false;
	return index_of_name(base_name(argument)) >= 0 || !strncmp(argument, "/dev/", 5);
}

/**
 * disk_attribute() - read an attribute of a disk in sysfs
 * @disk:	attached
 * @file:	relative to the directory of the disk
 *
 * Return: the contents without the last newline, to be freed; NULL if it cannot be read
 */
char *disk_attribute(const struct disk *disk, const char *file)
{
	char *path = sysfs_path(disk, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;
	char *text;

	free(path);
	if (fd < 0)
		return NULL;
	text = xcalloc(ATTRIBUTE_MAX, 1);
	length = read(fd, text, ATTRIBUTE_MAX - 1);
	close(fd);
	if (length < 0) {
		free(text);
		return NULL;
	}
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return text;
}

/**
 * disk_number() - read an attribute that is a number
 * @disk:	attached
 * @file:	relative to the directory of the disk
 *
 * Return: the number; 0 if it cannot be read
 */
uint64_t disk_number(const struct disk *disk, const char *file)
{
	char *text = disk_attribute(disk, file);
	uint64_t number = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return number;
}

/**
 * disk_device_number() - get the device number of a disk or a partition
 * @disk:	attached
 * @partition:	name of the partition; NULL: the disk itself
 * @number:	set on success
 *
 * Return: false if there is no such disk or partition any more
 */
bool disk_device_number(const struct disk *disk, const char *partition, dev_t *number)
{
	char *file = partition ? xasprintf("%s/dev", partition) : xstrdup("dev");
	char *text = disk_attribute(disk, file);
	unsigned int major_number, minor_number;
	bool found = text && sscanf(text, "%u:%u", &major_number, &minor_number) == 2;

	if (found)
		*number = makedev(major_number, minor_number);
	free(text);
	free(file);
	return found;
}

/**
 * disk_partitions() - list the partitions of a disk
 * @disk:	attached
 *
 * Return: names such as "vhdx0p1", terminated by NULL, for disk_free_names()
 */
char **disk_partitions(const struct disk *disk)
{
	char *path = sysfs_path(disk, "");
	char **names = xcalloc(1, sizeof(*names));
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	free(path);
	while (directory && (entry = readdir(directory))) {
		char *file, *number;

		if (strncmp(entry->d_name, disk->name, strlen(disk->name)))
			continue;
		file = xasprintf("%s/partition", entry->d_name);
		number = disk_attribute(disk, file);
		free(file);
		if (!number)
			continue;
		free(number);
		names = xrealloc(names, count + 2, sizeof(*names));
		names[count++] = xstrdup(entry->d_name);
		names[count] = NULL;
	}
	if (directory)
		closedir(directory);
	return names;
}

/**
 * disk_free_names() - free a list of names
 * @names:	terminated by NULL
 */
void disk_free_names(char **names)
{
	char **name;

	for (name = names; *name; name++)
		free(*name);
	free(names);
}

/**
 * disk_list_add() - add a disk, unless it is in the list
 * @list:	the list
 * @disk:	copied
 */
void disk_list_add(struct disk_list *list, const struct disk *disk)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->disk[i].index == disk->index)
			return;
	list->disk = xrealloc(list->disk, list->count + 1, sizeof(*list->disk));
	list->disk[list->count++] = *disk;
}

static int compare_disks(const void *a, const void *b)
{
	const struct disk *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

/**
 * disk_list_all() - list all attached disks
 * @list:	filled, sorted by number; empty if the module is not loaded
 */
void disk_list_all(struct disk_list *list)
{
	char *path = xasprintf("%s/sys/block", sysroot);
	DIR *directory = opendir(path);
	struct dirent *entry;
	struct disk disk;

	free(path);
	memset(list, 0, sizeof(*list));
	while (directory && (entry = readdir(directory))) {
		int index = index_of_name(entry->d_name);

		if (index >= 0 && disk_find(&disk, index))
			disk_list_add(list, &disk);
	}
	if (directory)
		closedir(directory);
	if (list->count)
		qsort(list->disk, list->count, sizeof(*list->disk), compare_disks);
}

/**
 * disk_list_free() - free a list
 * @list:	empty afterwards
 */
void disk_list_free(struct disk_list *list)
{
	free(list->disk);
	memset(list, 0, sizeof(*list));
}
