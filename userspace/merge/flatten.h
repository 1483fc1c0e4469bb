/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new image without parents that shows what a chain shows.
 */
#ifndef VHDX_MERGE_FLATTEN_H
#define VHDX_MERGE_FLATTEN_H

#include <stdbool.h>

#include "lib/message.h"

struct chain;
struct progress;

enum exit_code flatten(const struct chain *chain, const char *path, bool replace,
		       struct progress *progress);

#endif /* VHDX_MERGE_FLATTEN_H */
