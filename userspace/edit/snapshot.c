// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A child has the disk size, sector sizes and Virtual Disk ID of its parent, and its own block
 * size. All its blocks are not present.
 *
 * The parent is only read. It must not change afterwards: a writer changes its DataWriteGuid, and
 * the child does not accept it any more.
 */
#include "edit/snapshot.h"

#include <stdlib.h>

#include "edit/new_file.h"
#include "edit/parent_locator.h"
#include "image/chain.h"
#include "image/lock.h"

#define CHILD_LOG_SIZE VHDX_MIB

/**
 * snapshot_check_parent() - check that an image can become a parent
 * @parent:	open
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code snapshot_check_parent(const struct layer *parent)
{
	const struct image_file *file = &parent->image.file;

	if (parent->image.replayed)
		return fail_named(EXIT_REPLAY, "LOG_DIRTY",
				  "%s: log contains changes that must be replayed before it can "
				  "become a parent; use vhdxctl replay", parent->path);
	return image_check_unwritten(parent->path, file->fd, &file->stat);
}

/**
 * snapshot_origin_of_layer() - fill an origin from an open image
 * @origin:	filled
 * @layer:	open; must outlive @origin
 */
void snapshot_origin_of_layer(struct snapshot_origin *origin, const struct layer *layer)
{
	const struct vhdx_super *super = layer->image.super;

	origin->path = layer->path;
	origin->stat = layer->image.file.stat;
	origin->sizes.disk_size = super->geometry.disk_size;
	origin->sizes.logical_sector_size = super->geometry.logical_sector_size;
	origin->sizes.physical_sector_size = super->geometry.physical_sector_size;
	origin->disk_id = super->disk_id;
	origin->data_guid = super->header.data_write_guid;
}

/**
 * snapshot_write() - write a child into an empty file
 * @snapshot:	the child; its path is only used for the relative path of the parent
 * @file:	empty
 * @progress:	initialized by progress_init()
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code snapshot_write(struct snapshot *snapshot, const struct write_file *file,
			      struct progress *progress)
{
	static const struct vhdx_guid none;
	struct vhdx_geometry_raw raw = snapshot->parent.sizes;
	struct parent_name name;
	struct vhdx_fault fault;
	enum exit_code status;
	u8 *locator;

	raw.block_size = (u32)snapshot->block_size;
	raw.parameter_flags = VHDX_PARAMS_HAS_PARENT;
	if (create_plan(&snapshot->plan, &raw, CHILD_LOG_SIZE, &fault))
		return fail(EXIT_USAGE, "snapshot: %s (%llu)", vhdx_reason_text(fault.reason),
			    (unsigned long long)fault.value);
	snapshot->plan.disk_id = snapshot->parent.disk_id;
	status = parent_name_make(&name, snapshot->parent.path, snapshot->child, snapshot->maps);
	if (status == DONE && !snapshot->nameless)
		parent_name_warn(&name, snapshot->child);
	if (status == DONE) {
		locator = parent_name_encode(&name, &snapshot->parent.data_guid, &none,
					     &snapshot->plan.locator_length);
		snapshot->plan.locator = locator;
		status = create_write(&snapshot->plan, file, progress);
		free(locator);
	}
	parent_name_free(&name);
	return status;
}

/**
 * snapshot_begin() - write a child that has no name yet
 * @snapshot:	the child
 * @new_file:	filled; must be closed even on failure
 * @progress:	initialized by progress_init()
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code snapshot_begin(struct snapshot *snapshot, struct new_file *new_file,
			      struct progress *progress)
{
	const struct stat *parent = &snapshot->parent.stat;
	enum exit_code status;
	struct stat child;

	new_file_init(new_file);
	/* --force must not replace the parent. */
	if (!stat(snapshot->child, &child) && child.st_dev == parent->st_dev &&
	    child.st_ino == parent->st_ino)
		return fail(EXIT_USAGE, "%s: is the parent itself", snapshot->child);
	status = new_file_open(new_file, snapshot->child, snapshot->replace);
	if (status != DONE)
		return status;
	if (!fstat(new_file->file.fd, &child) && S_ISREG(parent->st_mode) &&
	    child.st_dev != parent->st_dev)
		warn("%s: its parent is on another file system; finding it needs --parent-dir",
		     snapshot->child);
	return snapshot_write(snapshot, &new_file->file, progress);
}

/**
 * snapshot_make() - create a child
 * @snapshot:	the child
 * @progress:	initialized by progress_init()
 *
 * Return: DONE, or another exit code after an error message; then there is no child
 */
enum exit_code snapshot_make(struct snapshot *snapshot, struct progress *progress)
{
	struct new_file new_file;
	enum exit_code status = snapshot_begin(snapshot, &new_file, progress);

	if (status == DONE)
		status = image_check_unchanged(snapshot->parent.path, &snapshot->parent.stat);
	if (status == DONE)
		status = new_file_commit(&new_file);
	new_file_close(&new_file);
	return status;
}
