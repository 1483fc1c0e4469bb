// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The table of columns. Each column has a function that reads its value from sysfs, as JSON.
 */
#include "attached/columns.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "attached/disk.h"
#include "attached/disk_files.h"
#include "attached/holders.h"
#include "lib/alloc.h"
#include "lib/options.h"
#include "lib/text.h"

static struct json_object *get_node(const struct disk *disk, const char *file)
{
	(void)file;
	return json_object_new_string(disk->node);
}

/* Frees @text; NULL or an empty text is null. */
static struct json_object *new_text(char *text)
{
	char *valid = text ? text_valid_utf8(text) : NULL;
	struct json_object *value = valid && *valid ? json_object_new_string(valid) : NULL;

	free(valid);
	free(text);
	return value;
}

static struct json_object *get_text(const struct disk *disk, const char *file)
{
	return new_text(disk_attribute(disk, file));
}

static struct json_object *get_number(const struct disk *disk, const char *file)
{
	char *text = disk_attribute(disk, file);
	struct json_object *value = text ? json_object_new_uint64(strtoull(text, NULL, 10)) : NULL;

	free(text);
	return value;
}

static struct json_object *get_sectors(const struct disk *disk, const char *file)
{
	return json_object_new_uint64(512 * disk_number(disk, file));
}

static struct json_object *get_bool(const struct disk *disk, const char *file)
{
	return json_object_new_boolean(disk_number(disk, file) != 0);
}

/* Fails if the image is in another mount namespace, inaccessible or deleted. */
static bool stat_image(const struct disk *disk, struct stat *status)
{
	char *path = disk_image(disk);
	bool found = path && !stat(path, status);

	free(path);
	return found;
}

static struct json_object *get_image(const struct disk *disk, const char *file)
{
	(void)file;
	return new_text(disk_image(disk));
}

static struct json_object *get_image_device(const struct disk *disk, const char *file)
{
	struct stat status;
	char text[32];

	(void)file;
	if (!stat_image(disk, &status))
		return NULL;
	snprintf(text, sizeof(text), "%u:%u", major(status.st_dev), minor(status.st_dev));
	return json_object_new_string(text);
}

static struct json_object *get_image_inode(const struct disk *disk, const char *file)
{
	struct stat status;

	(void)file;
	return stat_image(disk, &status) ? json_object_new_uint64(status.st_ino) : NULL;
}

static struct json_object *get_temporary(const struct disk *disk, const char *file)
{
	(void)file;
	return json_object_new_boolean(disk_is_temporary(disk));
}

static struct json_object *get_deleted(const struct disk *disk, const char *file)
{
	(void)file;
	return json_object_new_boolean(disk_is_deleted(disk));
}

/* A deleted image needs no mark: the kernel appends (deleted) to its name. */
static const char *mark_of_image(const struct disk *disk)
{
	return disk_is_temporary(disk) ? " (temporary)" : "";
}

static void add_mount(void *context, const char *where)
{
	char *valid = text_valid_utf8(where);

	json_object_array_add(context, json_object_new_string(valid));
	free(valid);
}

static struct json_object *get_mounts(const struct disk *disk, const char *file)
{
	struct json_object *list = json_object_new_array();

	(void)file;
	holders_mounts(disk, add_mount, list);
	return list;
}

static struct json_object *get_parent_name(const char *path)
{
	(void)path;
	return json_object_new_string("parent");
}

/* A parent is never written to, even if the disk is writable. */
static struct json_object *get_parent_read_only(const char *path)
{
	(void)path;
	return json_object_new_boolean(true);
}

static struct json_object *get_parent_image(const char *path)
{
	return new_text(xstrdup(path));
}

