// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The child is created from the attributes of the disk in sysfs, not from the file, which may be
 * written to. The first write after attach changes the DataWriteGuid to which the child refers. If
 * that happens while the child is created, the child is created again.
 */
#include "edit/snapshot_live.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "attached/control.h"
#include "attached/disk.h"
#include "attached/disk_files.h"
#include "attached/stack.h"
#include "edit/new_file.h"
#include "image/guid.h"
#include "image/lock.h"
#include "lib/alloc.h"
#include "lib/interrupt.h"
#include "lib/progress.h"
#include "lib/reason.h"

/* The DataWriteGuid changes once while a disk is attached. */
#define TRIES 3

static bool read_guid(const struct disk *disk, const char *file, struct vhdx_guid *guid)
{
	char *text = disk_attribute(disk, file);
	bool good = text && guid_of_text(guid, text);

	free(text);
	return good;
}

/* Read the attributes of the disk. */
static enum exit_code read_origin(struct snapshot_live *live)
{
	const struct disk *disk = live->disk;
	struct snapshot_origin *parent = &live->snapshot->parent;

	free(live->path);
	live->path = disk_attribute(disk, "vhdx/backing_file");
	if (!live->path || !read_guid(disk, "vhdx/disk_id", &parent->disk_id) ||
	    !read_guid(disk, "vhdx/data_write_guid", &parent->data_guid))
		return fail(EXIT_USAGE, "%s: not attached", disk->node);
	parent->path = live->path;
	if (stat(live->path, &parent->stat) || !disk_is_of_file(disk, &parent->stat))
		return fail(EXIT_USAGE, "%s: its image is no longer found as %s",
			    disk->node, live->path);
	parent->sizes.disk_size = disk_number(disk, "size") * 512;
	parent->sizes.logical_sector_size =
		(u32)disk_number(disk, "queue/logical_block_size");
	parent->sizes.physical_sector_size =
		(u32)disk_number(disk, "queue/physical_block_size");
	live->snapshot->block_size = disk_number(disk, "vhdx/block_size");
	return DONE;
}

static enum exit_code hand_over(struct snapshot_live *live, int control, bool *again,
				bool *unknown)
{
	struct vhdx_ioc_snapshot request = { .size = sizeof(request) };
	struct write_file child;
	enum exit_code status = image_open_exclusive(&child, live->snapshot->child, NULL);
	int error;

	if (status != DONE)
		return status;
	request.index = live->disk->index;
	request.fd = child.fd;
	error = control_snapshot(control, &request);
	write_file_close(&child);
	live->held_ns = request.held_ns;
	*again = error == EAGAIN;
	/* After these errors the disk may be in the child, or not. */
	*unknown = error == EINTR ||
		   (error == ENODEV && request.reason == VHDX_REASON_detached_meanwhile);
	if (!error)
		return DONE;
	return *again ? EXIT_BUSY : control_failed(live->disk->node, "cannot create a snapshot",
						   error, request.reason, request.message);
}

/*
 * The child has its name before the disk continues in it: after a crash the latest data are in this
 * file only. A child that the disk may already be using is never deleted.
 *
 * Sets @again if the DataWriteGuid has changed. Return: DONE, or another exit code; then there is
 * no child, and the disk is unchanged, unless the result is unknown
 */
static enum exit_code attempt(struct snapshot_live *live, int control, bool *again)
{
	enum exit_code status = read_origin(live);
	struct progress progress;
	struct new_file child;
	bool unknown = false;

	*again = false;
	new_file_init(&child);
	progress_init(&progress);
	progress.mode = PROGRESS_NONE;
	if (status == DONE)
		status = snapshot_begin(live->snapshot, &child, &progress);
	if (status == DONE)
		status = new_file_try(&child);
	if (status == DONE && interrupted())
		status = fail(EXIT_INTERRUPTED, "%s: interrupted; the disk is unchanged",
			      live->disk->node);
	if (status == DONE)
		status = hand_over(live, control, again, &unknown);
	if (status == DONE) {
		new_file_keep(&child);
	} else if (unknown) {
		warn("%s: is kept, because it may have the last writes", child.file.path);
		new_file_leave(&child);
	}
	new_file_close(&child);
	return status;
}

/*
 * The kernel makes this check too, and tests stacks that sysfs does not show. This one has a better
 * message.
 */
static enum exit_code check_place(const struct snapshot_live *live)
{
	char *copy = xstrdup(live->snapshot->child);
	char *below = stack_on_disk(live->disk, dirname(copy)), *message;
	enum exit_code status;

	free(copy);
	if (!below)
		return DONE;
	message = xasprintf("snapshot: %s would be on the disk itself: %s", live->snapshot->child,
			    below);
	status = fail_reason_text(live->disk->node, VHDX_REASON_snapshot_on_itself, message);
	free(message);
	free(below);
	return status;
}

/* A parent needs a path by which its child finds it. */
static enum exit_code check_name(const struct disk *disk)
{
	enum exit_code status = DONE;
	char *image;

	if (disk_is_temporary(disk)) {
		image = disk_image(disk);
		status = fail_named(EXIT_USAGE, "NAMELESS", "%s: is a temporary disk; its changes are in "
				    "a file without a name, which no child could find; copy the disk to "
				    "keep them; to take snapshots, attach a child of the image instead: "
				    "vhdxctl snapshot %s CHILD", disk->node,
				    image ? image : "IMAGE");
		free(image);
	} else if (disk_is_deleted(disk)) {
		status = fail_named(EXIT_USAGE, "NAMELESS", "%s: its image was deleted, so no child could "
				    "find it; copy the disk before it is detached", disk->node);
	}
	return status;
}

/**
 * snapshot_live() - let a disk continue in a new child
 * @live:	@disk and @snapshot are set; must be freed by snapshot_live_free() even on failure
 *
 * Return: DONE, or another exit code after an error message; then the disk is unchanged
 */
enum exit_code snapshot_live(struct snapshot_live *live)
{
	enum exit_code status = check_name(live->disk);
	bool again = true;
	int control, tries;

	if (status == DONE)
		status = check_place(live);
	if (status == DONE)
		status = control_open(&control);
	if (status != DONE)
		return status;
	for (tries = 0; again && tries < TRIES; tries++)
		status = attempt(live, control, &again);
	close(control);
	if (again)
		return fail(EXIT_BUSY, "%s: the DataWriteGuid of its image changed at each attempt; try again",
			    live->disk->node);
	return status;
}

/**
 * snapshot_live_free() - free the result of snapshot_live()
 * @live:	the snapshot
 */
void snapshot_live_free(struct snapshot_live *live)
{
	free(live->path);
}
