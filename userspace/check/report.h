/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a check, and what was repaired, is told.
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
 * struct check_report - what is to be told
 * @check:	the last check that was made
 * @repairs:	what was, or would be repaired; NULL if that was not asked for
 * @dry_run:	it only would be
 * @completed:	all was done that was asked for
 * @parent:	it is about a parent of the image that was named
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
