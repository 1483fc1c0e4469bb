// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhdxctl check: what is wrong with an image. Needs no module and no root, writes nothing.
 *
 * The exit codes are those of qemu-img check, because scripts know them.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "imagelock.h"
#include "interrupt.h"
#include "openimage.h"
#include "output.h"
#include "rows.h"
#include "text.h"
#include "verb.h"

enum {
	CHECK_CLEAN = 0,
	CHECK_NOT_COMPLETED = 1,
	CHECK_CORRUPT = 2,
	CHECK_LEAKS = 3,
	CHECK_UNSUPPORTED = 63,
};

static const struct cli_option options[] = {
	PROGRESS_OPTIONS,
	{ 0 }
};

enum { COLUMN_SEVERITY, COLUMN_CODE, COLUMN_OFFSET, COLUMN_ENTRY, COLUMN_MESSAGE };

static const struct row_column columns[] = {
	[COLUMN_SEVERITY] = { "SEVERITY", "error, unsupported, leak or warning", -11 },
	[COLUMN_CODE] = { "CODE", "name of the reason, for programs", -30 },
	[COLUMN_OFFSET] = { "OFFSET", "byte of the file where it is seen", 14 },
	[COLUMN_ENTRY] = { "ENTRY", "index in the block allocation table", 9 },
	[COLUMN_MESSAGE] = { "MESSAGE", "for people", -7 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static bool set(void *context, int id, const char *value)
{
	struct check *check = context;

	return progress_set(&check->progress, "check", id, value);
}

static void print_columns_help(void)
{
	rows_print_help(columns, COLUMN_COUNT);
}

static const struct cli_syntax syntax = {
	.verb = "check",
	.arguments = "IMAGE|DEVICE",
	.about = "Find out what is wrong with an image. Nothing is written to it.",
	.options = options,
	.groups = CLI_BYTES | CLI_TABLE,
	.set = set,
	.more_help = print_columns_help,
};

static enum exit_code exit_of_check(enum exit_code status)
{
	switch (status) {
	case DONE:
	case EXIT_INTERRUPTED:
		return status;
	case EXIT_IMAGE:
		return (enum exit_code)CHECK_UNSUPPORTED;
	default:
		return (enum exit_code)CHECK_NOT_COMPLETED;
	}
}

static enum exit_code judge(const struct findings *findings)
{
	if (findings->count[SEVERITY_ERROR])
		return (enum exit_code)CHECK_CORRUPT;
	if (findings->count[SEVERITY_UNSUPPORTED])
		return (enum exit_code)CHECK_UNSUPPORTED;
	if (findings->count[SEVERITY_LEAK])
		return (enum exit_code)CHECK_LEAKS;
	return (enum exit_code)CHECK_CLEAN;
}

static void print_finding(struct rows *rows, const struct finding *finding)
{
	char offset[24], entry[24] = "-";
	char *code = text_code(finding->code);
	const char *const cells[COLUMN_COUNT] = {
		[COLUMN_SEVERITY] = severity_name(finding->severity),
		[COLUMN_CODE] = code,
		[COLUMN_OFFSET] = offset,
		[COLUMN_ENTRY] = entry,
		[COLUMN_MESSAGE] = finding->message,
	};

	snprintf(offset, sizeof(offset), "%" PRIu64, finding->offset);
	if (finding->entry != NO_ENTRY)
		snprintf(entry, sizeof(entry), "%" PRIu64, finding->entry);
	rows_print(rows, cells);
	free(code);
}

static void print_table(const struct findings *findings, struct rows *rows)
{
	size_t i;

	for (i = 0; i < findings->kept; i++)
		print_finding(rows, &findings->list[i]);
}

static struct json_object *finding_json(const struct finding *finding)
{
	struct json_object *object = json_object_new_object();
	char *code = text_code(finding->code);

	json_add_string(object, "severity", severity_name(finding->severity));
	json_add_string(object, "code", code);
	if (finding->entry != NO_ENTRY)
		json_add_number(object, "entry", finding->entry);
	json_add_number(object, "offset", finding->offset);
	if (finding->length)
		json_add_number(object, "length", finding->length);
	json_add_string(object, "message", finding->message);
	free(code);
	return object;
}

/* All that is counted, also where the list ends before. */
static void report_json(const struct check *check, bool completed)
{
	const struct findings *findings = &check->findings;
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < findings->kept; i++)
		json_object_array_add(list, finding_json(&findings->list[i]));
	json_add_string(object, "image", check->file.path);
	json_add_bool(object, "completed", completed);
	json_add_bool(object, "clean", completed && judge(findings) == DONE);
	json_add_number(object, "corruptions", findings->count[SEVERITY_ERROR]);
	json_add_number(object, "unsupported", findings->count[SEVERITY_UNSUPPORTED]);
	json_add_number(object, "leaks", findings->count[SEVERITY_LEAK]);
	json_add_number(object, "leaked-bytes", findings->leaked);
	json_add_number(object, "warnings", findings->count[SEVERITY_WARNING]);
	json_add(object, "findings", list);
	output_add("check", object);
}

/* One line on stderr; the table may be empty, or long, or not all there is. */
static void summarize(const struct check *check, bool completed)
{
	const struct findings *findings = &check->findings;
	char text[160];

	if (!completed)
		return;
	snprintf(text, sizeof(text), "errors: %llu, leaks: %llu, warnings: %llu",
		 (unsigned long long)(findings->count[SEVERITY_ERROR] +
				      findings->count[SEVERITY_UNSUPPORTED]),
		 (unsigned long long)findings->count[SEVERITY_LEAK],
		 (unsigned long long)findings->count[SEVERITY_WARNING]);
	warn("%s: %s (%s)", check->file.path, judge(findings) == DONE ? "clean" : "not clean", text);
}

static enum exit_code run(struct check *check, struct rows *rows, bool json)
{
	enum exit_code status;

	interrupt_catch();
	image_warn_written(check->file.path, &check->file.stat);
	status = check_image(check);
	if (json)
		report_json(check, status == DONE);
	else
		print_table(&check->findings, rows);
	summarize(check, status == DONE);
	if (status == DONE)
		status = judge(&check->findings);
	check_free(check);
	return status;
}

static enum exit_code check_path(struct check *check, const char *argument, struct rows *rows,
				 bool json)
{
	char *path = open_image_path(argument);
	enum exit_code status;

	if (!path)
		return (enum exit_code)CHECK_NOT_COMPLETED;
	status = image_file_open(&check->file, path);
	if (status == DONE) {
		status = run(check, rows, json);
		image_file_close(&check->file);
	}
	free(path);
	return status;
}

enum exit_code cmd_check(struct globals *globals, int argc, char **argv)
{
	struct check check = { 0 };
	enum exit_code status;
	struct rows rows;

	message_map_exits(exit_of_check);
	progress_init(&check.progress);
	status = cli_parse(&syntax, globals, argc, argv, &check);
	if (status != DONE)
		return status;
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "check: needs exactly one image or device; see vhdxctl "
			    "check --help");
	status = rows_begin(&rows, "check", columns, COLUMN_COUNT, globals);
	if (status != DONE)
		return status;
	return check_path(&check, argv[optind], &rows, globals->json);
}
