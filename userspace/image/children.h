/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that would miss a file if it changed.
 */
#ifndef VHDX_IMAGE_CHILDREN_H
#define VHDX_IMAGE_CHILDREN_H

#include <stdbool.h>
#include <sys/stat.h>

struct layer;

/**
 * struct children_search - whose children to look for
 * @parent:	any of these images
 * @count:	how many
 * @beside:	look in the directories of these images
 * @besides:	how many, VHDX_CHAIN_MAX_FILES at most
 * @is_known:	called for each file; true: it is not to be looked at
 * @visit:	called for each child, with the one it is a child of; false ends the search
 * @context:	for both
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
