// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The parent is searched in these places, in this order. The first match is taken:
 *
 *	1. --parent: if given, no other place is searched
 *	2. each --parent-dir: by its file name
 *	3. relative_path, from the directory of the child; it may lead upwards, but not to
 *	   another mount
 *	4. absolute_win32_path and volume_path, through --map-path; not out of the directory
 *	   of the map
 *	5. its file name in the directory of the child
 *
 * A file matches by its DataWriteGuid, never by its name. Except for 1 only regular files are
 * opened.
 */
#include "image/parent_search.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/chain.h"
#include "image/foreign.h"
#include "image/parent_tried.h"
#include "image/safe_open.h"
#include "image/winpath.h"
#include "lib/alloc.h"
#include "lib/text.h"
#include "format/chain.h"
#include "format/guid.h"

/**
 * struct search - a search for one parent
 * @chain:	the parent of its last image is searched
 * @options:	where to search
 * @child:	last image of @chain
 * @tried:	places that did not match
 * @found:	the parent; NULL: not found yet
 */
struct search {
	const struct chain *chain;
	const struct parent_options *options;
	const struct layer *child;
	struct parent_tried_list tried;
	struct layer *found;
};

/* All images of a chain have the same Virtual Disk ID. */
static void add_mismatch(struct search *search, const struct layer *candidate)
{
	const struct vhdx_super *own = search->child->image.super;
	const struct vhdx_super *other = candidate->image.super;
	char is[VHDX_GUID_TEXT_SIZE], wanted[VHDX_GUID_TEXT_SIZE];

	if (!vhdx_guid_equal(&own->disk_id, &other->disk_id)) {
		vhdx_guid_text(&other->disk_id, is);
		vhdx_guid_text(&own->disk_id, wanted);
		parent_tried_add(&search->tried, candidate->path, VHDX_REASON_parent_mismatch,
				 "is another disk (disk id %s != %s), not the parent", is, wanted);
		return;
	}
	vhdx_guid_text(&other->header.data_write_guid, is);
	vhdx_guid_text(&search->child->locator.linkage, wanted);
	parent_tried_add(&search->tried, candidate->path, VHDX_REASON_parent_mismatch,
			 "is another image of the disk, or was changed after the child was created "
			 "(DataWriteGuid %s != %s)", is, wanted);
}

/* For a candidate that cannot be read */
static void add_fault(struct search *search, const struct layer *candidate,
		      const struct vhdx_fault *fault)
{
	char text[VHDX_FAULT_TEXT_SIZE];
	char *foreign = NULL;

	if (vhdx_reason_class(fault->reason) == VHDX_CLASS_NOT_VHDX)
		foreign = foreign_text(&candidate->image.file);
	if (foreign)
		parent_tried_add(&search->tried, candidate->path, fault->reason, "%s", foreign);
	else if (fault->reason == VHDX_REASON_read_failed && candidate->image.file.read_error)
		parent_tried_add(&search->tried, candidate->path, fault->reason, "%s",
				 strerror(candidate->image.file.read_error));
	else
		parent_tried_add(&search->tried, candidate->path, fault->reason, "%s",
				 vhdx_fault_text(fault, text, sizeof(text)));
	free(foreign);
}

/* Test whether @candidate is the parent; if not, add it to the places tried. */
static bool judge(struct search *search, struct layer *candidate)
{
	struct vhdx_fault fault;
	unsigned int i;

	for (i = 0; i < search->chain->count; i++) {
		if (!layer_is_file(search->chain->layer[i], &candidate->image.file.stat))
			continue;
		parent_tried_add(&search->tried, candidate->path, VHDX_REASON_parent_duplicate,
				 "is in the chain already");
		return false;
	}
	if (layer_read(candidate, &fault)) {
		add_fault(search, candidate, &fault);
		return false;
	}
	switch (vhdx_chain_check(search->child->image.super, &search->child->locator,
				 candidate->image.super, &fault)) {
	case VHDX_OK:
		return true;
	case VHDX_REASON_parent_mismatch:
		add_mismatch(search, candidate);
		return false;
	default:
		parent_tried_add(&search->tried, candidate->path, VHDX_REASON_parent_sector_size,
				 "has sectors of %u bytes, the child of %u",
				 candidate->image.super->geometry.logical_sector_size,
				 search->child->image.super->geometry.logical_sector_size);
		return false;
	}
}

