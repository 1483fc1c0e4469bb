// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "attached/holders.h"

#include <dirent.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/alloc.h"
#include "lib/text.h"

/* Limit of mappings on mappings, such as LUKS on LVM on RAID */
#define HOLDERS_DEPTH 8

static bool is_node_of(const char *path, const char *name)
{
	return path && !strncmp(path, "/dev/", 5) && !strcmp(path + 5, name);
}

/*
 * @partition: NULL: the disk itself. A btrfs has its own device number, so the name of the source
 * is compared as well.
 */
static bool is_mount_of(struct libmnt_fs *fs, const struct disk *disk, const char *partition)
{
	dev_t number;

	if (disk_device_number(disk, partition, &number) && number == mnt_fs_get_devno(fs))
		return true;
	return is_node_of(mnt_fs_get_srcpath(fs), partition ? partition : disk->name);
}

/**
 * holders_mounts() - list the mount points of a disk and its partitions
 * @disk:	attached
 * @each:	called for every mount point in this mount namespace
 * @context:	for @each
 */
void holders_mounts(const struct disk *disk, void (*each)(void *context, const char *where),
		    void *context)
{
	char **partitions = disk_partitions(disk), **name;
	char *path = xasprintf("%s/proc/self/mountinfo", disk_sysroot());
	struct libmnt_table *table = mnt_new_table_from_file(path);
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	while (table && iterator && !mnt_table_next_fs(table, iterator, &fs)) {
		bool found = is_mount_of(fs, disk, NULL);

		for (name = partitions; !found && *name; name++)
			found = is_mount_of(fs, disk, *name);
		if (found)
			each(context, mnt_fs_get_target(fs));
	}
	mnt_free_iter(iterator);
	mnt_unref_table(table);
	free(path);
	disk_free_names(partitions);
}

/* -- the users, and the commands that release the disk, in their order -- */

/* Append @more, after @gap unless @text is empty. Frees @more. */
static void append(char **text, const char *gap, char *more)
{
	char *longer = xasprintf("%s%s%s", *text ? *text : "", *text ? gap : "", more);

	free(*text);
	free(more);
	*text = longer;
}

/* @use and @command are freed. */
static void add(struct holders *holders, char *use, char *command)
{
	append(&holders->uses, ", ", use);
	append(&holders->commands, " && ", command);
}

static void add_mount(void *context, const char *where)
{
	char *safe = text_printable(where), *argument = text_quoted(where);

	add(context, xasprintf("mounted on %s", safe), xasprintf("umount %s", argument));
	free(argument);
	free(safe);
}

/* /proc/swaps has names, not device numbers. */
static void add_swap(struct holders *holders, const char *name)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (table && iterator && !mnt_table_parse_swaps(table, NULL))
		while (!mnt_table_next_fs(table, iterator, &fs)) {
			const char *source = mnt_fs_get_source(fs);

			if (is_node_of(source, name))
				add(holders, xasprintf("swap on %s", source),
				    xasprintf("swapoff %s", source));
		}
	mnt_free_iter(iterator);
	mnt_unref_table(table);
}

/* The first line of a file in sysfs, to be freed; NULL: there is no such file */
static char *block_attribute(const char *name, const char *file)
{
	char *path = xasprintf("%s/sys/block/%s/%s", disk_sysroot(), name, file);
	FILE *stream = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	free(path);
	if (stream && getline(&line, &size, stream) > 0)
		line[strcspn(line, "\n")] = '\0';
	else if (line)
		line[0] = '\0';
	if (stream)
		fclose(stream);
	return line;
}

static void add_mounts_of(struct holders *holders, const char *name)
{
	char *path = xasprintf("%s/proc/self/mountinfo", disk_sysroot());
	struct libmnt_table *table = mnt_new_table_from_file(path);
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	char *number = block_attribute(name, "dev");
	unsigned int major = 0, minor = 0;
	struct libmnt_fs *fs;

	if (number && sscanf(number, "%u:%u", &major, &minor) == 2)
		while (table && iterator && !mnt_table_next_fs(table, iterator, &fs))
			if (mnt_fs_get_devno(fs) == makedev(major, minor))
				add_mount(holders, mnt_fs_get_target(fs));
	mnt_free_iter(iterator);
	mnt_unref_table(table);
	free(number);
	free(path);
}

