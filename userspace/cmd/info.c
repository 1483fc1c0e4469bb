// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl info: describe an image, damaged or not. Needs no module and no root.
 */
#include <getopt.h>
#include <stdlib.h>

#include "attached/disk.h"
#include "cmd/cmd.h"
#include "image/chain.h"
#include "image/fault.h"
#include "info/chain_report.h"
#include "info/inspect.h"
#include "info/report.h"
#include "lib/alloc.h"
#include "lib/json.h"

enum {
	OPTION_HEADERS = OPTIONS_OWN,
	OPTION_BLOCKS,
	OPTION_LOG,
	OPTION_CHAIN,
};

static const struct options_option options[] = {
	{ OPTION_HEADERS, "headers", NULL,
	  "show both headers, both region tables and the metadata table" },
	{ OPTION_LOG, "log", NULL, "show the log entries, and which of them must be replayed" },
	{ OPTION_BLOCKS, "blocks", NULL,
	  "count the blocks of each state and check every BAT entry" },
	{ OPTION_CHAIN, "chain", NULL, "find all parents and list the files of the chain" },
	PARENT_OPTIONS,
	{ 0 }
};

struct info {
	unsigned int parts;
	bool blocks;
	bool chain;
	struct parent_options parents;
};

static bool set(void *context, int id, const char *value)
{
	struct info *info = context;

	switch (id) {
	case OPTION_HEADERS:
		info->parts |= REPORT_TABLES;
		return true;
	case OPTION_LOG:
		info->parts |= REPORT_LOG;
		return true;
	case OPTION_BLOCKS:
		info->blocks = true;
		return true;
	case OPTION_CHAIN:
		info->chain = true;
		return true;
	default:
		info->chain = true;
		return parent_options_set(&info->parents, "info", id, value);
	}
}

static const struct options_syntax syntax = {
	.verb = "info",
	.arguments = "IMAGE|DEVICE",
	.about = "Describe an image, or the image of an attached disk. A damaged image is described as far\n"
		 "as possible, with a list of its problems.",
	.options = options,
	.groups = OPTIONS_BYTES,
	.set = set,
};

static enum exit_code describe(const struct globals *globals, const struct info *info,
			       struct image_file *file)
{
	struct inspection inspection;
	enum exit_code status = DONE;
	struct json_object *image;
	unsigned int i;

	inspect(&inspection, file, info->blocks);
	image = report_image(&inspection, info->parts);
	for (i = 0; status == DONE && i < inspection.problems; i++)
		status = fail_fault(file, &inspection.problem[i]);
	if (info->chain && status == DONE)
		status = chain_report(image, file->path, &info->parents);
	inspect_free(&inspection);
	if (globals->json) {
		json_output_add("image", image);
	} else {
		json_output_indented(image, globals->bytes);
		json_object_put(image);
	}
	return status;
}

enum exit_code cmd_info(struct globals *globals, int argc, char **argv)
{
	struct info info = { 0 };
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &info);
	struct image_file file;
	char *path;

	if (status != DONE)
		return status;
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "info: needs exactly one image or device; see vhdxctl info "
			    "--help");
	path = image_path(argv[optind]);
	if (!path)
		return EXIT_USAGE;
	status = image_file_open(&file, path);
	if (status == DONE) {
		status = describe(globals, &info, &file);
		image_file_close(&file);
	}
	free(path);
	return status;
}
