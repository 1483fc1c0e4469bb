/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the parent of an image.
 */
#ifndef VHDXCTL_PARENTS_H
#define VHDXCTL_PARENTS_H

#include "message.h"

struct chain;
struct layer;
struct parent_options;

struct layer *parent_look(const struct chain *chain, const struct parent_options *options);
enum exit_code parent_find(struct layer **parent, const struct chain *chain,
			   const struct parent_options *options);

#endif /* VHDXCTL_PARENTS_H */
