// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One table of columns, each knowing how to get its value from sysfs as a JSON value. The
 * text in a table is made from that, so that both always tell the same.
 */
#include "columns.h"

#include <ctype.h>
#include <json-c/json.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "cli.h"
#include "diskfiles.h"
#include "holders.h"
#include "memory.h"
#include "output.h"
#include "text.h"

struct column {
	const char *name;
	const char *help;
	struct json_object *(*get)(const struct disk *disk, const char *file);
	const char *file;
	enum { TEXT, SIZE } kind;
	bool by_default;
};

static struct json_object *get_node(const struct disk *disk, const char *file)
{
	(void)file;
	return json_object_new_string(disk->node);
}

/* Frees @text; NULL or nothing in it: null. */
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

/* The image may be out of our sight: another mount namespace, no permission, deleted. */
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

static const struct column columns[] = {
	{ "NAME", "device", get_node, NULL, TEXT, true },
	{ "MAJ:MIN", "device number", get_text, "dev" },
	{ "DISKSEQ", "number no other disk has had since boot", get_number, "diskseq" },
	{ "SIZE", "size of the disk", get_sectors, "size", SIZE, true },
	{ "RO", "is it read-only?", get_bool, "ro", TEXT, true },
	{ "AUTOCLEAR", "does the last close detach it?", get_bool, "vhdx/autoclear" },
	{ "PARTSCAN", "are partitions looked for?", get_bool, "vhdx/partscan" },
	{ "DIO", "is the image read with direct I/O?", get_bool, "vhdx/dio" },
	{ "TYPE", "dynamic, fixed or differencing", get_text, "vhdx/type", TEXT, true },
	{ "BLOCK-SIZE", "size of a payload block", get_number, "vhdx/block_size", SIZE },
	{ "LOG-SEC", "logical sector size", get_number, "queue/logical_block_size" },
	{ "PHY-SEC", "physical sector size", get_number, "queue/physical_block_size" },
	{ "DISK-ID", "virtual disk id", get_text, "vhdx/disk_id" },
	{ "WWN", "as a Hyper-V guest sees it", get_text, "vhdx/wwn" },
	{ "PARENTS", "images below the one attached", get_number, "vhdx/parents", TEXT, true },
	{ "REPLAYED", "log entries replayed at attach", get_number, "vhdx/replayed" },
	{ "TEMP", "is what was written gone at detach?", get_temporary },
	{ "BACK-MAJ:MIN", "device number below the image", get_image_device },
	{ "BACK-INO", "inode number of the image", get_image_inode },
	{ "BACK-FILE", "the image", get_image, NULL, TEXT, true },
	{ "MOUNTPOINTS", "where it or a partition is mounted", get_mounts },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* BACK-FILE is back-file in JSON, as with losetup. */
static char *json_name(const struct column *column)
{
	char *name = xstrdup(column->name);
	char *c;

	for (c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

static struct json_object *disk_json(const struct disk *disk, const struct column **wanted,
				     size_t count)
{
	struct json_object *row = json_object_new_object();
	size_t i;

	for (i = 0; i < count; i++) {
		char *name = json_name(wanted[i]);

		json_add(row, name, wanted[i]->get(disk, wanted[i]->file));
		free(name);
	}
	return row;
}

static struct json_object *disks_json(const struct disk_list *disks, const struct column **wanted,
				      size_t count)
{
	struct json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < disks->count; i++)
		json_object_array_add(rows, disk_json(&disks->disk[i], wanted, count));
	return rows;
}

/**
 * columns_json() - disks with all that is known about them
 * @disks:	attached
 *
 * Return: an array of objects
 */
struct json_object *columns_json(const struct disk_list *disks)
{
	const struct column *all[COLUMN_COUNT];
	size_t i;

	for (i = 0; i < COLUMN_COUNT; i++)
		all[i] = &columns[i];
	return disks_json(disks, all, COLUMN_COUNT);
}

static char *list_text(struct json_object *list)
{
	char *text = xstrdup("");
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		const char *item = json_object_get_string(json_object_array_get_idx(list, i));
		char *longer = xasprintf("%s%s%s", text, *text ? "," : "", item);

		free(text);
		text = longer;
	}
	return text;
}

static char *cell_text(const struct column *column, struct json_object *value, bool bytes)
{
	char size[TEXT_SIZE_MAX];

	if (!value)
		return xstrdup("-");
	if (column->kind == SIZE && !bytes)
		return xstrdup(text_size(size, json_object_get_uint64(value), ""));
	if (json_object_is_type(value, json_type_boolean))
		return xstrdup(json_object_get_boolean(value) ? "1" : "0");
	if (json_object_is_type(value, json_type_array))
		return list_text(value);
	return xstrdup(json_object_get_string(value));
}

static void fill_line(struct libscols_line *line, const struct disk *disk,
		      const struct column **wanted, size_t count, bool bytes)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct json_object *value = wanted[i]->get(disk, wanted[i]->file);
		char *text = cell_text(wanted[i], value, bytes);

		scols_line_refer_data(line, i, text);
		json_object_put(value);
	}
}

