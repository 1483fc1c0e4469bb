// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The text of a table is made from the JSON values, so that both agree. The table without --raw
 * has a mark after some values, for which programs have another column.
 *
 * In a tree each parent is below its child. A parent is not a disk and has only the columns of a
 * file.
 */
#include "attached/list.h"

#include <ctype.h>
#include <json-c/json.h>
#include <libsmartcols.h>
#include <stdlib.h>

#include "attached/columns.h"
#include "attached/disk.h"
#include "attached/disk_files.h"
#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/options.h"
#include "lib/text.h"

/* @parent: path of a parent of the disk; NULL: the disk itself. Return: NULL for null */
static struct json_object *value_of(const struct column *column, const struct disk *disk,
				    const char *parent)
{
	if (!parent)
		return column->get(disk, column->file);
	return column->get_of_parent ? column->get_of_parent(parent) : NULL;
}

/* The keys are as with losetup: column BACK-FILE is back-file. */
static struct json_object *row_json(const struct disk *disk, const char *parent,
				    const struct column **wanted, size_t count)
{
	struct json_object *row = json_object_new_object();
	char *key, *c;
	size_t i;

	for (i = 0; i < count; i++) {
		if (parent && !wanted[i]->get_of_parent)
			continue;
		key = xstrdup(wanted[i]->name);
		for (c = key; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		json_add(row, key, value_of(wanted[i], disk, parent));
		free(key);
	}
	return row;
}

/* The root of the tree is the disk, so a parent image is in the "children" of its child. */
static struct json_object *disks_json(const struct disk_list *disks, bool tree,
				      const struct column **wanted, size_t count)
{
	struct json_object *rows = json_object_new_array();
	char **parents, **path;
	size_t i;

	for (i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->disk[i];
		struct json_object *row = row_json(disk, NULL, wanted, count);

		json_object_array_add(rows, row);
		if (!tree)
			continue;
		parents = disk_parents(disk);
		for (path = parents; *path; path++) {
			struct json_object *children = json_object_new_array();
			struct json_object *parent = row_json(disk, *path, wanted, count);

			json_object_array_add(children, parent);
			json_add(row, "children", children);
			row = parent;
		}
		disk_free_names(parents);
	}
	return rows;
}

/**
 * list_json() - all columns of disks, as JSON
 * @disks:	attached
 *
 * Return: an array of objects
 */
struct json_object *list_json(const struct disk_list *disks)
{
	const struct column *all[COLUMNS_MAX];

	return disks_json(disks, false, all, columns_default(all, true));
}

static char *cell_text(const struct column *column, struct json_object *value, bool bytes)
{
	char size[TEXT_SIZE_MAX], *text, *longer;
	size_t i;

	if (!value)
		return xstrdup("-");
	if (column->kind == SIZE && !bytes)
		return xstrdup(text_size(size, json_object_get_uint64(value), ""));
	if (json_object_is_type(value, json_type_boolean))
		return xstrdup(json_object_get_boolean(value) ? "1" : "0");
	if (!json_object_is_type(value, json_type_array))
		return xstrdup(json_object_get_string(value));
	text = xstrdup("");
	for (i = 0; i < json_object_array_length(value); i++) {
		longer = xasprintf("%s%s%s", text, *text ? "," : "",
				   json_object_get_string(json_object_array_get_idx(value, i)));
		free(text);
		text = longer;
	}
	return text;
}

/* @child: line of the child, if the line is that of a parent. Return: the line; NULL: none */
static struct libscols_line *add_line(struct libscols_table *table, struct libscols_line *child,
				      const struct disk *disk, const char *parent,
				      const struct column **wanted, size_t count,
				      const struct globals *globals)
{
	struct libscols_line *line = scols_table_new_line(table, child);
	size_t i;

	for (i = 0; line && i < count; i++) {
		struct json_object *value = value_of(wanted[i], disk, parent);
		bool has_mark = wanted[i]->mark && !parent && !globals->raw;
		char *text = cell_text(wanted[i], value, globals->bytes);

		scols_line_refer_data(line, i, xasprintf("%s%s", text,
							 has_mark ? wanted[i]->mark(disk) : ""));
		free(text);
		json_object_put(value);
	}
	return line;
}

static void add_lines(struct libscols_table *table, const struct disk_list *disks,
		      const struct globals *globals, bool tree, const struct column **wanted,
		      size_t count)
{
	struct libscols_line *line;
	char **parents, **path;
	size_t i;

	for (i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->disk[i];

		line = add_line(table, NULL, disk, NULL, wanted, count, globals);
		if (!line || !tree)
			continue;
		parents = disk_parents(disk);
		for (path = parents; line && *path; path++)
			line = add_line(table, line, disk, *path, wanted, count, globals);
		disk_free_names(parents);
	}
}

/* Only the first tree column has branches; raw output, which is for scripts, has none. */
static enum exit_code print_table(const struct disk_list *disks, const struct globals *globals,
				  bool tree, const struct column **wanted, size_t count)
{
	struct libscols_table *table = scols_new_table();
	bool branches = tree && !globals->raw;
	size_t i;

	if (!table)
		return fail(EXIT_MEMORY, "out of memory");
	scols_table_enable_raw(table, globals->raw);
	scols_table_enable_noheadings(table, globals->no_headings);
	for (i = 0; i < count; i++) {
		bool has_them = branches && wanted[i]->kind == TREE;

		scols_table_new_column(table, wanted[i]->name, 0, has_them ? SCOLS_FL_TREE :
				       columns_right_aligned(wanted[i]) ? SCOLS_FL_RIGHT : 0);
		branches = branches && !has_them;
	}
	add_lines(table, disks, globals, tree, wanted, count);
	if (disks->count)
		scols_print_table(table);
	scols_unref_table(table);
	return DONE;
}

/**
 * list_print() - print disks as a table or as JSON
 * @disks:	attached
 * @globals:	the options
 * @tree:	print the parents below each disk
 *
 * Return: DONE, or EXIT_USAGE for an unknown column
 */
enum exit_code list_print(const struct disk_list *disks, const struct globals *globals,
			  bool tree)
{
	const struct column *wanted[COLUMNS_MAX];
	size_t count;
	enum exit_code status = columns_choose(wanted, &count, globals);

	if (status != DONE)
		return status;
	if (!globals->json)
		return print_table(disks, globals, tree, wanted, count);
	json_output_add("vhdx", disks_json(disks, tree, wanted, count));
	return DONE;
}