/* @fd: a file descriptor, or a negative errno */
static void try_file(struct search *search, const char *path, int fd)
{
	struct layer *candidate = NULL;
	int error = -fd;

	if (fd >= 0)
		candidate = layer_new(path, fd, &error);
	if (!candidate) {
		parent_tried_add(&search->tried, path, VHDX_OK, "%s", safe_open_error(error));
		return;
	}
	if (judge(search, candidate))
		search->found = candidate;
	else
		layer_free(candidate);
}

/* Skips a path that was tried before. */
static void try_in(struct search *search, const char *directory, const char *path,
		   enum safe_open_limits limits)
{
	char *name;
	int fd;

	if (search->found)
		return;
	fd = safe_open(directory, path, limits, &name);
	if (!parent_tried_before(&search->tried, name))
		try_file(search, name, fd);
	else if (fd >= 0)
		close(fd);
	free(name);
}

/* A text of the locator in the form of winpath.h, to be freed; NULL: there is none */
static char *locator_path(const struct search *search, const struct vhdx_locator_text *text)
{
	char *windows = layer_text(search->child, text);
	char *normal = windows ? winpath_normal(windows) : NULL;

	free(windows);
	return normal;
}

static void try_name(struct search *search, const char *directory, enum safe_open_limits limits,
		     const struct vhdx_locator_text *text)
{
	char *path = locator_path(search, text);
	const char *name = path ? winpath_name(path) : "";

	if (*name && strcmp(name, ".."))
		try_in(search, directory, name, limits);
	free(path);
}

/* The file name of each path in the locator */
static void try_names(struct search *search, const char *directory, enum safe_open_limits limits)
{
	const struct vhdx_locator *locator = &search->child->locator;

	try_name(search, directory, limits, &locator->relative_path);
	try_name(search, directory, limits, &locator->absolute_path);
	try_name(search, directory, limits, &locator->volume_path);
}

static void try_mapped(struct search *search, const struct vhdx_locator_text *text)
{
	char *path = locator_path(search, text);
	const char *directory;
	char *rest = path ? parent_options_map(search->options, path, &directory) : NULL;

	if (rest)
		try_in(search, directory, rest, SAFE_OPEN_BENEATH);
	free(rest);
	free(path);
}

/* The directory of the child is that of the file itself, not that of a symbolic link to it. */
static void try_places(struct search *search)
{
	const char *path = search->child->path;
	char target[1];
	char *real = readlink(path, target, sizeof(target)) < 0 ? NULL : realpath(path, NULL);
	char *copy = real ? real : xstrdup(path);
	const char *directory = dirname(copy);
	char *relative = locator_path(search, &search->child->locator.relative_path);
	unsigned int i;

	for (i = 0; i < search->options->directories; i++)
		try_names(search, search->options->directory[i], SAFE_OPEN_ANYWHERE);
	if (relative && winpath_is_relative(relative))
		try_in(search, directory, relative, SAFE_OPEN_SAME_MOUNT);
	try_mapped(search, &search->child->locator.absolute_path);
	try_mapped(search, &search->child->locator.volume_path);
	try_names(search, directory, SAFE_OPEN_SAME_MOUNT);
	free(relative);
	free(copy);
}

/* Return: the parent of the last image of a chain, or NULL */
static struct layer *look(struct search *search)
{
	const struct parent_options *options = search->options;
	unsigned int count = search->chain->count;

	search->child = search->chain->layer[count - 1];
	search->tried.named = options->parents >= count;
	if (search->tried.named)
		try_file(search, options->parent[count - 1],
			 image_file_open_fd(options->parent[count - 1]));
	else
		try_places(search);
	return search->found;
}

/**
 * parent_look() - find the parent of the last image of a chain, without messages
 * @chain:	its last image has a parent
 * @options:	where to find the parent
 *
 * Return: the parent, open, for layer_free(); NULL if it is not found
 */
struct layer *parent_look(const struct chain *chain, const struct parent_options *options)
{
	struct search search = { .chain = chain, .options = options };
	struct layer *found = look(&search);

	parent_tried_free(&search.tried);
	return found;
}

/**
 * parent_find() - find the parent of the last image of a chain
 * @parent:	set to the parent, open, for layer_free(); NULL on failure
 * @chain:	its last image has a parent
 * @options:	where to find the parent
 *
 * Return: DONE, or EXIT_PARENT after an error message that lists the places
 */
enum exit_code parent_find(struct layer **parent, const struct chain *chain,
			   const struct parent_options *options)
{
	struct search search = { .chain = chain, .options = options };
	enum exit_code status = DONE;

	*parent = look(&search);
	if (search.found)
		note("%s: its parent is %s", search.child->path, search.found->path);
	else
		status = parent_tried_fail(&search.tried, search.child);
	parent_tried_free(&search.tried);
	return status;
}
