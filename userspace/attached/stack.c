// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The walk goes from a file down to the hardware: the device of its file system, the slaves/ of
 * device mapper, md and bcache, the files of loop devices and vhdx disks, the layers of overlayfs,
 * the devices of btrfs. For other stacks the kernel tests whether the file is on the disk.
 */
#include "attached/stack.h"

#include <dirent.h>
#include <libmount/libmount.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/alloc.h"

/* More than any real stack; ends a loop that sysfs may show while it changes */
#define DEPTH_MAX 32

/**
 * struct walk - a walk from a file down the devices
 * @target:	the disk that is searched
 * @depth:	number of steps from the file
 */
struct walk {
	const struct disk *target;
	unsigned int depth;
};

static char *walk_path(struct walk *walk, const char *path);
static char *walk_device(struct walk *walk, dev_t number);

/* "@name on @below"; NULL if @below is NULL. Frees @below. Return: to be freed */
static char *on(const char *name, char *below)
{
	char *text = below ? xasprintf("%s on %s", name, below) : NULL;

	free(below);
	return text;
}

/* Return: the first line of a file in sysfs, to be freed; NULL if it cannot be read */
static char *read_line(const char *directory, const char *name)
{
	char *path = xasprintf("%s/%s", directory, name);
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	free(path);
	if (!file)
		return NULL;
	if (getline(&line, &size, file) < 0) {
		free(line);
		line = NULL;
	} else {
		line[strcspn(line, "\n")] = '\0';
	}
	fclose(file);
	return line;
}

/* The devices with an entry in @directory/@name */
static char *walk_entries(struct walk *walk, const char *directory, const char *name)
{
	char *path = xasprintf("%s/%s", directory, name), *found = NULL;
	unsigned int major_number, minor_number;
	DIR *entries = opendir(path);
	struct dirent *entry;

	while (entries && !found && (entry = readdir(entries))) {
		char *device = xasprintf("%s/%s", path, entry->d_name);
		char *number = entry->d_name[0] != '.' ? read_line(device, "dev") : NULL;

		if (number && sscanf(number, "%u:%u", &major_number, &minor_number) == 2)
			found = walk_device(walk, makedev(major_number, minor_number));
		free(number);
		free(device);
	}
	if (entries)
		closedir(entries);
	free(path);
	return found;
}

/* The file at the path in an attribute of sysfs */
static char *walk_named(struct walk *walk, const char *directory, const char *name)
{
	char *path = read_line(directory, name);
	char *found = path && *path == '/' ? walk_path(walk, path) : NULL;

	free(path);
	return found;
}

/* The files of a vhdx disk */
static char *walk_disk(struct walk *walk, const char *directory)
{
	char *path = xasprintf("%s/vhdx/parent_files", directory);
	char *found = walk_named(walk, directory, "vhdx/backing_file");
	FILE *file = found ? NULL : fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		found = walk_path(walk, line);
	}
	if (file)
		fclose(file);
	free(line);
	free(path);
	return found;
}

/* @directory: directory of a whole disk in sysfs */
static char *walk_whole(struct walk *walk, const char *directory)
{
	const char *kernel = strrchr(directory, '/') + 1;
	char *found, *given, *name;

	if (!strcmp(kernel, walk->target->name))
		return xstrdup(walk->target->node);
	found = walk_entries(walk, directory, "slaves");
	if (!found)
		found = walk_named(walk, directory, "loop/backing_file");
	if (!found)
		found = walk_named(walk, directory, "backing_dev");	/* zram */
	if (!found)
		found = walk_disk(walk, directory);
	/* "dm-0 (vg-home)": a mapping has a second name */
	given = read_line(directory, "dm/name");
	name = given ? xasprintf("%s (%s)", kernel, given) : xstrdup(kernel);
	found = on(name, found);
	free(name);
	free(given);
	return found;
}

