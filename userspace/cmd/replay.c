// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl replay: replay the log of an image into the file. Needs no module and no root.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "edit/replay_file.h"
#include "image/lock.h"
#include "image/replay_memory.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"
#include "lib/table.h"

enum { OPTION_DRY_RUN = OPTIONS_OWN };

static const struct options_option options[] = {
	{ OPTION_DRY_RUN, "dry-run", NULL, "list the changes, write nothing" },
	PROGRESS_OPTIONS,
	{ 0 }
};

enum { COLUMN_ENTRY, COLUMN_SEQUENCE, COLUMN_OFFSET, COLUMN_LENGTH, COLUMN_KIND, COLUMN_WHAT };

static const struct table_column columns[] = {
	[COLUMN_ENTRY] = { "ENTRY", "offset of the entry in the log, in bytes", 10 },
	[COLUMN_SEQUENCE] = { "SEQUENCE", "sequence number of the entry", 20 },
	[COLUMN_OFFSET] = { "OFFSET", "offset in the file, in bytes", 14 },
	[COLUMN_LENGTH] = { "LENGTH", "length, in bytes", 14 },
	[COLUMN_KIND] = { "KIND", "data or zeros", -5 },
	[COLUMN_WHAT] = { "WHAT", "structure that changes", -12 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/**
 * struct replay - a run of the verb
 * @dry_run:	only list the changes
 * @json:	print JSON
 * @progress:	initialized by progress_init()
 * @image:	the image
 * @file_size:	size of the file after the replay, in bytes
 * @rows:	the table of changes; not used for JSON
 */
struct replay {
	bool dry_run;
	bool json;
	struct progress progress;
	struct image image;
	u64 file_size;
	struct table rows;
};

static bool set(void *context, int id, const char *value)
{
	struct replay *replay = context;

	if (id != OPTION_DRY_RUN)
		return progress_set(&replay->progress, "replay", id, value);
	replay->dry_run = true;
	return true;
}

static void print_columns_help(void)
{
	table_print_help(columns, COLUMN_COUNT);
}

static const struct options_syntax syntax = {
	.verb = "replay",
	.arguments = "IMAGE",
	.about = "Replay the log of an image into the file, if it must be replayed.",
	.options = options,
	.groups = OPTIONS_BYTES | OPTIONS_TABLE,
	.set = set,
	.more_help = print_columns_help,
};

static const char *name_of_place(const struct vhdx_super *super, u64 offset, u64 length)
{
	const struct vhdx_range *bat = &super->regions.bat;
	const struct vhdx_range *metadata = &super->regions.metadata;

	if (offset < VHDX_HEADER_SECTION_SIZE)
		return "region table";
	if (vhdx_ranges_overlap(offset, length, bat->offset, bat->length))
		return "bat";
	if (vhdx_ranges_overlap(offset, length, metadata->offset, metadata->length))
		return "metadata";
	return "elsewhere";
}

static enum vhdx_reason print_row(void *context, const struct vhdx_log_change *change,
				  struct vhdx_fault *fault)
{
	struct replay *replay = context;
	char entry[24], sequence[24], offset[24], length[24];
	const char *const cells[COLUMN_COUNT] = {
		[COLUMN_ENTRY] = entry,
		[COLUMN_SEQUENCE] = sequence,
		[COLUMN_OFFSET] = offset,
		[COLUMN_LENGTH] = length,
		[COLUMN_KIND] = change->zero ? "zeros" : "data",
		[COLUMN_WHAT] = name_of_place(replay->image.super, change->offset,
					      change->length),
	};

	(void)fault;
	snprintf(entry, sizeof(entry), "%" PRIu32, change->entry->offset);
	snprintf(sequence, sizeof(sequence), "%" PRIu64, change->entry->sequence);
	snprintf(offset, sizeof(offset), "%" PRIu64, change->offset);
	snprintf(length, sizeof(length), "%" PRIu64, change->length);
	table_print(&replay->rows, cells);
	return VHDX_OK;
}

static enum vhdx_reason print_json(void *context, const struct vhdx_log_change *change,
				   struct vhdx_fault *fault)
{
	const struct replay *replay = context;
	struct json_object *object = json_object_new_object();

	(void)fault;
	json_add_number(object, "entry", change->entry->offset);
	json_add_number(object, "sequence", change->entry->sequence);
	json_add_number(object, "offset", change->offset);
	json_add_number(object, "length", change->length);
	json_add_string(object, "kind", change->zero ? "zeros" : "data");
	json_add_string(object, "what", name_of_place(replay->image.super, change->offset,
						      change->length));
	json_output_list_item(object);
	return VHDX_OK;
}

static void report(const struct replay *replay, const struct replay_size *size)
{
	const struct replay_memory *replayed = replay->image.replayed;
	struct json_object *object = json_object_new_object();

	json_add_string(object, "image", replay->image.file.path);
	json_add_bool(object, "dry-run", replay->dry_run);
	json_add_bool(object, "dirty", replayed);
	json_add_number(object, "entries", replayed ? replayed->sequence.entries : 0);
	json_add_number(object, "changes", size->changes);
	json_add_number(object, "bytes", size->bytes);
	json_add_number(object, "file-size", replay->file_size);
	json_output_add("replay", object);
}

static enum exit_code replay_log(struct replay *replay, const struct write_file *file)
{
	struct replay_size size = { 0 };
	enum exit_code status = DONE;

	replay->file_size = replay->image.reader.size;
	if (replay->image.replayed) {
		status = replay_measure(&replay->image, &size);
		if (status == DONE)
			status = replay_check(&replay->image);
		if (status == DONE && replay->dry_run) {
			if (replay->json)
				json_output_list_begin("changes");
			status = replay_walk(&replay->image,
					     replay->json ? print_json : print_row, replay);
		} else if (status == DONE) {
			status = replay_to_disk(&replay->image, file, &size, &replay->progress,
						&replay->file_size);
		}
	} else {
		note("%s: the log is empty, nothing to do", replay->image.file.path);
	}
	if (status == DONE)
		report(replay, &size);
	if (status == DONE && replay->image.replayed)
		note("%s: %s (entries: %u, changes: %llu)", replay->image.file.path,
		     replay->dry_run ? "must be replayed" : "replayed",
		     replay->image.replayed->sequence.entries, (unsigned long long)size.changes);
	return status;
}

static enum exit_code replay_path(struct replay *replay, const char *path,
				  const struct write_file *file)
{
	enum exit_code status = image_open(&replay->image, path);

	if (status != DONE)
		return status;
	if (!replay->dry_run)
		status = image_check_same(file, &replay->image.file.stat);
	if (status == DONE)
		status = replay_log(replay, file);
	image_close(&replay->image);
	return status;
}

enum exit_code cmd_replay(struct globals *globals, int argc, char **argv)
{
	struct write_file file = { .fd = -1 };
	struct replay replay = { 0 };
	enum exit_code status;
	const char *path;
	int error;

	progress_init(&replay.progress);
	status = options_parse(&syntax, globals, argc, argv, &replay);
	if (status != DONE)
		return status;
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "replay: needs exactly one image; see vhdxctl replay "
			    "--help");
	status = table_begin(&replay.rows, "replay", columns, COLUMN_COUNT, globals);
	if (status != DONE)
		return status;
	replay.json = globals->json;
	path = argv[optind];
	if (replay.dry_run)
		return replay_path(&replay, path, &file);
	status = image_open_exclusive(&file, path, "use attach -r or attach --temporary, which "
				      "replay the log in memory");
	if (status != DONE)
		return status;
	interrupt_catch();
	status = replay_path(&replay, path, &file);
	error = write_file_close(&file);
	if (error && status == DONE)
		status = fail_errno(path, "cannot close", error);
	return status;
}
