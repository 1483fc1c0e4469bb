// SPDX-License-Identifier: GPL-2.0-or-later
#include "holders.h"

#include <dirent.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* The disk and its partitions. */
struct members {
	const struct disk *disk;
	char **partitions;
};

static bool is_member_number(const struct members *members, dev_t number)
{
	char **name;
	dev_t other;

	if (disk_device_number(members->disk, NULL, &other) && other == number)
		return true;
	for (name = members->partitions; *name; name++)
		if (disk_device_number(members->disk, *name, &other) && other == number)
			return true;
	return false;
}

static bool is_member_name(const struct members *members, const char *source)
{
	char **name;

	if (!source || strncmp(source, "/dev/", 5))
		return false;
	if (!strcmp(source, members->disk->node))
		return true;
	for (name = members->partitions; *name; name++)
		if (!strcmp(source + 5, *name))
			return true;
	return false;
}

/* btrfs has a device number of its own; then only the name of the source tells. */
static bool is_member_mount(const struct members *members, struct libmnt_fs *fs)
{
	return is_member_number(members, mnt_fs_get_devno(fs)) ||
	       is_member_name(members, mnt_fs_get_srcpath(fs));
}

/**
 * holders_mounts() - where a disk or its partitions are mounted
 * @disk:	attached
 * @each:	called for every mount point in our mount namespace
 * @context:	for @each
 */
void holders_mounts(const struct disk *disk, void (*each)(void *context, const char *where),
		    void *context)
{
	struct members members = { disk, disk_partitions(disk) };
	char *path = xasprintf("%s/proc/self/mountinfo", disk_sysroot());
	struct libmnt_table *table = mnt_new_table_from_file(path);
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	while (table && iterator && !mnt_table_next_fs(table, iterator, &fs))
		if (is_member_mount(&members, fs))
			each(context, mnt_fs_get_target(fs));
	mnt_free_iter(iterator);
	mnt_unref_table(table);
	free(path);
	disk_free_names(members.partitions);
}

static void append(char **text, const char *what, const char *name)
{
	char *longer = xasprintf("%s%s%s %s", *text ? *text : "", *text ? ", " : "", what, name);

	free(*text);
	*text = longer;
}

static void append_mount(void *context, const char *where)
{
	append(context, "mounted on", where);
}

static void append_swaps(const struct disk *disk, char **text)
{
	struct members members = { disk, disk_partitions(disk) };
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (table && iterator && !mnt_table_parse_swaps(table, NULL))
		while (!mnt_table_next_fs(table, iterator, &fs))
			if (is_member_name(&members, mnt_fs_get_source(fs)))
				append(text, "swap on", mnt_fs_get_source(fs));
	mnt_free_iter(iterator);
	mnt_unref_table(table);
	disk_free_names(members.partitions);
}

/* Device mapper, md, LVM: they link themselves into holders/. */
static void append_holders(const struct disk *disk, const char *partition, char **text)
{
	char *path = xasprintf("%s/sys/block/%s/%s%sholders", disk_sysroot(), disk->name,
			       partition, *partition ? "/" : "");
	DIR *directory = opendir(path);
	struct dirent *entry;

	free(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			append(text, "held by", entry->d_name);
	if (directory)
		closedir(directory);
}

/**
 * holders_text() - everything that is known to use a disk
 * @disk:	attached
 *
 * Return: a list for people, to be freed; NULL if nothing is known, which does not mean that
 * nobody has it open
 */
char *holders_text(const struct disk *disk)
{
	char **partitions = disk_partitions(disk);
	char *text = NULL;
	char **name;

	holders_mounts(disk, append_mount, &text);
	append_swaps(disk, &text);
	append_holders(disk, "", &text);
	for (name = partitions; *name; name++)
		append_holders(disk, *name, &text);
	disk_free_names(partitions);
	return text;
}
