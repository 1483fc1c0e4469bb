/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The search for children of an image.
 */
#ifndef VHDX_IMAGE_CHILDREN_H
#define VHDX_IMAGE_CHILDREN_H

#include <stdbool.h>
#include <sys/stat.h>

struct layer;

/**
 * struct children_search - a search for children
 * @parent:	parents of the children
 * @count:	number of elements in @parent
 * @beside:	images in the directories that are searched
 * @besides:	number of elements in @beside, VHDX_CHAIN_MAX_FILES at most
 * @is_known:	called for each file; true: skip the file
 * @visit:	called for each child, with its parent; false ends the search
 * @context:	for both functions
 */
struct children_search {
	struct layer *const *parent;
	unsigned int count;
	struct layer *const *beside;
	unsigned int besides;
	bool (*is_known)(void *context, const struct stat *status);
	bool (*visit)(void *context, const char *path, const struct layer *parent);
	void *context;
};

void children_each(const struct children_search *search);

#endif /* VHDX_IMAGE_CHILDREN_H */
