// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The child never has a name, or, on file systems without O_TMPFILE, loses it at once. So a crash
 * of any process, or of the machine, leaves neither the file nor its space.
 */
#include "edit/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "attached/disk.h"
#include "edit/snapshot.h"
#include "image/layer.h"
#include "image/lock.h"
#include "lib/alloc.h"
#include "lib/progress.h"

static enum exit_code open_child(struct new_file *child, const char *directory)
{
	enum exit_code status;
	char *path;

	/* Not the directory of the image, which may be full or not writable */
	if (!directory) {
		directory = getenv("TMPDIR");
		if (!directory || !*directory)
			directory = "/var/tmp";
	}
	new_file_init(child);
	/* The creation of the file reports other errors. */
	if (faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) && errno == EROFS)
		return fail_read_only(directory, "cannot hold the changes of a temporary disk",
				      "use --temporary=DIR to name another directory");
	path = xasprintf("%s/vhdxctl-%d.avhdx", directory, getpid());
	status = new_file_open(child, path, false);
	if (status == DONE)
		new_file_forget_name(child);
	free(path);
	return status;
}

/**
 * temporary_make() - create a child without a name
 * @child:	filled; must be closed even on failure
 * @directory:	directory on the file system that provides the space; NULL: default
 * @parent:	open; a log that must be replayed is replayed in memory
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code temporary_make(struct new_file *child, const char *directory,
			      const struct layer *parent)
{
	static const struct parent_options nowhere;
	const struct image_file *file = &parent->image.file;
	enum exit_code status = open_child(child, directory);
	struct snapshot snapshot = {
		.child		= child->file.path,
		.maps		= &nowhere,
		.nameless	= true,
		.block_size	= SNAPSHOT_BLOCK_SIZE,
	};
	struct progress progress;

	if (status == DONE)
		status = image_check_unwritten(parent->path, file->fd, &file->stat);
	if (status == DONE) {
		snapshot_origin_of_layer(&snapshot.parent, parent);
		progress_init(&progress);
		progress.mode = PROGRESS_NONE;
		status = snapshot_write(&snapshot, &child->file, &progress);
	}
	write_file_name(&child->file, "temporary file");
	return status;
}
