/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Live snapshot: an attached disk continues in a new child of its image.
 */
#ifndef VHDX_EDIT_SNAPSHOT_LIVE_H
#define VHDX_EDIT_SNAPSHOT_LIVE_H

#include "edit/snapshot.h"

struct disk;

/**
 * struct snapshot_live - a live snapshot
 * @disk:	attached
 * @snapshot:	path of the child and options are set; the rest is filled
 * @held_ns:	set to the time that I/O was held, in ns
 * @path:	of the image that becomes the parent; owned
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
