/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data part of a merge.
 */
#ifndef VHDX_MERGE_BLOCKS_H
#define VHDX_MERGE_BLOCKS_H

#include "check/check.h"
#include "edit/target.h"
#include "image/chain_map.h"

/**
 * struct merge_blocks - blocks being merged
 * @upper:	what is merged, and nothing below it
 * @whole:	the whole chain
 * @own:	the image it is merged into, by itself
 * @target:	the same, for writing
 * @check:	of it, without errors: what is used in it
 * @progress:	by progress_init()
 */
struct merge_blocks {
	struct chain_map upper;
	struct chain_map whole;
	struct layer_map own;
	struct target target;
	const struct check *check;
	struct progress *progress;
};

enum exit_code merge_blocks(struct merge_blocks *blocks);

#endif /* VHDX_MERGE_BLOCKS_H */
