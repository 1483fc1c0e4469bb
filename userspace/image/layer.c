// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/fault.h"
#include "lib/alloc.h"
#include "lib/text.h"

/**
 * layer_new() - make a layer of a file descriptor, without messages
 * @path:	copied
 * @fd:		open for reading; the layer owns it even on failure
 * @error:	set to a positive errno on failure
 *
 * Return: a layer for layer_read(); NULL if it is neither a regular file nor a block device
 */
struct layer *layer_new(const char *path, int fd, int *error)
{
	struct layer *layer = xcalloc(1, sizeof(*layer));

	layer->path = xstrdup(path);
	*error = image_file_adopt(&layer->image.file, layer->path, fd);
	if (!*error)
		return layer;
	layer_free(layer);
	return NULL;
}

/**
 * layer_read() - read everything before the BAT, and the parent locator, without messages
 * @layer:	from layer_new()
 * @fault:	filled on failure
 *
 * Return: VHDX_OK, or the reason why the image cannot be used
 */
enum vhdx_reason layer_read(struct layer *layer, struct vhdx_fault *fault)
{
	enum vhdx_reason reason = image_super(&layer->image, fault);

	if (reason || !layer_has_parent(layer))
		return reason;
	layer->locator_item = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);
	return vhdx_open_locator(layer->image.super, &layer->image.reader, layer->locator_item,
				 &layer->locator, fault);
}

/**
 * layer_open() - open an image of a chain for reading
 * @layer:	set to the layer, for layer_free(); NULL on failure
 * @path:	of the image; copied
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code layer_open(struct layer **layer, const char *path)
{
	struct layer *opened = xcalloc(1, sizeof(*opened));
	enum exit_code status;
	struct vhdx_fault fault;

	opened->path = xstrdup(path);
	opened->image.file.fd = -1;
	status = image_file_open(&opened->image.file, opened->path);
	if (status == DONE && layer_read(opened, &fault))
		status = fail_fault(&opened->image.file, &fault);
	*layer = opened;
	if (status == DONE)
		return DONE;
	layer_free(opened);
	*layer = NULL;
	return status;
}

/**
 * layer_free() - close and free a layer
 * @layer:	the layer, or NULL
 */
void layer_free(struct layer *layer)
{
	if (!layer)
		return;
	image_close(&layer->image);
	free(layer->locator_item);
	free(layer->path);
	free(layer);
}

/**
 * layer_has_parent() - test whether an image is a child
 * @layer:	read
 *
 * Return: true if it is one
 */
bool layer_has_parent(const struct layer *layer)
{
	return layer->image.super->geometry.has_parent;
}

/**
 * layer_is_file() - test whether a file is that of a layer
 * @layer:	open
 * @status:	status of the file
 *
 * Compares block devices by device number, and files by inode.
 *
 * Return: true if it is
 */
bool layer_is_file(const struct layer *layer, const struct stat *status)
{
	const struct stat *own = &layer->image.file.stat;

	if (S_ISBLK(own->st_mode))
		return S_ISBLK(status->st_mode) && own->st_rdev == status->st_rdev;
	return own->st_dev == status->st_dev && own->st_ino == status->st_ino;
}

/**
 * layer_text() - get a text of the parent locator as UTF-8
 * @layer:	has a parent
 * @text:	part of @layer->locator
 *
 * Return: the text, to be freed; NULL if the locator lacks it
 */
char *layer_text(const struct layer *layer, const struct vhdx_locator_text *text)
{
	if (!text->length)
		return NULL;
	return text_from_utf16(layer->locator_item + text->offset, text->length);
}
