// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The first write to an image makes its children useless. An image counts as a parent if it has
 * children in its own directory, or if its mode lets no user write. snapshot sets this mode,
 * because the children may be in any directory; the mode alone does not stop root.
 */
#include "edit/dependents.h"

#include <errno.h>
#include <stdlib.h>

#include "image/children.h"
#include "image/layer.h"
#include "lib/alloc.h"

#define MAX_NAMES 4

/**
 * struct children - the children of an image
 * @layer:	the image
 * @names:	paths of the first MAX_NAMES, separated by commas; NULL: none
 * @count:	number of children
 */
struct children {
	const struct layer *layer;
	char *names;
	unsigned int count;
};

static bool is_known(void *context, const struct stat *status)
{
	const struct children *children = context;

	return layer_is_file(children->layer, status);
}

static bool add_child(void *context, const char *path, const struct layer *parent)
{
	struct children *children = context;
	char *longer;

	(void)parent;
	if (children->count++ >= MAX_NAMES)
		return true;
	longer = xasprintf("%s%s%s", children->names ? children->names : "",
			   children->names ? ", " : "", path);
	free(children->names);
	children->names = longer;
	return true;
}

static enum exit_code check_children(const struct layer *layer, const char *what,
				     const char *advice)
{
	struct layer *parent = (struct layer *)layer;
	struct children children = { .layer = layer };
	const struct children_search search = {
		.parent = &parent,
		.count = 1,
		.beside = &parent,
		.besides = 1,
		.is_known = is_known,
		.visit = add_child,
		.context = &children,
	};
	enum exit_code status = DONE;

	if (S_ISREG(layer->image.file.stat.st_mode))
		children_each(&search);
	if (children.count)
		status = fail_named(EXIT_BUSY, "HAS_CHILDREN", "%s: is the parent of %s%s, which %s "
				    "would make useless; %s", layer->path, children.names,
				    children.count > MAX_NAMES ? " and others" : "", what, advice);
	free(children.names);
	return status;
}

static enum exit_code check_mode(const struct layer *layer, const char *advice)
{
	const struct stat *status = &layer->image.file.stat;

	if (!S_ISREG(status->st_mode) || status->st_mode & 0222)
		return DONE;
	return fail_named(EXIT_BUSY, "PROTECTED", "%s: its mode %04o lets no user write, as "
			  "vhdxctl snapshot leaves a parent, whose children may be in any directory; %s",
			  layer->path, (unsigned int)status->st_mode & 07777, advice);
}

/**
 * dependents_check_write() - check that an image may be attached for writing
 * @layer:	open
 *
 * Return: DONE, or EXIT_BUSY after an error message
 */
enum exit_code dependents_check_write(const struct layer *layer)
{
	enum exit_code status = check_children(layer, "writing to it",
					       "attach a child instead, use -r or --temporary, or "
					       "--force to give the children up");

	if (status != DONE)
		return status;
	return check_mode(layer, "attach a child instead, use -r or --temporary, or --force to "
			  "write to it anyway");
}

static enum exit_code check_layer(struct layer *layer)
{
	static const char advice[] = "to replace it, delete it first";
	struct vhdx_fault fault;
	enum vhdx_reason reason = layer_read(layer, &fault);
	enum exit_code status;

	if (reason && vhdx_reason_class(reason) == VHDX_CLASS_NOT_VHDX)
		return fail_named(EXIT_BUSY, "NOT_REPLACED", "%s: is not a VHDX, and only a VHDX is "
				  "replaced; %s", layer->path, advice);
	if (reason)
		return fail_named(EXIT_BUSY, "NOT_REPLACED", "%s: cannot be read (%s), so its "
				  "children cannot be found; %s", layer->path,
				  vhdx_reason_text(reason), advice);
	status = check_children(layer, "replacing it", advice);
	return status == DONE ? check_mode(layer, advice) : status;
}

/**
 * dependents_check_replace() - check that a file may be replaced by a new image
 * @path:	of a regular file
 *
 * An empty file may be replaced.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code dependents_check_replace(const char *path)
{
	enum exit_code status = DONE;
	struct layer *layer;
	int error, fd = image_file_open_fd(path);

	if (fd < 0)
		return fail_errno(path, "cannot open the file to be replaced", -fd);
	layer = layer_new(path, fd, &error);
	if (!layer)
		return fail_errno(path, "cannot read the file to be replaced", error);
	if (layer->image.file.reader.size)
		status = check_layer(layer);
	layer_free(layer);
	return status;
}
