// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl map: show where the data of the disk are in an image and its parents. Needs no module and
 * no root.
 *
 * The member "map" of the JSON document has the format of `qemu-img map --output=json`.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "image/chain.h"
#include "image/extents.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/table.h"

enum {
	OPTION_STATE = OPTIONS_OWN,
	OPTION_ALONE,
};

static const struct options_option options[] = {
	{ OPTION_STATE, "state", NULL, "show BAT states, one line for each run of blocks" },
	{ OPTION_ALONE, "alone", NULL,
	  "show this image only; what its parent has is shown as parent" },
	PARENT_OPTIONS,
	{ 0 }
};

enum { COLUMN_START, COLUMN_LENGTH, COLUMN_STATE, COLUMN_DEPTH, COLUMN_OFFSET, COLUMN_FILE };

static const struct table_column columns[] = {
	[COLUMN_START] = { "START", "offset on the disk, in bytes", 14 },
	[COLUMN_LENGTH] = { "LENGTH", "length, in bytes", 14 },
	[COLUMN_STATE] = { "STATE", "data, zero, absent (reads as zeros), parent or bad; with "
			   "--state the BAT state", -17 },
	[COLUMN_DEPTH] = { "DEPTH", "0: this image, 1: its parent, and so on", 5 },
	[COLUMN_OFFSET] = { "OFFSET", "offset in the file, in bytes", 14 },
	[COLUMN_FILE] = { "FILE", "file that has the data", -4 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/**
 * struct map - a run of the verb
 * @by_state:	--state was given
 * @alone:	--alone was given
 * @parents:	where to find the parents
 * @chain:	the image and its parents
 * @rows:	the table; not used for JSON
 */
struct map {
	bool by_state;
	bool alone;
	struct parent_options parents;
	struct chain chain;
	struct table rows;
};

static bool set(void *context, int id, const char *value)
{
	struct map *map = context;

	switch (id) {
	case OPTION_STATE:
		map->by_state = true;
		return true;
	case OPTION_ALONE:
		map->alone = true;
		return true;
	default:
		return parent_options_set(&map->parents, "map", id, value);
	}
}

static void print_columns_help(void)
{
	table_print_help(columns, COLUMN_COUNT);
}

static const struct options_syntax syntax = {
	.verb = "map",
	.arguments = "IMAGE|DEVICE",
	.about = "Show where the data of the disk are in an image and its parents. All numbers are bytes.",
	.options = options,
	.groups = OPTIONS_BYTES | OPTIONS_TABLE,
	.set = set,
	.more_help = print_columns_help,
};

/* With --alone, an extent that is left to the parent has the depth of the parent. */
static unsigned int depth_of(const struct disk_extent *extent)
{
	return extent->depth + (extent->kind == EXTENT_PARENT);
}

static const char *file_of(const struct map *map, const struct disk_extent *extent)
{
	return map->chain.layer[extent->depth]->path;
}

static void print_row(void *context, const struct disk_extent *extent)
{
	static const char *const kinds[] = {
		[EXTENT_DATA] = "data", [EXTENT_ZERO] = "zero", [EXTENT_ABSENT] = "absent",
		[EXTENT_PARENT] = "parent", [EXTENT_BAD] = "bad",
	};
	char start[24], length[24], depth[24], offset[24] = "-";
	struct map *map = context;
	bool here = extent->kind == EXTENT_DATA;
	const char *const cells[COLUMN_COUNT] = {
		[COLUMN_START] = start,
		[COLUMN_LENGTH] = length,
		[COLUMN_STATE] = map->by_state ? vhdx_block_state_name(extent->state) :
				 kinds[extent->kind],
		[COLUMN_DEPTH] = depth,
		[COLUMN_OFFSET] = offset,
		[COLUMN_FILE] = here ? file_of(map, extent) : "-",
	};

	snprintf(start, sizeof(start), "%" PRIu64, extent->start);
	snprintf(length, sizeof(length), "%" PRIu64, extent->length);
	snprintf(depth, sizeof(depth), "%u", depth_of(extent));
	if (here)
		snprintf(offset, sizeof(offset), "%" PRIu64, extent->offset);
	table_print(&map->rows, cells);
}

/* An extent that is left to the parent has "data", because it may not be zero. */
static void print_json(void *context, const struct disk_extent *extent)
{
	const struct map *map = context;
	struct json_object *object = json_object_new_object();
	bool zero = extent->kind == EXTENT_ZERO || extent->kind == EXTENT_ABSENT;

	json_add_number(object, "start", extent->start);
	json_add_number(object, "length", extent->length);
	json_add_number(object, "depth", depth_of(extent));
	json_add_bool(object, "present", extent->kind != EXTENT_ABSENT);
	json_add_bool(object, "zero", zero);
	json_add_bool(object, "data", !zero);
	if (map->by_state)
		json_add_string(object, "state", vhdx_block_state_name(extent->state));
	if (extent->kind == EXTENT_DATA) {
		json_add_number(object, "offset", extent->offset);
		json_add_string(object, "filename", file_of(map, extent));
	}
	json_output_list_item(object);
}

enum exit_code cmd_map(struct globals *globals, int argc, char **argv)
{
	struct map map = { 0 };
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &map);
	struct chain_map where;
	char *path;

	if (status != DONE)
		return status;
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "map: needs exactly one image or device; see vhdxctl map "
			    "--help");
	status = table_begin(&map.rows, "map", columns, COLUMN_COUNT, globals);
	if (status != DONE)
		return status;
	path = image_path(argv[optind]);
	if (!path)
		return EXIT_USAGE;
	status = chain_open_image(&map.chain, path);
	if (status == DONE && !map.alone)
		status = chain_open_parents(&map.chain, &map.parents);
	if (status == DONE) {
		chain_warn_written(&map.chain);
		interrupt_catch();
		chain_map_init(&where, &map.chain, 0, map.chain.count);
		if (globals->json)
			json_output_list_begin("map");
		status = extents_walk(&where, map.by_state ? EXTENTS_BY_STATE : 0,
				      globals->json ? print_json : print_row, &map);
		chain_map_free(&where);
	}
	chain_close(&map.chain);
	free(path);
	return status;
}
