// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "check/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/text.h"

enum { COLUMN_SEVERITY, COLUMN_CODE, COLUMN_OFFSET, COLUMN_ENTRY, COLUMN_MESSAGE };

static const struct table_column columns[] = {
	[COLUMN_SEVERITY] = { "SEVERITY", "error, unsupported, leak, warning or repair", -11 },
	[COLUMN_CODE] = { "CODE", "name of the finding, for programs", -30 },
	[COLUMN_OFFSET] = { "OFFSET", "offset in the file, in bytes", 14 },
	[COLUMN_ENTRY] = { "ENTRY", "index in the block allocation table", 9 },
	[COLUMN_MESSAGE] = { "MESSAGE", "what is wrong", -7 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/**
 * check_verdict() - get the exit code for findings
 * @findings:	of a completed check
 *
 * Return: one of the exit codes of qemu-img check
 */
enum exit_code check_verdict(const struct findings *findings)
{
	if (findings->count[SEVERITY_ERROR])
		return (enum exit_code)CHECK_CORRUPT;
	if (findings->count[SEVERITY_UNSUPPORTED])
		return (enum exit_code)CHECK_UNSUPPORTED;
	if (findings->count[SEVERITY_LEAK])
		return (enum exit_code)CHECK_LEAKS;
	return (enum exit_code)CHECK_CLEAN;
}

/**
 * check_rows_begin() - prepare the table of findings
 * @rows:	filled
 * @globals:	the options
 *
 * Return: DONE, or EXIT_USAGE after an error message
 */
enum exit_code check_rows_begin(struct table *rows, const struct globals *globals)
{
	return table_begin(rows, "check", columns, COLUMN_COUNT, globals);
}

/**
 * check_print_columns() - print the list of columns for --help
 */
void check_print_columns(void)
{
	table_print_help(columns, COLUMN_COUNT);
}

/* @path: prefix of the messages for a parent; NULL: none */
static void print_findings(const struct findings *findings, struct table *rows, const char *path)
{
	size_t i;

	for (i = 0; i < findings->kept; i++) {
		const struct finding *finding = &findings->list[i];
		char offset[24], entry[24] = "-";
		char *code = text_code(finding->code);
		char *message = xasprintf("%s%s%s", path ? path : "", path ? ": " : "",
					  finding->message);
		const char *const cells[COLUMN_COUNT] = {
			[COLUMN_SEVERITY] = findings_severity_name(finding->severity),
			[COLUMN_CODE] = code,
			[COLUMN_OFFSET] = offset,
			[COLUMN_ENTRY] = entry,
			[COLUMN_MESSAGE] = message,
		};

		snprintf(offset, sizeof(offset), "%" PRIu64, finding->offset);
		if (finding->entry != NO_ENTRY)
			snprintf(entry, sizeof(entry), "%" PRIu64, finding->entry);
		table_print(rows, cells);
		free(message);
		free(code);
	}
}

/**
 * check_report_rows() - print the repairs, then the findings, as rows
 * @report:	the report
 * @rows:	prepared by check_rows_begin()
 */
void check_report_rows(const struct check_report *report, struct table *rows)
{
	if (report->repairs)
		print_findings(report->repairs, rows, NULL);
	print_findings(&report->check->findings, rows,
		       report->parent ? report->check->file.path : NULL);
}

static void add_list(struct json_object *object, const char *key,
		     const struct findings *findings)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < findings->kept; i++) {
		const struct finding *finding = &findings->list[i];
		struct json_object *element = json_object_new_object();
		char *code = text_code(finding->code);

		json_add_string(element, "severity", findings_severity_name(finding->severity));
		json_add_string(element, "code", code);
		if (finding->entry != NO_ENTRY)
			json_add_number(element, "entry", finding->entry);
		json_add_number(element, "offset", finding->offset);
		if (finding->length)
			json_add_number(element, "length", finding->length);
		json_add_string(element, "message", finding->message);
		json_object_array_add(list, element);
		free(code);
	}
	json_add(object, key, list);
}

/**
 * check_report_json() - make a JSON object of a report
 * @report:	the report
 *
 * Return: the object, with the counts of all findings, kept or not
 */
struct json_object *check_report_json(const struct check_report *report)
{
	const struct findings *findings = &report->check->findings;
	struct json_object *object = json_object_new_object();

	json_add_string(object, "image", report->check->file.path);
	json_add_bool(object, "completed", report->completed);
	json_add_bool(object, "clean", report->completed && check_verdict(findings) == DONE);
	json_add_number(object, "corruptions", findings->count[SEVERITY_ERROR]);
	json_add_number(object, "unsupported", findings->count[SEVERITY_UNSUPPORTED]);
	json_add_number(object, "leaks", findings->count[SEVERITY_LEAK]);
	json_add_number(object, "leaked-bytes", findings->leaked);
	json_add_number(object, "warnings", findings->count[SEVERITY_WARNING]);
	if (report->repairs) {
		uint64_t repairs = report->repairs->count[SEVERITY_REPAIR];

		json_add_bool(object, "dry-run", report->dry_run);
		json_add_number(object, "repairs-possible", repairs);
		json_add_number(object, "fixed", report->dry_run ? 0 : repairs);
		add_list(object, "repairs", report->repairs);
	}
	add_list(object, "findings", findings);
	return object;
}

/**
 * check_summarize() - print the verdict, as one line
 * @report:	the report
 * @rows:	the table; NULL: JSON
 *
 * The line goes to stdout, after the table; with --raw or --json it goes to stderr.
 */
void check_summarize(const struct check_report *report, const struct table *rows)
{
	const struct findings *findings = &report->check->findings;
	char repairs[64] = "";
	char *text, *safe;

	if (!report->completed)
		return;
	if (report->repairs)
		snprintf(repairs, sizeof(repairs), "%s: %llu, ",
			 report->dry_run ? "would be repaired" : "repaired",
			 (unsigned long long)report->repairs->count[SEVERITY_REPAIR]);
	text = xasprintf("%s: %s (%serrors: %llu, leaks: %llu, warnings: %llu)",
			 report->check->file.path,
			 check_verdict(findings) == DONE ? "clean" : "not clean", repairs,
			 (unsigned long long)(findings->count[SEVERITY_ERROR] +
					      findings->count[SEVERITY_UNSUPPORTED]),
			 (unsigned long long)findings->count[SEVERITY_LEAK],
			 (unsigned long long)findings->count[SEVERITY_WARNING]);
	if (!rows || rows->raw) {
		warn("%s", text);
	} else if (message_is_wanted(MESSAGE_NORMAL)) {
		safe = text_printable(text);
		puts(safe);
		free(safe);
	}
	free(text);
}
