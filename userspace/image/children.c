// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * An image has no record of its children. Most children are in the same directory, so the search
 * reads the files there. Children in other directories are not found.
 *
 * A file is a child if one of its linkage GUIDs is the DataWriteGuid of the image. A copy of the
 * image has the same DataWriteGuid. If both are in one directory, the child belongs to the file to
 * which its relative path leads.
 *
 * The search has a limit of files and of time, for large directories and slow file systems.
 */
#include "image/children.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image/layer.h"
#include "image/safe_open.h"
#include "image/winpath.h"
#include "lib/alloc.h"
#include "lib/message.h"
#include "format/chain.h"

#define SEARCH_MAX_FILES	20000
#define SEARCH_MAX_SECONDS	10

static bool links_to(const struct layer *child, const struct layer *parent)
{
	return vhdx_chain_links(&child->locator, &parent->image.super->header.data_write_guid);
}

/* Test whether the relative path of a child leads to another file that may be its parent too. */
static bool names_another(const struct layer *child, const struct layer *parent,
			  const char *directory)
{
	char *text = layer_text(child, &child->locator.relative_path);
	char *normal = text ? winpath_normal(text) : NULL;
	char *path = NULL;
	struct layer *named = NULL;
	struct vhdx_fault fault;
	int error, fd = -1;
	bool another;

	if (normal && winpath_is_relative(normal))
		fd = safe_open(directory, normal, SAFE_OPEN_SAME_MOUNT, &path);
	if (fd >= 0)
		named = layer_new(path, fd, &error);
	another = named && !layer_read(named, &fault) && links_to(child, named) &&
		  !layer_is_file(named, &parent->image.file.stat);
	layer_free(named);
	free(path);
	free(normal);
	free(text);
	return another;
}

/*
 * Visits a file if it is a child of one of @search->parent. Counts a file that the caller may not
 * read: it may be a child. Return: false ends the search
 */
static bool look_at_entry(const struct children_search *search, const char *directory,
			  const char *name, unsigned int *unreadable)
{
	const struct layer *parent = NULL;
	struct layer *layer = NULL;
	struct vhdx_fault fault;
	char *path = NULL;
	bool go_on = true;
	unsigned int i;
	int error, fd = safe_open(directory, name, SAFE_OPEN_SAME_MOUNT, &path);

	if (fd >= 0)
		layer = layer_new(path, fd, &error);
	else if (fd == -EACCES)
		(*unreadable)++;
	if (layer && !search->is_known(search->context, &layer->image.file.stat) &&
	    !layer_read(layer, &fault) && layer_has_parent(layer))
		for (i = 0; i < search->count && !parent; i++)
			if (links_to(layer, search->parent[i]) &&
			    !names_another(layer, search->parent[i], directory))
				parent = search->parent[i];
	layer_free(layer);
	if (parent)
		go_on = search->visit(search->context, path, parent);
	free(path);
	return go_on;
}

/* The search is repeated after the image is locked: print each warning once. */
static bool warnings_printed;

/* Warns if not all files of the directory were searched. Return: false ends the search */
static bool look_in(const struct children_search *search, const char *name)
{
	DIR *directory = opendir(name);
	time_t end = time(NULL) + SEARCH_MAX_SECONDS;
	unsigned int files = 0, unreadable = 0;
	struct dirent *entry;
	bool go_on = true;

	if (!directory && !warnings_printed)
		warn("%s: cannot be searched for children of %s (%s)", name,
		     search->parent[0]->path, strerror(errno));
	while (directory && go_on && (entry = readdir(directory))) {
		if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
			continue;
		if (files++ == SEARCH_MAX_FILES || time(NULL) > end) {
			if (!warnings_printed)
				warn("%s: has too many files; not all were searched for children "
				     "of %s", name, search->parent[0]->path);
			break;
		}
		go_on = look_at_entry(search, name, entry->d_name, &unreadable);
	}
	if (unreadable && !warnings_printed)
		warn("%s: has files that cannot be read (%u); they may be children of %s", name,
		     unreadable, search->parent[0]->path);
	if (directory)
		closedir(directory);
	return go_on;
}

/**
 * struct places - a set of directories
 * @name:	real paths
 * @count:	number of directories
 */
struct places {
	char *name[2 * VHDX_CHAIN_MAX_FILES];
	unsigned int count;
};

/* @path: path of a file in the directory */
static void add_place(struct places *places, const char *path)
{
	char *copy = xstrdup(path);
	char *name = realpath(dirname(copy), NULL);
	unsigned int i;

	free(copy);
	for (i = 0; name && i < places->count; i++) {
		if (!strcmp(places->name[i], name)) {
			free(name);
			return;
		}
	}
	if (name)
		places->name[places->count++] = name;
}

/**
 * children_each() - find the children of some images
 * @search:	parents, directories and callbacks
 *
 * If the path of an image is a symbolic link, the directories of the link and of the file are
 * searched.
 */
void children_each(const struct children_search *search)
{
	struct places places = { 0 };
	bool go_on = true;
	unsigned int i;

	for (i = 0; i < search->besides; i++) {
		char *real = realpath(search->beside[i]->path, NULL);

		if (real)
			add_place(&places, real);
		free(real);
		add_place(&places, search->beside[i]->path);
	}
	for (i = 0; i < places.count; i++) {
		go_on = go_on && look_in(search, places.name[i]);
		free(places.name[i]);
	}
	warnings_printed = true;
}
