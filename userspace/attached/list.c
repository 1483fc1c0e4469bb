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

/* Column BACK-FILE is the key back-file in JSON, as with losetup. */
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

static struct json_object *parent_json(const char *path, const struct column **wanted,
				       size_t count)
{
	struct json_object *row = json_object_new_object();
	size_t i;

	for (i = 0; i < count; i++) {
		char *name = json_name(wanted[i]);

		if (wanted[i]->get_of_parent)
			json_add(row, name, wanted[i]->get_of_parent(path));
		free(name);
	}
	return row;
}

/* The root of the tree is the disk, so a parent image is in the "children" of its child. */
static void add_parents_json(struct json_object *row, const struct disk *disk,
			     const struct column **wanted, size_t count)
{
	char **parents = disk_parents(disk), **path;

	for (path = parents; *path; path++) {
		struct json_object *children = json_object_new_array();
		struct json_object *parent = parent_json(*path, wanted, count);

		json_object_array_add(children, parent);
		json_add(row, "children", children);
		row = parent;
	}
	disk_free_names(parents);
}

static struct json_object *disks_json(const struct disk_list *disks, bool tree,
				      const struct column **wanted, size_t count)
{
	struct json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < disks->count; i++) {
		struct json_object *row = disk_json(&disks->disk[i], wanted, count);

		if (tree)
			add_parents_json(row, &disks->disk[i], wanted, count);
		json_object_array_add(rows, row);
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
		      const struct column **wanted, size_t count,
		      const struct globals *globals)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct json_object *value = wanted[i]->get(disk, wanted[i]->file);
		const char *mark = wanted[i]->mark && !globals->raw ? wanted[i]->mark(disk) : "";
		char *text = cell_text(wanted[i], value, globals->bytes);

		scols_line_refer_data(line, i, xasprintf("%s%s", text, mark));
		free(text);
		json_object_put(value);
	}
}

static void fill_parent_line(struct libscols_line *line, const char *path,
			     const struct column **wanted, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct json_object *value = wanted[i]->get_of_parent ?
					    wanted[i]->get_of_parent(path) : NULL;

		scols_line_refer_data(line, i, cell_text(wanted[i], value, false));
		json_object_put(value);
	}
}

static void add_parent_lines(struct libscols_table *table, struct libscols_line *line,
			     const struct disk *disk, const struct column **wanted, size_t count)
{
	char **parents = disk_parents(disk), **path;

	for (path = parents; line && *path; path++) {
		line = scols_table_new_line(table, line);
		if (line)
			fill_parent_line(line, *path, wanted, count);
	}
	disk_free_names(parents);
}

static void add_lines(struct libscols_table *table, const struct disk_list *disks,
		      const struct globals *globals, bool tree, const struct column **wanted,
		      size_t count)
{
	struct libscols_line *line;
	size_t i;

	for (i = 0; i < disks->count; i++) {
		line = scols_table_new_line(table, NULL);
		if (line)
			fill_line(line, &disks->disk[i], wanted, count, globals);
		if (line && tree)
			add_parent_lines(table, line, &disks->disk[i], wanted, count);
	}
}

/* Only the first tree column has the branches. */
static void add_columns(struct libscols_table *table, bool branches,
			const struct column **wanted, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		bool has_them = branches && wanted[i]->kind == TREE;

		scols_table_new_column(table, wanted[i]->name, 0, has_them ? SCOLS_FL_TREE :
				       columns_right_aligned(wanted[i]) ? SCOLS_FL_RIGHT : 0);
		branches = branches && !has_them;
	}
}

/* Raw output is for scripts and has no branches. */
static enum exit_code print_table(const struct disk_list *disks, const struct globals *globals,
				  bool tree, const struct column **wanted, size_t count)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return fail(EXIT_MEMORY, "out of memory");
	scols_table_enable_raw(table, globals->raw);
	scols_table_enable_noheadings(table, globals->no_headings);
	add_columns(table, tree && !globals->raw, wanted, count);
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
