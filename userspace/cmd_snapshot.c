// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhdxctl snapshot: make a differencing image, so that what is written from now on leaves its
 * parent as it is. Needs no module and no root.
 */
#include <errno.h>
#include <getopt.h>

#include "chain.h"
#include "disk.h"
#include "identity.h"
#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "sizes.h"
#include "snapshot.h"
#include "verb.h"

enum {
	OPTION_BLOCK_SIZE = CLI_OWN,
	OPTION_KEEP_MODE,
	OPTION_FORCE,
};

static const struct cli_option options[] = {
	{ OPTION_BLOCK_SIZE, "block-size", "SIZE", "1M to 256M, a power of two (default: 2M)" },
	{ OPTION_KEEP_MODE, "keep-mode", NULL, "do not take the permission to write from the parent" },
	{ OPTION_FORCE, "force", NULL, "replace a file of the child's name" },
	{ PARENT_MAP_OPTION, "map-path", "WINDOWS=DIR",
	  "what Windows calls a directory here: 'C:\\VMs=/srv/vms'" },
	{ 0 }
};

struct request {
	bool keep_mode;
	struct snapshot snapshot;
	struct parent_options maps;
};

static bool set(void *context, int id, const char *value)
{
	struct request *request = context;

	switch (id) {
	case OPTION_BLOCK_SIZE:
		if (size_of_text(&request->snapshot.block_size, value) &&
		    request->snapshot.block_size <= VHDX_MAX_BLOCK_SIZE)
			return true;
		fail(EXIT_USAGE, "snapshot: --block-size: %s is no size up to 256M", value);
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

static const struct cli_syntax syntax = {
	.verb = "snapshot",
	.arguments = "PARENT CHILD",
	.about = "Make CHILD, an image that shows what PARENT shows. What is written to it leaves\n"
		 "PARENT as it is; PARENT must not be changed any more.",
	.options = options,
	.set = set,
};

static void report(const struct snapshot *snapshot)
{
	struct json_object *created = json_object_new_object();
	const struct create_plan *plan = &snapshot->plan;
	char id[VHDX_GUID_TEXT_SIZE];

	vhdx_guid_text(&plan->disk_id, id);
	json_add_string(created, "path", snapshot->child);
	json_add_string(created, "type", identity_type_name(&plan->geometry));
	json_add_string(created, "parent", snapshot->parent->path);
	json_add_size(created, "virtual-size", plan->geometry.disk_size);
	json_add_size(created, "file-size", plan->file_size);
	json_add_size(created, "block-size", plan->geometry.block_size);
	json_add_string(created, "disk-id", id);
	output_add("created", created);
	note("%s: created as a child of %s", snapshot->child, snapshot->parent->path);
}

/* Nothing but a reminder: root writes all the same, and so does who has it open. */
static void protect(const struct layer *parent)
{
	const struct stat *status = &parent->image.file.stat;

	if (!S_ISREG(status->st_mode) || !(status->st_mode & 0222))
		return;
	if (fchmod(parent->image.file.fd, status->st_mode & 07555))
		warn("%s: cannot be made read-only (%s); it must not be changed any more",
		     parent->path, strerror(errno));
	else
		note("%s: made read-only", parent->path);
}

static enum exit_code run(struct request *request, struct layer *parent)
{
	enum exit_code status = snapshot_check_parent(parent);
	struct progress progress;

	request->snapshot.parent = parent;
	request->snapshot.maps = &request->maps;
	progress_init(&progress);
	progress.mode = PROGRESS_NONE;
	interrupt_catch();
	if (status == DONE)
		status = snapshot_make(&request->snapshot, &progress);
	if (status != DONE)
		return status;
	if (!request->keep_mode)
		protect(parent);
	report(&request->snapshot);
	return DONE;
}

enum exit_code cmd_snapshot(struct globals *globals, int argc, char **argv)
{
	struct request request = { .snapshot.block_size = 2 * VHDX_MIB };
	enum exit_code status = cli_parse(&syntax, globals, argc, argv, &request);
	struct layer *parent;
	struct disk disk;

	if (status != DONE)
		return status;
	if (argc - optind != 2)
		return fail(EXIT_USAGE, "snapshot: needs a parent and a child; see vhdxctl snapshot "
			    "--help");
	if (disk_of_device(&disk, argv[optind]))
		return fail(EXIT_USAGE, "%s: is an attached disk; detach it and name its image",
			    argv[optind]);
	request.snapshot.child = argv[optind + 1];
	status = layer_open(&parent, argv[optind]);
	if (status == DONE)
		status = run(&request, parent);
	layer_free(parent);
	return status;
}
