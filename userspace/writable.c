// SPDX-License-Identifier: GPL-2.0-or-later
#include "writable.h"

#include <unistd.h>

#include "imagelock.h"
#include "replay.h"

/* snapshot takes the permission away; who owns the file may give it back. */
static void permit(const struct layer *layer)
{
	const struct stat *status = &layer->image.file.stat;

	if (S_ISREG(status->st_mode) && !(status->st_mode & 0200) &&
	    !fchmod(layer->image.file.fd, (status->st_mode | 0200) & 07777))
		note("%s: made writable", layer->path);
}

/**
 * writable_lock() - open an image for writing, for us alone
 * @file:	filled; to be closed by writable_unlock()
 * @layer:	the same, open for reading
 *
 * Return: DONE, or another code having said why
 */
enum exit_code writable_lock(struct write_file *file, const struct layer *layer)
{
	enum exit_code status;

	permit(layer);
	status = image_open_exclusive(file, layer->path);
	return status == DONE ? image_check_same(file, &layer->image.file.stat) : status;
}

void writable_unlock(struct write_file *file)
{
	write_file_close(file);
}

/**
 * writable_settle() - replay the log into the file, and read it anew
 * @layer:	opened again: it may have changed before it was locked
 * @file:	by writable_lock()
 * @progress:	by progress_init()
 *
 * Return: DONE, or another code having said why; @layer is as it was then
 */
enum exit_code writable_settle(struct layer **layer, const struct write_file *file,
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
