// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl detach: detach disks, named by device or by image.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attached/control.h"
#include "attached/disk.h"
#include "attached/disk_files.h"
#include "attached/disks_of.h"
#include "attached/holders.h"
#include "attached/udev_wait.h"
#include "cmd/cmd.h"
#include "lib/json.h"

/* udev opens a disk for a moment after every change, so EBUSY is retried. */
#define BUSY_TRIES	25
#define BUSY_PAUSE_MS	100
#define GONE_TIMEOUT_MS	5000

enum {
	OPTION_LAZY = OPTIONS_OWN,
	OPTION_FORCE,
};

static const struct options_option options[] = {
	{ 'a', "all", NULL, "detach all disks" },
	{ OPTION_LAZY, "lazy", NULL, "if the disk is open, detach it at the last close" },
	{ OPTION_FORCE, "force", NULL,
	  "fail the I/O of an open disk; detach even if the image was deleted" },
	{ 0 }
};

struct detach {
	bool all;
	bool lazy;
	bool force;
};

static bool set(void *context, int id, const char *value)
{
	struct detach *detach = context;

	(void)value;
	detach->all |= id == 'a';
	detach->lazy |= id == OPTION_LAZY;
	detach->force |= id == OPTION_FORCE;
	return true;
}

static const struct options_syntax syntax = {
	.verb = "detach",
	.arguments = "DEVICE|IMAGE...",
	.about = "Detach disks. IMAGE stands for all disks that show it. Of several disks, either all are\n"
		 "detached or none.",
	.options = options,
	.set = set,
};

static enum exit_code find_disks_of(struct disk_list *found, int control, const char *argument)
{
	const struct disk *child;
	enum exit_code status = DONE;
	struct disks_of disks;
	char *image;
	size_t i;

	disks_of_find(&disks, argument, control);
	for (i = 0; i < disks.showing.count; i++)
		disk_list_add(found, &disks.showing.disk[i]);
	if (!disks.showing.count && disks.needing.count) {
		child = &disks.needing.disk[0];
		image = disk_image(child);
		status = fail_named(EXIT_BUSY, "IS_PARENT", "%s: is a parent of %s, which is "
				    "attached as %s; to detach that: vhdxctl detach %s", argument,
				    image ? image : "-", child->node, child->node);
		free(image);
	} else if (!disks.showing.count) {
		status = disks_of_none(argument);
	}
	disks_of_free(&disks);
	return status;
}

/* P10: a detach that loses data needs --force. */
static enum exit_code check_deleted(const struct disk *disk)
{
	char *image = disk_attribute(disk, "vhdx/backing_file");
	char *parent = disk_deleted_parent(disk);
	enum exit_code status = DONE;

	if (disk_is_deleted(disk))
		status = fail_named(EXIT_BUSY, "IMAGE_DELETED", "%s: its image was deleted: %s; "
				    "detaching the disk loses all its data; copy the disk first, or "
				    "use --force", disk->node, image ? image : "-");
	else if (parent && !disk_is_temporary(disk))
		status = fail_named(EXIT_BUSY, "PARENT_DELETED", "%s: %s, a parent of its image %s, was "
				    "deleted; the image cannot be attached again; copy the disk "
				    "first, or use --force", disk->node, parent, image ? image : "-");
	free(parent);
	free(image);
	return status;
}

static enum exit_code fail_busy(const struct disk *disk, const struct holders *holders)
{
	if (holders->uses)
		return fail_named(EXIT_BUSY, "DETACH_IN_USE", "%s: is in use (%s); release it: %s; "
				  "or use --lazy or --force", disk->node, holders->uses,
				  holders->commands);
	return fail_named(EXIT_BUSY, "DETACH_IN_USE", "%s: is in use (opened by a process, see "
			  "lsof %s*, or mounted in another mount namespace); use --lazy or --force",
			  disk->node, disk->node);
}

/*
 * EBUSY because of udev is temporary; EBUSY because of a mount is not. The request has the sequence
 * number of the disk, so that a retry cannot detach a new disk with the same name.
 */
static enum exit_code request_detach(int control, const struct disk *disk,
				     struct vhdx_ioc_detach *request, struct udev_wait *wait)
{
	int tries, error = control_detach(control, request);
	struct holders holders = { 0 };
	enum exit_code status;

	for (tries = 0; error == EBUSY && tries < BUSY_TRIES; tries++) {
		if (!request->flags)
			holders_find(&holders, disk);
		if (holders.uses) {
			status = fail_busy(disk, &holders);
			holders_free(&holders);
			return status;
		}
		debug("%s: busy, waiting", disk->node);
		udev_wait_pause(wait, BUSY_PAUSE_MS);
		error = control_detach(control, request);
	}
	if (error == EBUSY)
		return fail_busy(disk, &holders);
	if (error == ENODEV)
		return fail_named(EXIT_USAGE, "NOT_ATTACHED", "%s: not attached", disk->node);
	if (error)
		return control_failed(disk->node, "cannot detach", error, request->reason,
				      request->message);
	return DONE;
}

