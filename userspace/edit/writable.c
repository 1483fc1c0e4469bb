// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "edit/writable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edit/replay_file.h"
#include "image/lock.h"

static bool is_protected(const struct stat *status)
{
	return S_ISREG(status->st_mode) && !(status->st_mode & 0200);
}

/**
 * writable_lock() - open and lock an image for writing
 * @file:	filled; to be closed by writable_unlock()
 * @layer:	the same, open for reading
 * @advice:	alternative for the user if the file system is read-only
 *
 * Opens the file for its owner even if its mode lets no user write. The mode stays unchanged.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code writable_lock(struct write_file *file, const struct layer *layer,
			     const char *advice)
{
	const struct image_file *image = &layer->image.file;
	enum exit_code status = image_check_no_writer(layer->path, image->fd, &image->stat);
	bool needed, permitted;

	if (status != DONE)
		return status;
	/*
	 * snapshot removes the write permission of a parent. The owner needs it to open the file;
	 * root does not. It is not needed after the open, and the mode is restored before the first
	 * write.
	 */
	needed = is_protected(&image->stat) &&
		 faccessat(AT_FDCWD, layer->path, W_OK, AT_EACCESS) && errno == EACCES;
	if (needed)
		status = image_check_lockable(layer->path, image->fd, &image->stat, advice);
	if (status != DONE)
		return status;
	permitted = needed && !fchmod(image->fd, (image->stat.st_mode | 0200) & 07777);
	if (needed && !permitted && errno == EROFS)
		return fail_read_only(layer->path, "cannot open for writing", advice);
	status = image_open_exclusive(file, layer->path, advice);
	if (permitted && fchmod(image->fd, image->stat.st_mode & 07777))
		warn("%s: its mode was changed and cannot be restored", layer->path);
	return status == DONE ? image_check_same(file, &image->stat) : status;
}

/**
 * writable_permit() - give the owner of a file write permission
 * @file:	from writable_lock()
 */
void writable_permit(const struct write_file *file)
{
	struct stat status;

	if (!fstat(file->fd, &status) && is_protected(&status) &&
	    !fchmod(file->fd, (status.st_mode | 0200) & 07777))
		note("%s: made writable", file->path);
}

/**
 * writable_unlock() - close an image
 * @file:	from writable_lock(), or with an fd of -1
 */
void writable_unlock(struct write_file *file)
{
	write_file_close(file);
}

/**
 * writable_replay() - reopen a locked image, and replay its log into the file
 * @layer:	replaced, because the image may have changed before it was locked
 * @file:	from writable_lock()
 * @progress:	initialized by progress_init()
 *
 * Return: DONE, or another exit code after an error message; then @layer is unchanged
 */
enum exit_code writable_replay(struct layer **layer, const struct write_file *file,
			       struct progress *progress)
{
	struct layer *old = *layer, *new = NULL;
	enum exit_code status = layer_open(&new, old->path);

	if (status == DONE && new->image.replayed) {
		layer_free(new);
		new = NULL;
		status = replay_file(old->path, file, progress);
		if (status == DONE)
			warn("%s: was not closed properly: its log was replayed into the file",
			     old->path);
		if (status == DONE)
			status = layer_open(&new, old->path);
	}
	if (status == DONE)
		status = image_check_same(file, &new->image.file.stat);
	if (status != DONE) {
		layer_free(new);
		return status;
	}
	layer_free(old);
	*layer = new;
	return DONE;
}
