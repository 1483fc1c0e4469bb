// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The search for the parents checks that they are the right ones. Then each parent is checked as an
 * image.
 */
#include "check/chain.h"

#include <json-c/json.h>

#include "image/chain.h"

/**
 * check_worse() - get the worse of two results
 * @a:		a result of a check
 * @b:		another
 *
 * Return: @a or @b
 */
enum exit_code check_worse(enum exit_code a, enum exit_code b)
{
	static const unsigned int order[] = {
		CHECK_NOT_COMPLETED, CHECK_CORRUPT, CHECK_UNSUPPORTED, CHECK_LEAKS,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if ((unsigned int)a == order[i] || (unsigned int)b == order[i])
			return (enum exit_code)order[i];
	return a != DONE ? a : b;
}

static enum exit_code check_parent(const struct layer *layer, struct table *rows,
				   struct json_object *list)
{
	struct check check = { 0 };
	struct check_report report = { .check = &check, .parent = true };
	enum exit_code status = image_file_open(&check.file, layer->path);

	if (status != DONE)
		return status;
	progress_init(&check.progress);
	check.progress.mode = PROGRESS_NONE;
	status = check_image(&check);
	report.completed = status == DONE;
	if (list)
		json_object_array_add(list, check_report_json(&report));
	else
		check_report_rows(&report, rows);
	check_summarize(&report, list ? NULL : rows);
	if (status == DONE)
		status = check_verdict(&check.findings);
	check_free(&check);
	image_file_close(&check.file);
	return status;
}

/**
 * check_parents() - find and check all parents of an image
 * @path:	of the image, which has no errors
 * @options:	where to find the parents
 * @rows:	table for the findings
 * @list:	JSON array for the findings instead, or NULL
 *
 * Return: the worst result
 */
enum exit_code check_parents(const char *path, const struct parent_options *options,
			     struct table *rows, struct json_object *list)
{
	struct chain chain;
	enum exit_code status = chain_open(&chain, path, options);
	unsigned int i;

	for (i = 1; status != EXIT_INTERRUPTED && i < chain.count; i++)
		status = check_worse(status, check_parent(chain.layer[i], rows, list));
	chain_close(&chain);
	return status;
}
