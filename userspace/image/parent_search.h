/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The search for the parent of an image.
 */
#ifndef VHDX_IMAGE_PARENT_SEARCH_H
#define VHDX_IMAGE_PARENT_SEARCH_H

#include "lib/message.h"

struct chain;
struct layer;
struct parent_options;

struct layer *parent_look(const struct chain *chain, const struct parent_options *options);
enum exit_code parent_find(struct layer **parent, const struct chain *chain,
			   const struct parent_options *options);

#endif /* VHDX_IMAGE_PARENT_SEARCH_H */
