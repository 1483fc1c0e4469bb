/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Merge of the payload blocks.
 */
#ifndef VHDX_MERGE_BLOCKS_H
#define VHDX_MERGE_BLOCKS_H

#include "check/check.h"
#include "edit/target.h"
#include "image/chain_map.h"

/**
 * struct merge_blocks - the merge of the payload blocks
 * @upper:	map of the merged images
 * @whole:	map of the whole chain
 * @own:	map of the target image by itself
 * @target:	the target image, for writing
 * @check:	completed check of the target image, without errors
 * @progress:	initialized by progress_init()
 */
struct merge_blocks {
	struct chain_map upper;
	struct chain_map whole;
	struct layer_map own;
	struct target target;
	const struct check *check;
	struct progress *progress;
};

enum exit_code merge_blocks_check(struct merge_blocks *blocks);
enum exit_code merge_blocks(struct merge_blocks *blocks);

#endif /* VHDX_MERGE_BLOCKS_H */
