// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl set: set the parent of a differencing image, after it was moved or renamed. Needs no
 * module and no root.
 */
#include <getopt.h>

#include "cmd/cmd.h"
#include "edit/protect.h"
#include "edit/relink.h"
#include "edit/writable.h"
#include "image/chain.h"
#include "image/lock.h"
#include "image/parent_search.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"

enum {
	OPTION_IGNORE_MISMATCH = OPTIONS_OWN,
	OPTION_KEEP_MODE,
};

static const struct options_option options[] = {
	{ PARENT_OPTION, "parent", "IMAGE", "the new parent" },
	{ OPTION_IGNORE_MISMATCH, "ignore-id-mismatch", NULL,
	  "accept any image, even one that was changed" },
	{ OPTION_KEEP_MODE, "keep-mode", NULL, "do not change the mode of the parent" },
	{ PARENT_MAP_OPTION, "map-path", "WINDOWS=DIR",
	  "Windows name of a directory: 'C:\\VMs=/srv/vms'" },
	{ 0 }
};

/**
 * struct request - a run of the verb
 * @ignore_mismatch: accept any image as the parent
 * @keep_mode:	do not change the mode of the parent
 * @maps:	options with --map-path and --parent
 */
struct request {
	bool ignore_mismatch;
	bool keep_mode;
	struct parent_options maps;
};

static bool set(void *context, int id, const char *value)
{
	struct request *request = context;

	switch (id) {
	case OPTION_IGNORE_MISMATCH:
		request->ignore_mismatch = true;
		return true;
	case OPTION_KEEP_MODE:
		request->keep_mode = true;
		return true;
	default:
		return parent_options_set(&request->maps, "set", id, value);
	}
}

static const struct options_syntax syntax = {
	.verb = "set",
	.arguments = "IMAGE --parent PARENT",
	.about = "Set the parent of a differencing image.",
	.options = options,
	.set = set,
};

/* The child must not be among the parents of the parent, as far as these are found. */
static enum exit_code check_cycle(const struct request *request, const struct layer *child,
				  const struct layer *parent)
{
	struct parent_options nearby = request->maps;
	struct chain chain;
	enum exit_code status = chain_open_image(&chain, parent->path);
	unsigned int i;

	nearby.parents = 0;
	if (status == DONE)
		chain_open_found(&chain, &nearby);
	for (i = 1; i < chain.count && status == DONE; i++)
		if (layer_is_file(child, &chain.layer[i]->image.file.stat))
			status = fail_named(EXIT_PARENT, "PARENT_DUPLICATE", "%s: is a parent of %s",
					    child->path, parent->path);
	chain_close(&chain);
	return status;
}

/* Even --ignore-id-mismatch does not accept an impossible parent. */
static enum exit_code open_parent(const struct request *request, const struct chain *chain,
				  struct layer **parent)
{
	const struct layer *child = chain->layer[0];
	enum exit_code status;
	u32 needed, found;

	if (!request->ignore_mismatch)
		return parent_find(parent, chain, &request->maps);
	status = layer_open(parent, request->maps.parent[0]);
	if (status != DONE)
		return status;
	if (layer_is_file(child, &(*parent)->image.file.stat))
		return fail_named(EXIT_PARENT, "PARENT_DUPLICATE", "%s: cannot be its own parent",
				  child->path);
	needed = child->image.super->geometry.logical_sector_size;
	found = (*parent)->image.super->geometry.logical_sector_size;
	if (found != needed)
		return fail_named(EXIT_PARENT, "PARENT_SECTOR_SIZE", "%s: parent %s has sectors of %u "
				  "bytes, the child of %u; name the right file with --parent",
				  child->path, (*parent)->path, found, needed);
	return check_cycle(request, child, *parent);
}

/*
 * A second linkage, left by an interrupted merge, is dropped. The first one becomes the
 * DataWriteGuid of the accepted parent.
 */
static enum exit_code write_parent(const struct request *request, struct layer *child,
				   const struct write_file *file, const struct layer *parent)
{
	static const struct vhdx_guid none;
	struct parent_name name;
	enum exit_code status = parent_name_make(&name, parent->path, child->path,
						 &request->maps);
	char linkage[VHDX_GUID_TEXT_SIZE];
	struct json_object *object;

	if (status == DONE)
		status = relink(child, file, &name,
				&parent->image.super->header.data_write_guid, &none);
	if (status == DONE) {
		parent_name_warn(&name, child->path);
		vhdx_guid_text(&child->locator.linkage, linkage);
		object = json_object_new_object();
		json_add_string(object, "image", child->path);
		json_add_string(object, "parent", parent->path);
		json_add_string(object, "linkage", linkage);
		json_output_add("set", object);
		note("%s: its parent is %s now", child->path, parent->path);
	}
	parent_name_free(&name);
	return status;
}

static enum exit_code set_parent(const struct request *request, struct chain *chain,
				 const struct write_file *file)
{
	struct layer *parent = NULL;
	struct progress progress;
	enum exit_code status;

	progress_init(&progress);
	status = writable_replay(&chain->layer[0], file, &progress);
	if (status == DONE)
		status = open_parent(request, chain, &parent);
	if (status == DONE)
		status = image_lock_shared(parent->path, parent->image.file.fd,
					   &parent->image.file.stat);
	if (status == DONE)
		status = write_parent(request, chain->layer[0], file, parent);
	if (status == DONE && !request->keep_mode)
		protect_parent(parent->path, &parent->image.file.stat);
	layer_free(parent);
	return status;
}

enum exit_code cmd_set(struct globals *globals, int argc, char **argv)
{
	struct request request = { 0 };
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &request);
	struct write_file file = { .fd = -1 };
	struct chain chain;

	if (status != DONE)
		return status;
	if (argc - optind != 1 || request.maps.parents != 1)
		return fail(EXIT_USAGE, "set: needs an image, and --parent once; see vhdxctl set "
			    "--help");
	status = chain_open_image(&chain, argv[optind]);
	if (status == DONE)
		status = relink_check(chain.layer[0]);
	if (status == DONE) {
		interrupt_catch();
		status = writable_lock(&file, chain.layer[0], "use attach -r --parent, which "
				       "leaves the image unchanged");
	}
	if (status == DONE)
		status = set_parent(&request, &chain, &file);
	writable_unlock(&file);
	chain_close(&chain);
	return status;
}
