// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl attach: attach an image as a block device.
 *
 * One ioctl attaches the disk or fails, so if the process is killed there is a complete disk or
 * none. Before the ioctl are the checks, after it the wait for udev.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attached/control.h"
#include "attached/list.h"
#include "attached/udev_wait.h"
#include "check/attachable.h"
#include "cmd/cmd.h"
#include "edit/dependents.h"
#include "edit/temporary.h"
#include "image/chain.h"
#include "image/fault.h"
#include "image/lock.h"
#include "image/replay_memory.h"
#include "lib/alloc.h"
#include "lib/json.h"
#include "lib/text.h"

#define UDEV_TIMEOUT_MS 10000

enum {
	OPTION_NO_PARTSCAN = OPTIONS_OWN,
	OPTION_AUTOCLEAR,
	OPTION_DIRECT_IO,
	OPTION_REPLAY,
	OPTION_HOLES,
	OPTION_SHOW,
	OPTION_DRY_RUN,
	OPTION_TEMPORARY,
	OPTION_FORCE,
};

static const struct options_option options[] = {
	{ 'r', "read-only", NULL, "attach read-only; the image is not changed" },
	{ OPTION_TEMPORARY, "temporary", "[DIR]",
	  "keep writes in DIR (default: $TMPDIR or /var/tmp); detach drops them" },
	{ OPTION_FORCE, "force", NULL, "attach for writing even if that makes children useless" },
	{ 'P', "partscan", "[yes|no]", "scan for partitions (default: yes)" },
	{ OPTION_NO_PARTSCAN, "no-partscan", NULL, "do not scan for partitions" },
	{ OPTION_AUTOCLEAR, "autoclear", NULL, "detach at the last close after a mount" },
	{ OPTION_DIRECT_IO, "direct-io", "[on|off]", "use direct I/O on the image (default: on)" },
	{ OPTION_REPLAY, "replay", "auto|refuse",
	  "replay the log (default; with -r in memory), or refuse" },
	{ OPTION_HOLES, "holes", "[yes|no]",
	  "free unused parts of the file as holes (default: yes)" },
	{ 'i', "index", "N", "attach as /dev/vhdxN (default: the first free number)" },
	{ OPTION_SHOW, "show", NULL, "ignored: the device is always printed" },
	{ OPTION_DRY_RUN, "dry-run", NULL, "check everything, attach nothing" },
	PARENT_OPTIONS,
	{ 0 }
};

struct attach {
	bool read_only;
	bool partscan;
	bool autoclear;
	bool direct_io;
	bool no_replay;
	bool holes;
	bool dry_run;
	bool temporary;
	bool force;
	const char *directory;
	int index;
	struct parent_options parents;
};

static bool set_index(struct attach *attach, const char *value)
{
	char *end;
	long index = strtol(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || index > INT_MAX) {
		fail(EXIT_USAGE, "attach: --index: invalid disk number '%s'", value);
		return false;
	}
	attach->index = (int)index;
	return true;
}

static bool set(void *context, int id, const char *value)
{
	struct attach *attach = context;

	switch (id) {
	case 'r':
		attach->read_only = true;
		break;
	case OPTION_TEMPORARY:
		attach->temporary = true;
		attach->directory = value;
		break;
	case OPTION_FORCE:
		attach->force = true;
		break;
	case 'P':
		return options_switch("attach", "--partscan", value, &attach->partscan);
	case OPTION_NO_PARTSCAN:
		attach->partscan = false;
		break;
	case OPTION_AUTOCLEAR:
		attach->autoclear = true;
		break;
	case OPTION_DIRECT_IO:
		return options_switch("attach", "--direct-io", value, &attach->direct_io);
	case OPTION_REPLAY:
		return options_choice("attach", "--replay", value, "auto", "refuse",
				      &attach->no_replay);
	case OPTION_HOLES:
		return options_switch("attach", "--holes", value, &attach->holes);
	case 'i':
		return set_index(attach, value);
	case OPTION_DRY_RUN:
		attach->dry_run = true;
		break;
	case PARENT_OPTION:
	case PARENT_DIR_OPTION:
	case PARENT_MAP_OPTION:
		return parent_options_set(&attach->parents, "attach", id, value);
	}
	return true;
}

