/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * An open image with its parents.
 */
#ifndef VHDX_IMAGE_CHAIN_H
#define VHDX_IMAGE_CHAIN_H

#include "image/layer.h"
#include "image/parent_options.h"

/**
 * struct chain - the files of a disk
 * @layer:	the image itself, its parent, the parent of that, and so on
 * @count:	number of files; 0 if not even the image itself could be opened
 */
struct chain {
	struct layer *layer[VHDX_CHAIN_MAX_FILES];
	unsigned int count;
};

enum exit_code chain_open(struct chain *chain, const char *path,
			  const struct parent_options *options);
enum exit_code chain_open_image(struct chain *chain, const char *path);
enum exit_code chain_open_parents(struct chain *chain, const struct parent_options *options);
void chain_open_found(struct chain *chain, const struct parent_options *options);
enum exit_code chain_check_child(const struct chain *chain);
void chain_warn_written(const struct chain *chain);
void chain_close(struct chain *chain);

#endif /* VHDX_IMAGE_CHAIN_H */
