/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a differencing image.
 */
#ifndef VHDXCTL_SNAPSHOT_H
#define VHDXCTL_SNAPSHOT_H

#include "create.h"
#include "parentoptions.h"

struct layer;
struct progress;

/**
 * struct snapshot - what is to be made
 * @parent:	open
 * @child:	path of the new image
 * @replace:	a file of that name is to go
 * @block_size:	of the child, in bytes
 * @maps:	where Windows paths are
 * @plan:	filled by snapshot_make()
 */
struct snapshot {
	const struct layer *parent;
	const char *child;
	bool replace;
	u64 block_size;
	const struct parent_options *maps;
	struct create_plan plan;
};

enum exit_code snapshot_check_parent(const struct layer *parent);
enum exit_code snapshot_make(struct snapshot *snapshot, struct progress *progress);

#endif /* VHDXCTL_SNAPSHOT_H */