/* A disk that nothing is known to hold is open only if it stays open while udev closes it. */
static enum exit_code check_open(int control, const struct disk *disk)
{
	struct vhdx_ioc_status attached;
	enum exit_code status = DONE;
	struct holders holders;
	struct udev_wait *wait;
	bool is_open = true;
	int tries;

	holders_find(&holders, disk);
	if (!holders.uses) {
		wait = udev_wait_begin();
		for (tries = 0; is_open && tries < BUSY_TRIES; tries++) {
			is_open = !control_status(control, disk->index, &attached) &&
				  attached.openers;
			if (is_open)
				udev_wait_pause(wait, BUSY_PAUSE_MS);
		}
		udev_wait_end(wait);
	}
	if (is_open)
		status = fail_busy(disk, &holders);
	holders_free(&holders);
	return status;
}

/* Of several disks, either all are detached or none: check all before the first detach. */
static enum exit_code check_disks(int control, const struct detach *detach,
				  const struct disk_list *disks)
{
	enum exit_code status, first = DONE;
	size_t i;

	if (detach->all || detach->lazy || detach->force || disks->count < 2)
		return DONE;
	for (i = 0; i < disks->count; i++) {
		status = check_deleted(&disks->disk[i]);
		if (status == DONE)
			status = check_open(control, &disks->disk[i]);
		first = first == DONE ? status : first;
	}
	return first;
}

static enum exit_code detach_disk(int control, const struct detach *detach,
				  const struct disk *disk)
{
	struct vhdx_ioc_detach request = {
		.flags = (detach->lazy ? VHDX_DETACH_LAZY : 0) |
			 (detach->force ? VHDX_DETACH_FORCE : 0),
		.index = disk->index,
		.diskseq = disk_number(disk, "diskseq"),
	};
	enum exit_code status = detach->force ? DONE : check_deleted(disk);
	enum udev_wait_result gone = UDEV_WAIT_DONE;
	struct udev_wait *wait;
	dev_t number = 0;

	if (status != DONE)
		return status;
	wait = udev_wait_begin();
	disk_device_number(disk, NULL, &number);
	status = request_detach(control, disk, &request, wait);
	if (status == DONE && (!detach->lazy || !disk_device_number(disk, NULL, &number)))
		gone = udev_wait_gone(wait, disk, number, GONE_TIMEOUT_MS);
	udev_wait_end(wait);
	if (gone == UDEV_WAIT_INTERRUPTED)
		return fail(EXIT_INTERRUPTED, "%s: interrupted while waiting for udev; the disk "
			    "is detached", disk->node);
	if (gone == UDEV_WAIT_TIMEOUT)
		warn("%s: detached, but udev has not finished after %d s", disk->node,
		     GONE_TIMEOUT_MS / 1000);
	if (status == DONE)
		note("%s: detached", disk->node);
	return status;
}

static enum exit_code detach_disks(int control, const struct detach *detach,
				   const struct disk_list *disks)
{
	struct json_object *detached = json_object_new_array();
	enum exit_code status, first = DONE;
	size_t i;

	for (i = 0; i < disks->count; i++) {
		status = detach_disk(control, detach, &disks->disk[i]);
		if (status == DONE)
			json_object_array_add(detached,
					      json_object_new_string(disks->disk[i].node));
		else if (first == DONE)
			first = status;
		if (status == EXIT_INTERRUPTED)
			break;
	}
	json_output_add("detached", detached);
	return first;
}

/* Without the module no disk is attached, so the module is not loaded. */
static enum exit_code run(const struct detach *detach, int argc, char **argv)
{
	enum exit_code status = DONE, found = DONE, one;
	struct disk_list disks = { 0 };
	int i, control = -1;

	if (!access(VHDX_CONTROL_NODE, F_OK))
		status = control_open(&control);
	if (status != DONE)
		return status;
	if (detach->all)
		disk_list_all(&disks);
	for (i = 0; i < argc; i++) {
		one = find_disks_of(&disks, control, argv[i]);
		found = found == DONE ? one : found;
	}
	if (found == DONE && disks.count && control < 0)
		status = control_open(&control);
	if (status == DONE && found == DONE)
		status = check_disks(control, detach, &disks);
	if (status == DONE && found == DONE)
		status = detach_disks(control, detach, &disks);
	if (control >= 0)
		close(control);
	disk_list_free(&disks);
	return found != DONE ? found : status;
}

enum exit_code cmd_detach(struct globals *globals, int argc, char **argv)
{
	struct detach detach = { 0 };
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &detach);

	if (status != DONE)
		return status;
	if (detach.lazy && detach.force)
		return fail(EXIT_USAGE, "detach: --lazy and --force exclude each other");
	if (detach.all && optind < argc)
		return fail(EXIT_USAGE, "detach: --all takes no device or image");
	if (!detach.all && optind == argc)
		return fail(EXIT_USAGE, "detach: needs a device or an image; see vhdxctl detach "
			    "--help");
	return run(&detach, argc - optind, argv + optind);
}
