/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Creation of a differencing image.
 */
#ifndef VHDX_EDIT_SNAPSHOT_H
#define VHDX_EDIT_SNAPSHOT_H

#include <sys/stat.h>

#include "edit/create.h"
#include "image/parent_options.h"

struct layer;
struct new_file;
struct progress;
struct write_file;

/* Default block size of a child, as on Windows, in bytes */
#define SNAPSHOT_BLOCK_SIZE (2 * VHDX_MIB)

/**
 * struct snapshot_origin - the image that becomes the parent
 * @path:	of its file
 * @stat:	status of its file
 * @sizes:	sizes that the child has as well
 * @disk_id:	its Virtual Disk ID
 * @data_guid:	its DataWriteGuid
 */
struct snapshot_origin {
	const char *path;
	struct stat stat;
	struct vhdx_geometry_raw sizes;
	struct vhdx_guid disk_id;
	struct vhdx_guid data_guid;
};

/**
 * struct snapshot - a child to be created
 * @parent:	the parent
 * @child:	path of the child
 * @replace:	replace an existing file
 * @nameless:	the child never gets a name, so its path of the parent is not checked for Windows
 * @block_size:	of the child, in bytes
 * @maps:	options with --map-path
 * @plan:	filled by snapshot_write()
 */
struct snapshot {
	struct snapshot_origin parent;
	const char *child;
	bool replace;
	bool nameless;
	u64 block_size;
	const struct parent_options *maps;
	struct create_plan plan;
};

void snapshot_origin_of_layer(struct snapshot_origin *origin, const struct layer *layer);
enum exit_code snapshot_check_parent(const struct layer *parent);
enum exit_code snapshot_write(struct snapshot *snapshot, const struct write_file *file,
			      struct progress *progress);
enum exit_code snapshot_begin(struct snapshot *snapshot, struct new_file *new_file,
			      struct progress *progress);
enum exit_code snapshot_make(struct snapshot *snapshot, struct progress *progress);

#endif /* VHDX_EDIT_SNAPSHOT_H */