static const struct options_syntax syntax = {
	.verb = "attach",
	.arguments = "IMAGE",
	.about = "Attach a VHDX image, with its parents if it has any, as a block device, and print the name\n"
		 "of the device.",
	.options = options,
	.set = set,
};

static bool is_written(const struct attach *attach)
{
	return !attach->read_only && !attach->temporary;
}

/* The kernel makes these checks too, but needs the module and root. */
static enum exit_code check_layer(const struct attach *attach, const struct layer *layer,
				  bool written)
{
	const struct vhdx_header *header = &layer->image.super->header;
	struct vhdx_fault fault;

	if (attach->no_replay && layer->image.replayed)
		vhdx_fault_set_guid(&fault, VHDX_REASON_log_dirty, header->log_offset,
				    &header->log_guid);
	else if (!written || !vhdx_header_check_writable(header, &fault))
		return DONE;
	return fail_fault(&layer->image.file, &fault);
}

/* Errors are reported in the order in which the user must deal with them. */
static enum exit_code open_files(const struct attach *attach, struct chain *chain,
				 const char *path)
{
	enum exit_code status = chain_open_image(chain, path);
	unsigned int i;

	if (status == DONE)
		status = check_layer(attach, chain->layer[0], is_written(attach));
	if (status == DONE)
		status = chain_open_parents(chain, &attach->parents);
	if (status == DONE && attach->temporary)
		status = chain_check_child(chain);
	for (i = 1; status == DONE && i < chain->count; i++)
		status = check_layer(attach, chain->layer[i], false);
	if (status == DONE && is_written(attach) && !attach->force)
		status = dependents_check_write(chain->layer[0]);
	return status;
}

static void report_dry_run(const struct globals *globals, const struct attach *attach,
			   const struct chain *chain)
{
	const struct vhdx_geometry *geometry = &chain->layer[0]->image.super->geometry;
	const char *type = vhdx_geometry_type_name(geometry);
	const char *path = chain->layer[0]->path;
	struct json_object *image, *parents;
	char size[TEXT_SIZE_MAX];
	unsigned int i;

	if (!globals->json) {
		printf("%s: would attach a %s disk of %s", path, type,
		       text_size(size, geometry->disk_size, " "));
		if (chain->count > 1)
			printf(" in %u files", chain->count);
		printf(" %s", attach->temporary ? "with temporary changes" :
		       attach->read_only ? "read-only" : "read-write");
		if (attach->index >= 0)
			printf(" as /dev/vhdx%d", attach->index);
		putchar('\n');
		return;
	}
	image = json_object_new_object();
	parents = json_object_new_array();
	json_add_string(image, "path", path);
	json_add_string(image, "type", type);
	json_add_size(image, "virtual-size", geometry->disk_size);
	json_add_bool(image, "read-only", attach->read_only);
	json_add_bool(image, "temporary", attach->temporary);
	for (i = 1; i < chain->count; i++)
		json_object_array_add(parents, json_object_new_string(chain->layer[i]->path));
	json_add(image, "parents", parents);
	json_output_add("dry-run", json_object_new_boolean(true));
	json_output_add("image", image);
}

/*
 * @files: filled, the child first. @image: descriptor of the image of @chain; for a temporary disk,
 * of the child in front of it.
 */
static void fill_request(struct vhdx_ioc_attach *request, const struct attach *attach,
			 const struct chain *chain, int image,
			 __s32 files[VHDX_CHAIN_MAX_FILES + 1])
{
	unsigned int i;

	memset(request, 0, sizeof(*request));
	request->files = (uintptr_t)files;
	files[request->nr_files++] = image;
	for (i = attach->temporary ? 0 : 1; i < chain->count; i++)
		files[request->nr_files++] = chain->layer[i]->image.file.fd;
	request->index = attach->index;
	if (attach->read_only)
		request->flags |= VHDX_ATTACH_READ_ONLY;
	if (!attach->partscan)
		request->flags |= VHDX_ATTACH_NO_PARTSCAN;
	if (attach->autoclear)
		request->flags |= VHDX_ATTACH_AUTOCLEAR;
	if (!attach->direct_io)
		request->flags |= VHDX_ATTACH_BUFFERED;
	if (attach->no_replay)
		request->flags |= VHDX_ATTACH_NO_REPLAY;
	if (!attach->holes)
		request->flags |= VHDX_ATTACH_NO_HOLES;
}

