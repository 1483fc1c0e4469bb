// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl create: create a fixed or dynamic image. Needs no module and no root.
 */
#include <getopt.h>

#include "cmd/cmd.h"
#include "edit/create.h"
#include "edit/new_file.h"
#include "image/guid.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"
#include "lib/size.h"

#define LOG_MAX (1024 * VHDX_MIB)	/* some readers refuse a larger log as damaged */
#define HYPER_V_DISK_MIN (3 * VHDX_MIB)

enum {
	OPTION_TYPE = OPTIONS_OWN,
	OPTION_BLOCK_SIZE,
	OPTION_LOGICAL,
	OPTION_PHYSICAL,
	OPTION_LOG_SIZE,
	OPTION_DISK_ID,
	OPTION_FORCE,
};

static const struct options_option options[] = {
	{ OPTION_TYPE, "type", "TYPE", "dynamic (default; grows as it is written) or fixed" },
	{ OPTION_BLOCK_SIZE, "block-size", "SIZE", "1M to 256M, a power of two (default: 32M)" },
	{ OPTION_LOGICAL, "logical-sector-size", "BYTES", "512 or 4096 (default: 512)" },
	{ OPTION_PHYSICAL, "physical-sector-size", "BYTES", "512 or 4096 (default: 4096)" },
	{ OPTION_LOG_SIZE, "log-size", "SIZE", "a multiple of 1M (default: 1M)" },
	{ OPTION_DISK_ID, "disk-id", "UUID", "Virtual Disk ID (default: random)" },
	{ OPTION_FORCE, "force", NULL, "replace an existing VHDX without children" },
	PROGRESS_OPTIONS,
	{ 0 }
};

struct request {
	bool fixed;
	bool force;
	u64 disk_size;
	u64 block_size;
	u64 logical;
	u64 physical;
	u64 log_size;
	struct vhdx_guid disk_id;
	struct progress progress;
};

static bool set_size(u64 *size, const char *option, const char *value)
{
	if (size_of_text(size, value))
		return true;
	fail(EXIT_USAGE, "create: %s: invalid size '%s'; examples: 512M, 1.5T", option, value);
	return false;
}

static bool set(void *context, int id, const char *value)
{
	struct request *request = context;

	switch (id) {
	case OPTION_TYPE:
		return options_choice("create", "--type", value, "dynamic", "fixed",
				      &request->fixed);
	case OPTION_BLOCK_SIZE:
		return set_size(&request->block_size, "--block-size", value);
	case OPTION_LOGICAL:
		return set_size(&request->logical, "--logical-sector-size", value);
	case OPTION_PHYSICAL:
		return set_size(&request->physical, "--physical-sector-size", value);
	case OPTION_LOG_SIZE:
		return set_size(&request->log_size, "--log-size", value);
	case OPTION_DISK_ID:
		if (guid_of_text(&request->disk_id, value) && !vhdx_guid_is_null(&request->disk_id))
			return true;
		fail(EXIT_USAGE, "create: --disk-id: invalid or null UUID '%s'", value);
		return false;
	case OPTION_FORCE:
		request->force = true;
		return true;
	default:
		return progress_set(&request->progress, "create", id, value);
	}
}

static const struct options_syntax syntax = {
	.verb = "create",
	.arguments = "IMAGE SIZE",
	.about = "Create an image of a disk of SIZE bytes; K, M, G and T are powers of 1024. The file gets\n"
		 "its name when it is complete.",
	.options = options,
	.set = set,
};

static enum exit_code make_plan(struct create_plan *plan, const struct request *request)
{
	const struct vhdx_geometry_raw raw = {
		.block_size = (u32)request->block_size,
		.parameter_flags = request->fixed ? VHDX_PARAMS_LEAVE_ALLOCATED : 0,
		.disk_size = request->disk_size,
		.logical_sector_size = (u32)request->logical,
		.physical_sector_size = (u32)request->physical,
	};
	struct vhdx_fault fault;

