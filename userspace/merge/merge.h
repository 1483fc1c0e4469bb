/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merging children into their parent.
 */
#ifndef VHDX_MERGE_MERGE_H
#define VHDX_MERGE_MERGE_H

#include "image/chain.h"
#include "image/write.h"

#define MERGE_MAX_RELINKS 64

struct progress;

/**
 * struct merge - what is to be done
 * @chain:	complete; the first is merged
 * @into:	the one it is merged into, with all between them
 * @keep:	do not delete what was merged
 * @keep_mode:	leave the mode of the target as it is
 * @force:	even if others need what is changed or deleted
 * @relink:	paths of children of the first, to become children of the result
 * @relinks:	how many
 * @progress:	by progress_init()
 * @parents:	where Windows paths are, for re-linking
 */
struct merge {
	struct chain *chain;
	unsigned int into;
	bool keep;
	bool keep_mode;
	bool force;
	const char *relink[MERGE_MAX_RELINKS];
	unsigned int relinks;
	struct progress *progress;
	const struct parent_options *parents;
};

enum exit_code merge_into(const struct merge *merge);

#endif /* VHDX_MERGE_MERGE_H */