static void warn_of_twin(const struct disk *disk)
{
	char *id = disk_attribute(disk, "vhdx/disk_id");
	struct disk_list disks;
	size_t i;

	disk_list_all(&disks);
	for (i = 0; id && i < disks.count; i++) {
		char *other = disk_attribute(&disks.disk[i], "vhdx/disk_id");

		if (disks.disk[i].index != disk->index && other && !strcmp(id, other))
			warn("%s: has the same disk id as %s (the same image, or a copy); "
			     "links in /dev/disk/by-id, by-uuid, by-label and by-partuuid point to "
			     "only one of them", disk->node, disks.disk[i].node);
		free(other);
	}
	disk_list_free(&disks);
	free(id);
}

/* A replay changes the file without a write to the disk, so it is always reported. */
static void report_replayed(const char *path, const char *to, uint64_t entries)
{
	struct json_object *replayed = json_object_new_object();

	json_add_string(replayed, "image", path);
	json_add_string(replayed, "to", to);
	json_add_number(replayed, "entries", entries);
	json_output_add("replayed", replayed);
	if (!strcmp(to, "file"))
		warn("%s: was not closed properly: its log (entries: %llu) was replayed into the "
		     "file", path, (unsigned long long)entries);
	else
		note("%s: was not closed properly: its log (entries: %llu) was replayed in memory",
		     path, (unsigned long long)entries);
}

/* For the image itself; of a temporary disk this is the parent of the nameless child. */
static void report_replay(const struct attach *attach, const struct chain *chain,
			  const struct disk *disk)
{
	const struct replay_memory *replayed = chain->layer[0]->image.replayed;
	uint64_t entries = attach->temporary ? 0 : disk_number(disk, "vhdx/replayed");
	char *to = disk_attribute(disk, "vhdx/replayed_to");

	if (attach->temporary && replayed)
		report_replayed(chain->layer[0]->path, "memory", replayed->overlay.entries);
	else if (entries)
		report_replayed(chain->layer[0]->path, to ? to : "memory", entries);
	free(to);
}

/* The log may have been replayed before the attach failed. */
static void report_replay_before_failure(const struct attach *attach, const struct chain *chain)
{
	const struct layer *image = chain->layer[0];
	void *scratch;
	struct vhdx_super *super;
	struct vhdx_fault fault;

	if (!is_written(attach) || !image->image.replayed)
		return;
	scratch = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);
	super = xcalloc(1, sizeof(*super));
	if (!vhdx_open_headers(super, &image->image.file.reader, scratch, &fault) &&
	    !vhdx_header_log_dirty(&super->header))
		report_replayed(image->path, "file", image->image.replayed->overlay.entries);
	free(super);
	free(scratch);
}

/* After the ioctl: wait for udev, and report the disk. */
static enum exit_code wait_and_report(const struct globals *globals, const struct disk *disk,
				      struct udev_wait *wait)
{
	enum udev_wait_result ready = udev_wait_ready(wait, disk, UDEV_TIMEOUT_MS);
	struct disk_list disks = { 0 };
	enum exit_code status = DONE;
	struct stat node;
	dev_t number;