	/* Values that do not fit into 32 bits are refused here; the format core checks the rest. */
	if (request->block_size > VHDX_MAX_BLOCK_SIZE)
		return fail(EXIT_USAGE, "create: --block-size: more than 256M");
	if (request->logical > VHDX_PAGE_SIZE || request->physical > VHDX_PAGE_SIZE)
		return fail(EXIT_USAGE, "create: invalid sector size; use 512 or 4096");
	if (request->physical < request->logical)
		return fail(EXIT_USAGE, "create: the physical sector size must not be less than the "
			    "logical one");
	if (!request->log_size || request->log_size % VHDX_MIB || request->log_size > LOG_MAX)
		return fail(EXIT_USAGE, "create: --log-size: invalid size %llu; use a multiple of "
			    "1 MiB, at most 1 GiB", (unsigned long long)request->log_size);
	if (create_plan(plan, &raw, (u32)request->log_size, &fault))
		return fail(EXIT_USAGE, "create: %s (%llu)", vhdx_reason_text(fault.reason),
			    (unsigned long long)fault.value);
	plan->disk_id = vhdx_guid_is_null(&request->disk_id) ? guid_new() : request->disk_id;
	return DONE;
}

static void report(const char *path, const struct create_plan *plan)
{
	struct json_object *created = json_object_new_object();
	char id[VHDX_GUID_TEXT_SIZE], wwn[GUID_WWN_SIZE];

	vhdx_guid_text(&plan->disk_id, id);
	json_add_string(created, "path", path);
	json_add_string(created, "type", vhdx_geometry_type_name(&plan->geometry));
	json_add_size(created, "virtual-size", plan->geometry.disk_size);
	json_add_size(created, "file-size", plan->file_size);
	json_add_size(created, "block-size", plan->geometry.block_size);
	json_add_number(created, "logical-sector-size", plan->geometry.logical_sector_size);
	json_add_number(created, "physical-sector-size", plan->geometry.physical_sector_size);
	json_add_size(created, "log-size", plan->log.length);
	json_add_string(created, "disk-id", id);
	json_add_string(created, "wwn", guid_wwn(wwn, &plan->disk_id));
	json_output_add("created", created);
	if (plan->geometry.disk_size < HYPER_V_DISK_MIN)
		warn("%s: Hyper-V refuses disks of less than 3 MiB", path);
	note("%s: created, disk id %s", path, id);
}

static enum exit_code create(const char *path, struct request *request)
{
	struct create_plan plan;
	struct new_file new_file;
	enum exit_code status = make_plan(&plan, request);

	if (status != DONE)
		return status;
	interrupt_catch();
	status = new_file_open(&new_file, path, request->force);
	if (status == DONE)
		status = create_write(&plan, &new_file.file, &request->progress);
	if (status == DONE)
		status = new_file_commit(&new_file);
	if (status == DONE)
		report(path, &plan);
	new_file_close(&new_file);
	return status;
}

enum exit_code cmd_create(struct globals *globals, int argc, char **argv)
{
	struct request request = {
		.block_size = 32 * VHDX_MIB,
		.logical = 512,
		.physical = 4096,
		.log_size = VHDX_MIB,
	};
	enum exit_code status;

	progress_init(&request.progress);
	status = options_parse(&syntax, globals, argc, argv, &request);
	if (status != DONE)
		return status;
	if (argc - optind == 3 && !argv[optind + 1][strspn(argv[optind + 1], "0123456789.")])
		return fail(EXIT_USAGE, "create: '%s %s': a size is one argument, such as 10G; quote "
			    "names with blanks", argv[optind + 1], argv[optind + 2]);
	if (argc - optind != 2)
		return fail(EXIT_USAGE, "create: needs an image and a size; see vhdxctl create "
			    "--help");
	if (!size_of_text(&request.disk_size, argv[optind + 1]))
		return fail(EXIT_USAGE, "create: invalid size '%s'; examples: 512M, 1.5T",
			    argv[optind + 1]);
	return create(argv[optind], &request);
}
