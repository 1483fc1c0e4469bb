/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The output of a check and of its repairs.
 */
#ifndef VHDX_CHECK_REPORT_H
#define VHDX_CHECK_REPORT_H

#include "check/check.h"
#include "lib/table.h"

/* The exit codes of qemu-img check */
enum {
	CHECK_CLEAN = 0,
	CHECK_NOT_COMPLETED = 1,
	CHECK_CORRUPT = 2,
	CHECK_LEAKS = 3,
	CHECK_UNSUPPORTED = 63,
};

/**
 * struct check_report - the report of an image
 * @check:	the last check
 * @repairs:	repairs that were made, or would be; NULL: without --repair
 * @dry_run:	the repairs were not made
 * @completed:	check and repair were completed
 * @parent:	the image is a parent of the one on the command line
 */
struct check_report {
	const struct check *check;
	const struct findings *repairs;
	bool dry_run;
	bool completed;
	bool parent;
};

struct json_object;

enum exit_code check_verdict(const struct findings *findings);
enum exit_code check_rows_begin(struct table *rows, const struct globals *globals);
void check_print_columns(void);
void check_report_rows(const struct check_report *report, struct table *rows);
struct json_object *check_report_json(const struct check_report *report);
void check_summarize(const struct check_report *report, const struct table *rows);

#endif /* VHDX_CHECK_REPORT_H */