static char *walk_device(struct walk *walk, dev_t number)
{
	char *link = xasprintf("%s/sys/dev/block/%u:%u", disk_sysroot(), major(number),
			       minor(number));
	char *directory = realpath(link, NULL), *partition, *found = NULL;

	free(link);
	if (!directory)
		return NULL;
	partition = read_line(directory, "partition");
	if (partition)
		*strrchr(directory, '/') = '\0';
	free(partition);
	if (walk->depth++ < DEPTH_MAX)
		found = walk_whole(walk, directory);
	walk->depth--;
	free(directory);
	return found;
}

/* The directories in an option of overlayfs */
static char *walk_layers(struct walk *walk, struct libmnt_fs *fs, const char *option)
{
	char *value, *list, *rest, *one, *found = NULL;
	size_t length;

	if (mnt_fs_get_option(fs, option, &value, &length))
		return NULL;
	rest = list = strndup(value, length);
	while (rest && !found && (one = strsep(&rest, ":")))
		if (*one)
			found = walk_path(walk, one);
	free(list);
	return found;
}

/* All devices of the btrfs to which @source belongs */
static char *walk_btrfs(struct walk *walk, const char *source)
{
	char *root = xasprintf("%s/sys/fs/btrfs", disk_sysroot()), *found = NULL;
	const char *name = strrchr(source, '/');
	DIR *all = opendir(root);
	struct dirent *entry;

	while (name && all && !found && (entry = readdir(all))) {
		char *one = xasprintf("%s/%s", root, entry->d_name);
		char *its = xasprintf("%s/devices%s", one, name);

		if (entry->d_name[0] != '.' && !access(its, F_OK))
			found = walk_entries(walk, one, "devices");
		free(its);
		free(one);
	}
	if (all)
		closedir(all);
	free(root);
	return found;
}

static char *walk_mount(struct walk *walk, struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs), *source = mnt_fs_get_srcpath(fs);
	char *found = NULL;

	if (type && !strcmp(type, "overlay")) {
		found = walk_layers(walk, fs, "upperdir");
		return found ? found : walk_layers(walk, fs, "lowerdir");
	}
	if (!source || *source != '/')
		return NULL;
	if (type && !strcmp(type, "btrfs"))
		found = walk_btrfs(walk, source);
	return found ? found : walk_path(walk, source);
}

/* The file system of the file @path, which has an anonymous device number */
static char *walk_anonymous(struct walk *walk, const char *path, dev_t number)
{
	char *mounts = xasprintf("%s/proc/self/mountinfo", disk_sysroot()), *found = NULL;
	struct libmnt_table *table = mnt_new_table_from_file(mounts);
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	const char *type;

	while (table && iterator && !found && !mnt_table_next_fs(table, iterator, &fs))
		if (mnt_fs_get_devno(fs) == number)
			found = walk_mount(walk, fs);
	/* On btrfs, the device number of a file is not that of the mount table. */
	fs = table && !found ? mnt_table_find_mountpoint(table, path, MNT_ITER_BACKWARD) : NULL;
	type = fs ? mnt_fs_get_fstype(fs) : NULL;
	if (type && !strcmp(type, "btrfs"))
		found = walk_mount(walk, fs);
	mnt_free_iter(iterator);
	mnt_unref_table(table);
	free(mounts);
	return found;
}

static char *walk_path(struct walk *walk, const char *path)
{
	struct stat status;
	char *found = NULL;

	if (stat(path, &status) || walk->depth >= DEPTH_MAX)
		return NULL;
	walk->depth++;
	if (S_ISBLK(status.st_mode))
		found = walk_device(walk, status.st_rdev);
	else if (major(status.st_dev))
		found = on(path, walk_device(walk, status.st_dev));
	else
		found = on(path, walk_anonymous(walk, path, status.st_dev));
	walk->depth--;
	return found;
}

/**
 * stack_on_disk() - test whether a file is on a disk, directly or through other devices
 * @disk:	attached
 * @path:	of the file, or of its directory
 *
 * Return: text such as "/mnt/a on dm-0 on /dev/vhdx0", to be freed; NULL if it is not known to be
 */
char *stack_on_disk(const struct disk *disk, const char *path)
{
	struct walk walk = { .target = disk };

	return walk_path(&walk, path);
}
