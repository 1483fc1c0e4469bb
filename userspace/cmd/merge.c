// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl merge: merge an image into one of its parents, or a chain into a new image. Needs no
 * module and no root.
 */
#include <getopt.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "image/chain.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"
#include "merge/flatten.h"
#include "merge/merge.h"

enum {
	OPTION_INTO = OPTIONS_OWN,
	OPTION_OUTPUT,
	OPTION_DEPTH,
	OPTION_KEEP,
	OPTION_RELINK,
	OPTION_KEEP_MODE,
	OPTION_FORCE,
};

static const struct options_option options[] = {
	{ OPTION_INTO, "into", "PARENT", "merge into this parent (default: the nearest)" },
	{ OPTION_DEPTH, "depth", "N", "merge into the N-th parent" },
	{ OPTION_OUTPUT, "output", "FILE", "write a new image instead, change no other" },
	{ OPTION_KEEP, "keep", NULL, "do not delete the merged images" },
	{ OPTION_RELINK, "relink", "IMAGE",
	  "make IMAGE, a child of CHILD, a child of the result; may be repeated" },
	{ OPTION_KEEP_MODE, "keep-mode", NULL, "do not change the mode of the parent" },
	{ OPTION_FORCE, "force", NULL,
	  "merge even if other images need these; replace a VHDX without children" },
	PARENT_OPTIONS,
	PROGRESS_OPTIONS,
	{ 0 }
};

struct request {
	const char *into;
	const char *output;
	unsigned long depth;
	struct merge merge;
	struct parent_options parents;
	struct progress progress;
};

static bool set_depth(struct request *request, const char *value)
{
	char *end;

	request->depth = strtoul(value, &end, 10);
	if (*value >= '1' && *value <= '9' && !*end && request->depth < VHDX_CHAIN_MAX_FILES)
		return true;
	fail(EXIT_USAGE, "merge: --depth: invalid number of parents '%s'", value);
	return false;
}

static bool set(void *context, int id, const char *value)
{
	struct request *request = context;

	switch (id) {
	case OPTION_INTO:
		request->into = value;
		return true;
	case OPTION_OUTPUT:
		request->output = value;
		return true;
	case OPTION_DEPTH:
		return set_depth(request, value);
	case OPTION_KEEP:
		request->merge.keep = true;
		return true;
	case OPTION_RELINK:
		if (request->merge.relinks < MERGE_MAX_RELINKS) {
			request->merge.relink[request->merge.relinks++] = value;
			return true;
		}
		fail(EXIT_USAGE, "merge: --relink: given more than %d times", MERGE_MAX_RELINKS);
		return false;
	case OPTION_KEEP_MODE:
		request->merge.keep_mode = true;
		return true;
	case OPTION_FORCE:
		request->merge.force = true;
		return true;
	case PARENT_OPTION:
	case PARENT_DIR_OPTION:
	case PARENT_MAP_OPTION:
		return parent_options_set(&request->parents, "merge", id, value);
	default:
		return progress_set(&request->progress, "merge", id, value);
	}
}

static const struct options_syntax syntax = {
	.verb = "merge",
	.arguments = "CHILD",
	.about = "Write the data of CHILD into its parent, and delete CHILD; or, with --output, write what\n"
		 "CHILD shows into a new image without parents.",
	.options = options,
	.set = set,
};

/* Find the target by --into or --depth. Sets @into to its index in @chain. */
static enum exit_code find_target(const struct request *request, const struct chain *chain,
				  unsigned int *into)
{
	struct stat status;

	*into = request->depth ? (unsigned int)request->depth : 1;
	if (request->into && stat(request->into, &status))
		return fail(EXIT_USAGE, "%s: no such file", request->into);
	if (request->into)
		while (*into < chain->count && !layer_is_file(chain->layer[*into], &status))
			(*into)++;
	if (*into < chain->count)
		return DONE;
	if (chain->count == 1)
		return fail(EXIT_USAGE, "%s: has no parent to merge into", chain->layer[0]->path);
	if (request->into)
		return fail(EXIT_USAGE, "%s: is not a parent of %s", request->into,
			    chain->layer[0]->path);
	return fail(EXIT_USAGE, "%s: has %u parents, not %lu", chain->layer[0]->path,
		    chain->count - 1, request->depth);
}

static enum exit_code merge(struct request *request, struct chain *chain)
{
	enum exit_code status = DONE;
	const char *image, *result;
	struct json_object *merged;

	request->merge.chain = chain;
	request->merge.progress = &request->progress;
	request->merge.parents = &request->parents;
	if (!request->output)
		status = find_target(request, chain, &request->merge.into);
	if (status != DONE)
		return status;
	interrupt_catch();
	if (request->output)
		status = flatten(chain, request->output, request->merge.force, &request->progress);
	else
		status = merge_into(&request->merge);
	if (status != DONE)
		return status;
	image = chain->layer[0]->path;
	result = request->output ? request->output : chain->layer[request->merge.into]->path;
	merged = json_object_new_object();
	json_add_string(merged, "image", image);
	json_add_string(merged, "into", result);
	json_add_number(merged, "files", request->output ? chain->count : request->merge.into + 1);
	json_add_bool(merged, "kept", request->output || request->merge.keep);
	json_output_add("merged", merged);
	note("%s: merged into %s", image, result);
	return DONE;
}

enum exit_code cmd_merge(struct globals *globals, int argc, char **argv)
{
	struct request request = { 0 };
	enum exit_code status;
	struct chain chain;

	progress_init(&request.progress);
	status = options_parse(&syntax, globals, argc, argv, &request);
	if (status != DONE)
		return status;
	if (!!request.into + !!request.output + !!request.depth > 1)
		return fail(EXIT_USAGE, "merge: --into, --depth and --output exclude each other");
	if (request.output && (request.merge.relinks || request.merge.keep ||
			       request.merge.keep_mode))
		return fail(EXIT_USAGE, "merge: --output changes no image; leave out --keep, "
			    "--keep-mode and --relink");
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "merge: needs exactly one image; see vhdxctl merge --help");
	status = chain_open(&chain, argv[optind], &request.parents);
	if (status == DONE)
		status = merge(&request, &chain);
	chain_close(&chain);
	return status;
}
