/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Merge of children into a parent.
 */
#ifndef VHDX_MERGE_MERGE_H
#define VHDX_MERGE_MERGE_H

#include "image/chain.h"
#include "image/write.h"

#define MERGE_MAX_RELINKS 64

struct progress;

/**
 * struct merge - a merge
 * @chain:	complete; its first image, the top, is merged
 * @into:	index of the target in @chain; all images above it are merged
 * @keep:	do not delete the merged images
 * @keep_mode:	do not change the mode of the target
 * @force:	merge even if other images need those that change or are deleted
 * @relink:	paths of children of the top, which become children of the target
 * @relinks:	number of elements in @relink
 * @progress:	initialized by progress_init()
 * @parents:	options with --map-path, for @relink
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
