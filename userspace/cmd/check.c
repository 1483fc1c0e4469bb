// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl check: check an image, and repair it with --repair. Needs no module and no root; without
 * --repair nothing is written.
 *
 * The exit codes are those of qemu-img check, for scripts.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/chain.h"
#include "check/report.h"
#include "cmd/cmd.h"
#include "image/image.h"
#include "image/lock.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "repair/repair.h"

enum {
	OPTION_REPAIR = OPTIONS_OWN,
	OPTION_DRY_RUN,
	OPTION_CHAIN,
};

static const struct options_option options[] = {
	{ OPTION_REPAIR, "repair", "leaks|all", "repair leaks, or all that needs no guessing" },
	{ OPTION_DRY_RUN, "dry-run", NULL, "with --repair: list the repairs, write nothing" },
	{ OPTION_CHAIN, "chain", NULL, "check all parents as well" },
	PARENT_OPTIONS,
	PROGRESS_OPTIONS,
	{ 0 }
};

/**
 * struct job - a run of the verb
 * @dry_run:	only list repairs
 * @chain:	check the parents as well
 * @parents:	where to find the parents
 * @check:	the check, repeated after repairs
 * @repair:	the repairs
 * @file:	opened exclusively for writing; its fd is -1 if nothing may be written
 */
struct job {
	bool dry_run;
	bool chain;
	struct parent_options parents;
	struct check check;
	struct repair repair;
	struct write_file file;
};

static bool set(void *context, int id, const char *value)
{
	struct job *job = context;
	bool all;

	switch (id) {
	case OPTION_REPAIR:
		if (!options_choice("check", "--repair", value, "leaks", "all", &all))
			return false;
		job->repair.mode = all ? REPAIR_ALL : REPAIR_LEAKS;
		return true;
	case OPTION_DRY_RUN:
		job->dry_run = true;
		return true;
	case OPTION_CHAIN:
		job->chain = true;
		return true;
	case PARENT_OPTION:
	case PARENT_DIR_OPTION:
	case PARENT_MAP_OPTION:
		job->chain = true;
		return parent_options_set(&job->parents, "check", id, value);
	default:
		return progress_set(&job->check.progress, "check", id, value);
	}
}

static const struct options_syntax syntax = {
	.verb = "check",
	.arguments = "IMAGE|DEVICE",
	.about = "Check an image against the rules of the format. Nothing is written without --repair.",
	.options = options,
	.groups = OPTIONS_BYTES | OPTIONS_TABLE,
	.set = set,
	.more_help = check_print_columns,
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

/* The locked file and the checked file must be the same. */
static enum exit_code check_open(struct job *job)
{
	if (job->file.fd >= 0)
		return image_check_same(&job->file, &job->check.file.stat);
	image_warn_written(job->check.file.path, &job->check.file.stat);
	return DONE;
}

/* Repeat the check after a repair. */
static enum exit_code check_again(struct job *job)
{
	struct check *check = &job->check;
	const char *path = check->file.path;
	struct progress progress = check->progress;
	enum exit_code status;

	check_free(check);
	image_file_close(&check->file);
	memset(check, 0, sizeof(*check));
	check->progress = progress;
	status = image_file_open(&check->file, path);
	if (status == DONE)
		status = check_open(job);
	return status == DONE ? check_image(check) : status;
}

/* The check is completed. */
static enum exit_code repair(struct job *job)
{
	struct findings *done = &job->repair.done;
	enum exit_code status;

	if (!repair_is_possible(&job->check)) {
		warn("%s: cannot be repaired without guessing; nothing was written",
		     job->check.file.path);
		return DONE;
	}
	job->repair.file = job->dry_run ? NULL : &job->file;
	status = repair_log(&job->repair, &job->check);
	if (status == DONE && done->count[SEVERITY_REPAIR] && !job->dry_run)
		status = check_again(job);
	if (status == DONE && repair_is_possible(&job->check))
		status = repair_image(&job->repair, &job->check);
	if (status == DONE && done->count[SEVERITY_REPAIR] && !job->dry_run)
		status = check_again(job);
	return status;
}

/* Report the image, then its parents, unless errors of the image make them unknown. */
static enum exit_code print_report(const struct job *job, const struct check_report *report,
				   struct table *rows, bool json)
{
	struct json_object *object = json ? check_report_json(report) : NULL;
	struct json_object *list = json && job->chain ? json_object_new_array() : NULL;
	enum exit_code status = DONE;

	if (!json)
		check_report_rows(report, rows);
	check_summarize(report, json ? NULL : rows);
	if (job->chain && report->completed && repair_is_possible(report->check))
		status = check_parents(report->check->file.path, &job->parents, rows, list);
	if (list)
		json_add(object, "parents", list);
	if (json)
		json_output_add("check", object);
	return status;
}

static enum exit_code run(struct job *job, struct table *rows, bool json)
{
	bool repairing = job->repair.mode != REPAIR_NOTHING;
	struct check_report report = {
		.check = &job->check,
		.repairs = repairing ? &job->repair.done : NULL,
		.dry_run = job->dry_run,
	};
	enum exit_code status, parents;

	interrupt_catch();
	status = check_open(job);
	if (status == DONE)
		status = check_image(&job->check);
	if (status == DONE && repairing)
		status = repair(job);
	report.completed = status == DONE;
	parents = print_report(job, &report, rows, json);
	if (status == DONE)
		status = check_worse(check_verdict(&job->check.findings), parents);
	check_free(&job->check);
	findings_free(&job->repair.done);
	return status;
}

static enum exit_code check_file(struct job *job, const char *path, struct table *rows, bool json)
{
	enum exit_code status = DONE;
	int error;

	if (job->repair.mode != REPAIR_NOTHING && !job->dry_run)
		status = image_open_exclusive(&job->file, path, "copy the image to another file "
					      "system and repair the copy");
	if (status != DONE)
		return status;
	status = image_file_open(&job->check.file, path);
	if (status == DONE) {
		status = run(job, rows, json);
		image_file_close(&job->check.file);
	}
	error = write_file_close(&job->file);
	if (error && status == DONE)
		status = fail_errno(path, "cannot close", error);
	return status;
}

enum exit_code cmd_check(struct globals *globals, int argc, char **argv)
{
	struct job job = { .file.fd = -1 };
	enum exit_code status;
	struct table rows;
	char *path;

	message_map_exits(exit_of_check);
	progress_init(&job.check.progress);
	status = options_parse(&syntax, globals, argc, argv, &job);
	if (status != DONE)
		return status;
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "check: needs exactly one image or device; see vhdxctl "
			    "check --help");
	if (job.dry_run && job.repair.mode == REPAIR_NOTHING)
		return fail(EXIT_USAGE, "check: --dry-run needs --repair");
	if (job.chain && job.repair.mode != REPAIR_NOTHING)
		return fail(EXIT_USAGE, "check: --repair does not repair parents; leave out --chain and "
			    "the options for parents");
	status = check_rows_begin(&rows, globals);
	if (status != DONE)
		return status;
	path = image_path(argv[optind]);
	if (!path)
		return (enum exit_code)CHECK_NOT_COMPLETED;
	status = check_file(&job, path, &rows, globals->json);
	free(path);
	return status;
}
