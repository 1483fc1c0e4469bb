/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file of a chain: an image, and whose child it says it is.
 */
#ifndef VHDX_IMAGE_LAYER_H
#define VHDX_IMAGE_LAYER_H

#include "image/image.h"
#include "format/locator.h"

/**
 * struct layer - a file of a chain
 * @path:	its name, for messages and for finding its parent
 * @image:	open
 * @locator:	of its parent, if it has one
 * @locator_item: the item its texts are in; NULL: it has no parent
 */
struct layer {
	char *path;
	struct image image;
	struct vhdx_locator locator;
	u8 *locator_item;
};

struct layer *layer_new(const char *path, int fd, int *error);
enum vhdx_reason layer_read(struct layer *layer, struct vhdx_fault *fault);
enum exit_code layer_open(struct layer **layer, const char *path);
void layer_free(struct layer *layer);

bool layer_has_parent(const struct layer *layer);
bool layer_is_file(const struct layer *layer, const struct stat *status);
char *layer_text(const struct layer *layer, const struct vhdx_locator_text *text);

#endif /* VHDX_IMAGE_LAYER_H */