	if (ready == UDEV_WAIT_INTERRUPTED)
		status = fail(EXIT_INTERRUPTED, "%s: interrupted while waiting for udev; the disk "
			      "is attached, to detach it: vhdxctl detach %s", disk->node,
			      disk->node);
	else if (ready == UDEV_WAIT_TIMEOUT)
		warn("%s: attached, but udev has not finished after %d s", disk->node,
		     UDEV_TIMEOUT_MS / 1000);
	warn_of_twin(disk);
	/* A file with the name of the node hides the disk: dd to a missing node leaves one. */
	if (!stat(disk->node, &node) && disk_device_number(disk, NULL, &number) &&
	    (!S_ISBLK(node.st_mode) || node.st_rdev != number))
		return fail_named(EXIT_BUSY, "NODE_TAKEN", "%s: attached, but a file that is no "
				  "device has the name of the device node; rename or delete that "
				  "file, detach the disk (vhdxctl detach %s) and attach it again",
				  disk->node, disk->name);
	if (globals->json) {
		disk_list_add(&disks, disk);
		json_output_add("vhdx", list_json(&disks));
		disk_list_free(&disks);
	} else {
		puts(disk->node);
		fflush(stdout);
	}
	return status;
}

/* @image: as for fill_request() */
static enum exit_code attach_through(const struct globals *globals, const struct attach *attach,
				     const struct chain *chain, int image)
{
	const char *path = chain->layer[0]->path;
	__s32 files[VHDX_CHAIN_MAX_FILES + 1];
	struct vhdx_ioc_attach request;
	struct udev_wait *wait;
	struct disk disk;
	int control, error;
	enum exit_code status = control_open_loading(&control);

	if (status != DONE)
		return status;
	wait = udev_wait_begin();
	fill_request(&request, attach, chain, image, files);
	error = control_attach(control, &request);
	if (!error) {
		disk_find(&disk, request.index);
		note("%s: attached as %s", path, disk.node);
		report_replay(attach, chain, &disk);
		status = wait_and_report(globals, &disk, wait);
	} else {
		status = request.reason == VHDX_REASON_attach_index_taken ?
			 attachable_fail_index(attach->index) :
			 control_failed(path, "cannot attach", error, request.reason,
					request.message);
		report_replay_before_failure(attach, chain);
	}
	udev_wait_end(wait);
	close(control);
	return status;
}

/* The module keeps what it needs open: the lock on the image, or the nameless child. */
static enum exit_code attach_image(const struct globals *globals, const struct attach *attach,
				   const struct chain *chain)
{
	const struct layer *layer = chain->layer[0];
	struct write_file image;
	struct new_file child;
	enum exit_code status;

	if (attach->read_only)
		return attach_through(globals, attach, chain, layer->image.file.fd);
	if (attach->temporary) {
		status = temporary_make(&child, attach->directory, layer);
		if (status == DONE)
			status = attach_through(globals, attach, chain, child.file.fd);
		new_file_close(&child);
		return status;
	}
	status = image_open_exclusive(&image, layer->path, attachable_read_only_advice);
	if (status != DONE)
		return status;
	status = image_check_same(&image, &layer->image.file.stat);
	if (status == DONE)
		status = attach_through(globals, attach, chain, image.fd);
	write_file_close(&image);
	return status;
}

/* All steps of an attach except the ioctl */
static enum exit_code dry_run(const struct globals *globals, const struct attach *attach,
			      const struct chain *chain)
{
	enum exit_code status = attachable_files(chain, is_written(attach));
	struct new_file child;

	if (status == DONE)
		status = attachable_index(attach->index);
	if (status == DONE && attach->temporary) {
		status = temporary_make(&child, attach->directory, chain->layer[0]);
		new_file_close(&child);
	}
	if (status == DONE)
		report_dry_run(globals, attach, chain);
	return status;
}

enum exit_code cmd_attach(struct globals *globals, int argc, char **argv)
{
	struct attach attach = {
		.partscan	= true,
		.direct_io	= true,
		.holes		= true,
		.index		= -1,
	};
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &attach);
	struct chain chain;

	if (status != DONE)
		return status;
	if (argc - optind != 1)
		return fail(EXIT_USAGE, "attach: needs exactly one image; see vhdxctl attach "
			    "--help");
	if (attach.read_only && attach.temporary)
		return fail(EXIT_USAGE, "attach: -r and --temporary exclude each other");
	status = open_files(&attach, &chain, argv[optind]);
	if (status == DONE) {
		attachable_warn_missing(&chain, is_written(&attach));
		status = attach.dry_run ? dry_run(globals, &attach, &chain) :
			 attach_image(globals, &attach, &chain);
	}
	chain_close(&chain);
	return status;
}
