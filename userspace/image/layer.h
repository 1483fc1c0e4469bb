/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * One file of a chain: an image with its parent locator.
 */
#ifndef VHDX_IMAGE_LAYER_H
#define VHDX_IMAGE_LAYER_H

#include "image/image.h"
#include "format/locator.h"

/**
 * struct layer - a file of a chain
 * @path:	path, for messages and for the search for its parent; owned
 * @image:	open
 * @locator:	parent locator, if the image has a parent
 * @locator_item: the metadata item with the texts of @locator; NULL: no parent
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
