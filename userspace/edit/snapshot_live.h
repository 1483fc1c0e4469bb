/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in use goes on in a new child of its image.
 */
#ifndef VHDX_EDIT_SNAPSHOT_LIVE_H
#define VHDX_EDIT_SNAPSHOT_LIVE_H

#include "edit/snapshot.h"

struct disk;

/**
 * struct live_snapshot - what is to be made of a disk
 * @disk:	attached
 * @snapshot:	path of the child and options; the rest is filled
 * @held_ns:	filled: for how long I/O was held, in nanoseconds
 * @path:	of the image that becomes the parent
 */
struct live_snapshot {
	const struct disk *disk;
	struct snapshot *snapshot;
	u64 held_ns;
	char *path;
};

enum exit_code live_snapshot(struct live_snapshot *live);
void live_snapshot_free(struct live_snapshot *live);

#endif /* VHDX_EDIT_SNAPSHOT_LIVE_H */
