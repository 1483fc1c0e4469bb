/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in use goes on in a new child of its image.
 */
#ifndef VHDX_EDIT_SNAPSHOT_LIVE_H
#define VHDX_EDIT_SNAPSHOT_LIVE_H

#include "edit/snapshot.h"

struct disk;

/**
 * struct snapshot_live - what is to be made of a disk
 * @disk:	attached
 * @snapshot:	path of the child and options; the rest is filled
 * @held_ns:	filled: for how long I/O was held, in nanoseconds
 * @path:	of the image that becomes the parent
 */
struct snapshot_live {
	const struct disk *disk;
	struct snapshot *snapshot;
	u64 held_ns;
	char *path;
};

enum exit_code snapshot_live(struct snapshot_live *live);
void snapshot_live_free(struct snapshot_live *live);

#endif /* VHDX_EDIT_SNAPSHOT_LIVE_H */
