/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A log replayed in memory, for a file that must not be written to.
 */
#ifndef VHDX_IMAGE_REPLAY_MEMORY_H
#define VHDX_IMAGE_REPLAY_MEMORY_H

#include "format/overlay.h"

/**
 * struct vhdx_replay - a log replayed in memory; does not change
 * @overlay:	the pages and ranges that differ
 * @file:	reads the file as it is
 */
struct vhdx_replay {
	struct vhdx_overlay overlay;
	struct vhdx_reader file;
};

struct vhdx_replay *vhdx_replay_create(const struct vhdx_reader *file,
				       const struct vhdx_header *header,
				       struct vhdx_fault *fault);
/**
 * struct vhdx_replay_reader - reads the file with the log replayed
 * @reader:	for the format core
 * @over:	its context
 */
struct vhdx_replay_reader {
	struct vhdx_reader reader;
	struct vhdx_overlay_reader over;
};

int vhdx_replay_reader_open(struct vhdx_replay_reader *reader,
			    const struct vhdx_replay *replay);
void vhdx_replay_reader_close(struct vhdx_replay_reader *reader);
void vhdx_replay_destroy(struct vhdx_replay *replay);

#endif /* VHDX_IMAGE_REPLAY_MEMORY_H */
