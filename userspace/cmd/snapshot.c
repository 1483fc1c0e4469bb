// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl snapshot: create a differencing image of an image, or of an attached disk. For an image
 * it needs no module and no root; for an attached disk it needs both.
 */
#include <getopt.h>

#include "attached/disk.h"
#include "cmd/cmd.h"
#include "edit/protect.h"
#include "edit/snapshot.h"
#include "edit/snapshot_live.h"
#include "image/chain.h"
#include "image/lock.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"
#include "lib/size.h"
#include "format/guid.h"

enum {
	OPTION_BLOCK_SIZE = OPTIONS_OWN,
	OPTION_KEEP_MODE,
	OPTION_FORCE,
};

static const struct options_option options[] = {
	{ OPTION_BLOCK_SIZE, "block-size", "SIZE", "1M to 256M, a power of two (default: 2M)" },
	{ OPTION_KEEP_MODE, "keep-mode", NULL, "do not change the mode of the parent" },
	{ OPTION_FORCE, "force", NULL, "replace an existing VHDX without children" },
	{ PARENT_MAP_OPTION, "map-path", "WINDOWS=DIR",
	  "Windows name of a directory: 'C:\\VMs=/srv/vms'" },
	{ 0 }
};

struct request {
	bool keep_mode;
	bool block_size_given;
	struct snapshot snapshot;
	struct parent_options maps;
};

static bool set(void *context, int id, const char *value)
{
	struct request *request = context;

	switch (id) {
	case OPTION_BLOCK_SIZE:
		if (size_of_text(&request->snapshot.block_size, value) &&
		    request->snapshot.block_size <= VHDX_MAX_BLOCK_SIZE) {
			request->block_size_given = true;
			return true;
		}
		fail(EXIT_USAGE, "snapshot: --block-size: invalid size '%s'; at most 256M", value);
		return false;
	case OPTION_KEEP_MODE:
		request->keep_mode = true;
		return true;
	case OPTION_FORCE:
		request->snapshot.replace = true;
		return true;
	default:
		return parent_options_set(&request->maps, "snapshot", id, value);
	}
}

static const struct options_syntax syntax = {
	.verb = "snapshot",
	.arguments = "PARENT|DEVICE CHILD",
	.about = "Create CHILD, a differencing image of PARENT. Writes to CHILD leave PARENT unchanged;\n"
		 "PARENT must not be changed afterwards. An attached DEVICE, which may be in use, continues\n"
		 "in CHILD, and its image keeps the contents of this moment.",
	.options = options,
	.set = set,
};

/* @held_ns: time that I/O of an attached disk was held, in ns; 0: no disk */
static void report(const struct snapshot *snapshot, u64 held_ns)
{
	struct json_object *created = json_object_new_object();
	const struct create_plan *plan = &snapshot->plan;
	char id[VHDX_GUID_TEXT_SIZE];

	vhdx_guid_text(&plan->disk_id, id);
	json_add_string(created, "path", snapshot->child);
	json_add_string(created, "type", vhdx_geometry_type_name(&plan->geometry));
	json_add_string(created, "parent", snapshot->parent.path);
	json_add_size(created, "virtual-size", plan->geometry.disk_size);
	json_add_size(created, "file-size", plan->file_size);
	json_add_size(created, "block-size", plan->geometry.block_size);
	json_add_string(created, "disk-id", id);
	if (held_ns)
		json_add_number(created, "io-held-us", held_ns / 1000);
	json_output_add("created", created);
	note("%s: created as a child of %s", snapshot->child, snapshot->parent.path);
}

static enum exit_code run(struct request *request, struct layer *parent)
{
	enum exit_code status = image_lock_shared(parent->path, parent->image.file.fd,
						  &parent->image.file.stat);
	struct progress progress;

	if (status == DONE)
		status = snapshot_check_parent(parent);
	snapshot_origin_of_layer(&request->snapshot.parent, parent);
	progress_init(&progress);
	progress.mode = PROGRESS_NONE;
	interrupt_catch();
	if (status == DONE)
		status = snapshot_make(&request->snapshot, &progress);
	if (status != DONE)
		return status;
	if (!request->keep_mode)
		protect_parent(request->snapshot.parent.path,
			       &request->snapshot.parent.stat);
	report(&request->snapshot, 0);
	return DONE;
}

/* The chain must have room for the child, as far as its parents are found. */
static enum exit_code run_offline(struct request *request, const char *path)
{
	const char *child = request->snapshot.child;
	struct chain chain;
	enum exit_code status = chain_open_image(&chain, path);
	unsigned int i;
	struct stat existing;

	if (status == DONE) {
		chain_open_found(&chain, &request->maps);
		status = chain_check_child(&chain);
	}
	/* The child must not replace a file of its chain. */
	for (i = 1; status == DONE && !stat(child, &existing) && i < chain.count; i++)
		if (layer_is_file(chain.layer[i], &existing))
			status = fail(EXIT_USAGE, "%s: is a parent of %s", child,
				      chain.layer[0]->path);
	if (status == DONE)
		status = run(request, chain.layer[0]);
	chain_close(&chain);
	return status;
}

static enum exit_code run_live(struct request *request, const struct disk *disk)
{
	struct snapshot_live live = { .disk = disk, .snapshot = &request->snapshot };
	enum exit_code status;

	if (request->block_size_given)
		return fail(EXIT_USAGE, "snapshot: the child of an attached disk has the disk's "
			    "block size; leave out --block-size");
	interrupt_catch();
	status = snapshot_live(&live);
	if (status == DONE) {
		if (!request->keep_mode)
			protect_parent(request->snapshot.parent.path,
				       &request->snapshot.parent.stat);
		report(&request->snapshot, live.held_ns);
		note("%s: continues in %s; I/O was held for %.1f ms", disk->node,
		     request->snapshot.child, (double)live.held_ns / 1e6);
	}
	snapshot_live_free(&live);
	return status;
}

enum exit_code cmd_snapshot(struct globals *globals, int argc, char **argv)
{
	struct request request = { .snapshot.block_size = SNAPSHOT_BLOCK_SIZE };
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &request);
	struct disk disk;

	if (status != DONE)
		return status;
	if (argc - optind != 2)
		return fail(EXIT_USAGE, "snapshot: needs a parent and a child; see vhdxctl snapshot "
			    "--help");
	request.snapshot.child = argv[optind + 1];
	request.snapshot.maps = &request.maps;
	if (disk_of_device(&disk, argv[optind]))
		return run_live(&request, &disk);
	return run_offline(&request, argv[optind]);
}
