// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child has no name from the beginning, or, where the file system has no such files, from
 * soon after. So whoever dies when, it is gone with the disk, and its space with it.
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

/* Not beside the image, where there may be no room, or no permission to write. */
static const char *default_directory(void)
{
	const char *directory = getenv("TMPDIR");

	return directory && *directory ? directory : "/var/tmp";
}

static enum exit_code write_child(struct new_file *child, const struct layer *parent)
{
	static const struct parent_options nowhere;
	struct snapshot snapshot = {
		.child		= child->file.path,
		.maps		= &nowhere,
		.nameless	= true,
		.block_size	= SNAPSHOT_BLOCK_SIZE,
	};
	struct progress progress;

	snapshot_origin_of_layer(&snapshot.parent, parent);
	progress_init(&progress);
	progress.mode = PROGRESS_NONE;
	return snapshot_write(&snapshot, &child->file, &progress);
}

static enum exit_code check_directory(const char *directory)
{
	if (!faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) || errno != EROFS)
		return DONE;	/* what else is wrong, creating the file finds */
	return fail_read_only(directory, "cannot hold the changes of a temporary disk",
			      "use --temporary=DIR to name another directory");
}

static enum exit_code open_child(struct new_file *child, const char *directory)
{
	char *path = xasprintf("%s/vhdxctl-%d.avhdx", directory, getpid());
	enum exit_code status = check_directory(directory);

	if (status == DONE)
		status = new_file_open(child, path, false);
	else
		new_file_init(child);
	if (status == DONE)
		new_file_forget_name(child);
	free(path);
	return status;
}

/**
 * temporary_make() - make a child that nobody can find
 * @child:	filled; must be closed even on failure, which leaves nothing
 * @directory:	where its space is, or NULL
 * @parent:	open; its log, if it must be replayed, is so in memory
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code temporary_make(struct new_file *child, const char *directory,
			      const struct layer *parent)
{
	const struct image_file *file = &parent->image.file;
	enum exit_code status = open_child(child, directory ? directory : default_directory());

	if (status == DONE)
		status = image_check_unwritten(parent->path, file->fd, &file->stat);
	if (status == DONE)
		status = write_child(child, parent);
	write_file_name(&child->file, "temporary file");
	return status;
}
