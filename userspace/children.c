// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An image does not know its children. Most of them are in the same directory, and what is
 * there can be asked; what is elsewhere cannot.
 */
#include "children.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/chain.h"
#include "layer.h"
#include "lookup.h"
#include "memory.h"

/* Which of the images is the parent of the one in a file, if it is one? */
static const struct layer *parent_of(const struct children_search *search, const char *path, int fd)
{
	const struct layer *found = NULL;
	struct vhdx_fault fault;
	struct layer *layer;
	unsigned int i;
	int error;

	layer = layer_new(path, fd, &error);
	if (!layer)
		return NULL;
	if (!search->is_known(search->context, &layer->image.file.stat) &&
	    !layer_read(layer, &fault) && layer_has_parent(layer))
		for (i = 0; i < search->count && !found; i++)
			if (vhdx_chain_links(&layer->locator, &search->parent[i]->image.super->
					     header.data_write_guid))
				found = search->parent[i];
	layer_free(layer);
	return found;
}

static const struct layer *parent_of_entry(const struct children_search *search,
					   const char *directory, const char *name, char **path)
{
	int fd = lookup_open(directory, name, LOOKUP_SAME_MOUNT, path);

	return fd < 0 ? NULL : parent_of(search, *path, fd);
}

/**
 * children_find() - find a child of one of some images
 * @search:	of which
 * @beside:	look in the directory of this file
 * @parent:	set to the one it is a child of
 *
 * Return: the path of a child, to be freed; NULL if there is none
 */
char *children_find(const struct children_search *search, const char *beside,
		    const struct layer **parent)
{
	char *copy = xstrdup(beside);
	const char *name = dirname(copy);
	DIR *directory = opendir(name);
	struct dirent *entry;
	char *path = NULL;

	*parent = NULL;
	while (directory && !*parent && (entry = readdir(directory))) {
		free(path);
		path = NULL;
		if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
			*parent = parent_of_entry(search, name, entry->d_name, &path);
	}
	if (directory)
		closedir(directory);
	free(copy);
	if (*parent)
		return path;
	free(path);
	return NULL;
}
