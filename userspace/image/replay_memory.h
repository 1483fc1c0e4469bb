/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Replay of a log in memory: the image reads as after the replay, and is not written to.
 */
#ifndef VHDX_IMAGE_REPLAY_MEMORY_H
#define VHDX_IMAGE_REPLAY_MEMORY_H

#include "format/overlay.h"

/**
 * struct replay_memory - a log replayed in memory
 * @sequence:	the active sequence of log entries
 * @overlay:	the changes of the file
 * @context:	for the reader
 * @page:	work space of the reader
 */
struct replay_memory {
	struct vhdx_log_sequence sequence;
	struct vhdx_overlay overlay;
	struct vhdx_overlay_reader context;
	u8 page[VHDX_PAGE_SIZE];
};

enum vhdx_reason replay_memory_find(struct vhdx_log *log, struct vhdx_log_sequence *sequence,
				    const struct vhdx_reader *file,
				    const struct vhdx_header *header, struct vhdx_fault *fault);

struct replay_memory *replay_memory_new(const struct vhdx_reader *file,
					const struct vhdx_header *header,
					struct vhdx_fault *fault);
void replay_memory_reader(struct replay_memory *replayed, struct vhdx_reader *reader);
void replay_memory_free(struct replay_memory *replayed);

#endif /* VHDX_IMAGE_REPLAY_MEMORY_H */