static const struct column columns[] = {
	{ "NAME", "device", get_node, NULL, TREE, true, get_parent_name },
	{ "MAJ:MIN", "device number", get_text, "dev" },
	{ "DISKSEQ", "sequence number, unique since boot", get_number, "diskseq" },
	{ "SIZE", "size of the disk", get_sectors, "size", SIZE, true },
	{ "RO", "read-only", get_bool, "ro", TEXT, true, get_parent_read_only },
	{ "AUTOCLEAR", "detached at the last close", get_bool, "vhdx/autoclear" },
	{ "PARTSCAN", "scanned for partitions", get_bool, "vhdx/partscan" },
	{ "DIO", "direct I/O to the image", get_bool, "vhdx/dio" },
	{ "TYPE", "dynamic, fixed or differencing", get_text, "vhdx/type", TEXT, true },
	{ "BLOCK-SIZE", "size of a payload block", get_number, "vhdx/block_size", SIZE },
	{ "LOG-SEC", "logical sector size", get_number, "queue/logical_block_size" },
	{ "PHY-SEC", "physical sector size", get_number, "queue/physical_block_size" },
	{ "DISK-ID", "Virtual Disk ID", get_text, "vhdx/disk_id" },
	{ "WWN", "WWN, the same as in a Hyper-V guest", get_text, "vhdx/wwn" },
	{ "PARENTS", "number of parents", get_number, "vhdx/parents", TEXT, true },
	{ "REPLAYED", "log entries replayed at attach", get_number, "vhdx/replayed" },
	{ "TEMP", "temporary: changes are dropped at detach", get_temporary },
	{ "DELETED", "image was deleted after attach", get_deleted },
	{ "BACK-MAJ:MIN", "device number of the image's file system", get_image_device },
	{ "BACK-INO", "inode number of the image", get_image_inode },
	{ "BACK-FILE", "path of the image", get_image, NULL, TEXT, true, get_parent_image,
	  mark_of_image },
	{ "MOUNTPOINTS", "mount points of the disk and its partitions", get_mounts },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

_Static_assert(COLUMNS_MAX >= 2 * COLUMN_COUNT, "all columns, and as many named once more");

/**
 * columns_default() - the columns that are printed without --output
 * @wanted:	filled
 * @all:	take every column instead
 *
 * Return: number of columns in @wanted
 */
size_t columns_default(const struct column *wanted[COLUMNS_MAX], bool all)
{
	size_t i, count = 0;

	for (i = 0; i < COLUMN_COUNT; i++)
		if (all || columns[i].by_default)
			wanted[count++] = &columns[i];
	return count;
}

/* "NAME,SIZE"; or "+WWN": the default columns and WWN. */
static enum exit_code choose_named(const struct column **wanted, size_t *count, const char *names)
{
	if (*names == '+') {
		*count = columns_default(wanted, false);
		names++;
	}
	while (*names) {
		size_t length = strcspn(names, ","), i = 0;

		while (i < COLUMN_COUNT && (strncasecmp(columns[i].name, names, length) ||
					    columns[i].name[length]))
			i++;
		if (i == COLUMN_COUNT)
			return fail(EXIT_USAGE, "list: unknown column %.*s; see vhdxctl list "
				    "--help", (int)length, names);
		if (*count == COLUMNS_MAX)
			return fail(EXIT_USAGE, "list: too many columns");
		wanted[(*count)++] = &columns[i];
		names += length + (names[length] == ',');
	}
	return *count ? DONE : fail(EXIT_USAGE, "list: no columns named");
}

/**
 * columns_choose() - choose columns by the options
 * @wanted:	filled
 * @count:	set to the number of columns in @wanted
 * @globals:	the options
 *
 * Return: DONE, or EXIT_USAGE for an unknown column
 */
enum exit_code columns_choose(const struct column *wanted[COLUMNS_MAX], size_t *count,
			      const struct globals *globals)
{
	bool all = globals->output_all || (globals->json && !globals->columns);

	*count = 0;
	if (!all && globals->columns)
		return choose_named(wanted, count, globals->columns);
	*count = columns_default(wanted, all);
	return DONE;
}

/**
 * columns_right_aligned() - test whether a column is aligned to the right
 * @column:	the column
 *
 * Return: true for numbers and booleans
 */
bool columns_right_aligned(const struct column *column)
{
	return column->kind == SIZE || column->get == get_number || column->get == get_bool ||
	       column->get == get_temporary || column->get == get_deleted ||
	       column->get == get_image_inode;
}

/**
 * columns_print_help() - print the list of columns for --help
 */
void columns_print_help(void)
{
	size_t i;

	puts("\nColumns:");
	for (i = 0; i < COLUMN_COUNT; i++)
		printf("  %-14s %s\n", columns[i].name, columns[i].help);
}