/* In the name of a mapping, LVM doubles hyphens of a name; a single one ends the volume group. */
static char *volume_group(const char *mapping)
{
	char *group = xstrdup(mapping), *to = group;
	const char *from;

	for (from = mapping; *from; from++) {
		if (*from == '-' && from[1] != '-')
			break;
		from += *from == '-';
		*to++ = *from;
	}
	*to = '\0';
	return group;
}

static void add_mapping(struct holders *holders, const char *name)
{
	char *mapping = block_attribute(name, "dm/name"), *uuid = block_attribute(name, "dm/uuid");
	char *group;

	if (mapping && uuid && !strncmp(uuid, "LVM-", 4)) {
		group = volume_group(mapping);
		add(holders, xasprintf("logical volume %s of volume group %s", mapping, group),
		    xasprintf("vgchange -an %s", group));
		free(group);
	} else if (mapping && uuid && !strncmp(uuid, "CRYPT-", 6)) {
		add(holders, xasprintf("encrypted volume %s", mapping),
		    xasprintf("cryptsetup close %s", mapping));
	} else {
		add(holders, xasprintf("mapping %s", mapping ? mapping : name),
		    xasprintf("dmsetup remove %s", mapping ? mapping : name));
	}
	free(uuid);
	free(mapping);
}

/* Device mapper, md and LVM link to holders/. Their own holders are released before them. */
static void add_holders_of(struct holders *holders, const char *device, unsigned int depth)
{
	char *path = xasprintf("%s/sys/block/%s/holders", disk_sysroot(), device);
	DIR *directory = opendir(path);
	struct dirent *entry;

	free(path);
	while (directory && (entry = readdir(directory))) {
		const char *name = entry->d_name;

		if (name[0] == '.')
			continue;
		add_mounts_of(holders, name);
		add_swap(holders, name);
		if (depth)
			add_holders_of(holders, name, depth - 1);
		if (!strncmp(name, "dm-", 3))
			add_mapping(holders, name);
		else if (!strncmp(name, "md", 2))
			add(holders, xasprintf("RAID /dev/%s", name),
			    xasprintf("mdadm --stop /dev/%s", name));
		else
			add(holders, xasprintf("held by %s", name),
			    xasprintf("release %s with the program that made it", name));
	}
	if (directory)
		closedir(directory);
}

/* Loop devices and vhdx disks open their file without an entry in holders/. */
static void add_user_of(struct holders *holders, const char *user, const char *file,
			const char *command, const char *name)
{
	char *backing = block_attribute(user, file);

	if (is_node_of(backing, name)) {
		add_mounts_of(holders, user);
		add_holders_of(holders, user, HOLDERS_DEPTH);
		add(holders, xasprintf("opened by /dev/%s", user),
		    xasprintf("%s /dev/%s", command, user));
	}
	free(backing);
}

static void add_users_of(struct holders *holders, const char *name)
{
	char *path = xasprintf("%s/sys/block", disk_sysroot());
	DIR *directory = opendir(path);
	struct dirent *entry;

	free(path);
	while (directory && (entry = readdir(directory))) {
		if (!strncmp(entry->d_name, "loop", 4))
			add_user_of(holders, entry->d_name, "loop/backing_file", "losetup -d",
				    name);
		else if (!strncmp(entry->d_name, "vhdx", 4))
			add_user_of(holders, entry->d_name, "vhdx/backing_file", "vhdxctl detach",
				    name);
	}
	if (directory)
		closedir(directory);
}

static void add_all_of(struct holders *holders, const struct disk *disk, const char *partition)
{
	char *path = xasprintf("%s%s%s", disk->name, *partition ? "/" : "", partition);
	const char *name = *partition ? partition : disk->name;

	add_swap(holders, name);
	add_users_of(holders, name);
	add_holders_of(holders, path, HOLDERS_DEPTH);
	free(path);
}

/**
 * holders_find() - find the users of a disk
 * @holders:	filled; must be freed by holders_free(). Both texts are NULL if no user is known;
 *		a process may still have the disk open
 * @disk:	attached
 */
void holders_find(struct holders *holders, const struct disk *disk)
{
	char **partitions = disk_partitions(disk);
	char **name;

	memset(holders, 0, sizeof(*holders));
	holders_mounts(disk, add_mount, holders);
	add_all_of(holders, disk, "");
	for (name = partitions; *name; name++)
		add_all_of(holders, disk, *name);
	disk_free_names(partitions);
}

/**
 * holders_free() - free the result of holders_find()
 * @holders:	the result
 */
void holders_free(struct holders *holders)
{
	free(holders->uses);
	free(holders->commands);
}