static bool is_right_aligned(const struct column *column)
{
	return column->kind == SIZE || column->get == get_number || column->get == get_bool ||
	       column->get == get_temporary || column->get == get_image_inode;
}

static enum exit_code print_table(const struct disk_list *disks, const struct globals *globals,
				  const struct column **wanted, size_t count)
{
	struct libscols_table *table = scols_new_table();
	struct libscols_line *line;
	size_t i;

	if (!table)
		return fail(EXIT_MEMORY, "out of memory");
	scols_table_enable_raw(table, globals->raw);
	scols_table_enable_noheadings(table, globals->no_headings);
	for (i = 0; i < count; i++)
		scols_table_new_column(table, wanted[i]->name, 0,
				       is_right_aligned(wanted[i]) ? SCOLS_FL_RIGHT : 0);
	for (i = 0; i < disks->count; i++) {
		line = scols_table_new_line(table, NULL);
		if (line)
			fill_line(line, &disks->disk[i], wanted, count, globals->bytes);
	}
	if (disks->count)
		scols_print_table(table);
	scols_unref_table(table);
	return DONE;
}

static const struct column *find_column(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < COLUMN_COUNT; i++)
		if (!strncasecmp(columns[i].name, name, length) && !columns[i].name[length])
			return &columns[i];
	return NULL;
}

static size_t choose_default(const struct column **wanted, bool all)
{
	size_t i, count = 0;

	for (i = 0; i < COLUMN_COUNT; i++)
		if (all || columns[i].by_default)
			wanted[count++] = &columns[i];
	return count;
}

/* "NAME,SIZE", or "+WWN": the usual ones and WWN. As often as there are columns at most. */
static enum exit_code choose_named(const struct column **wanted, size_t *count, const char *names)
{
	if (*names == '+') {
		*count = choose_default(wanted, false);
		names++;
	}
	while (*names) {
		size_t length = strcspn(names, ",");
		const struct column *column = find_column(names, length);

		if (!column)
			return fail(EXIT_USAGE, "list: unknown column %.*s; see vhdxctl list "
				    "--help", (int)length, names);
		if (*count == 2 * COLUMN_COUNT)
			return fail(EXIT_USAGE, "list: too many columns");
		wanted[(*count)++] = column;
		names += length + (names[length] == ',');
	}
	return *count ? DONE : fail(EXIT_USAGE, "list: no columns named");
}

/**
 * columns_print() - show disks as the options say, as table or JSON
 * @disks:	attached
 * @globals:	the options
 *
 * Return: DONE, or EXIT_USAGE for an unknown column
 */
enum exit_code columns_print(const struct disk_list *disks, const struct globals *globals)
{
	const struct column *wanted[2 * COLUMN_COUNT];
	enum exit_code status;
	size_t count = 0;

	if (globals->output_all || (globals->json && !globals->columns)) {
		count = choose_default(wanted, true);
	} else if (globals->columns) {
		status = choose_named(wanted, &count, globals->columns);
		if (status != DONE)
			return status;
	} else {
		count = choose_default(wanted, false);
	}
	if (!globals->json)
		return print_table(disks, globals, wanted, count);
	output_add("vhdx", disks_json(disks, wanted, count));
	return DONE;
}

/* The columns, for --help. */
void columns_print_help(void)
{
	size_t i;

	puts("\nColumns:");
	for (i = 0; i < COLUMN_COUNT; i++)
		printf("  %-14s %s\n", columns[i].name, columns[i].help);
}
