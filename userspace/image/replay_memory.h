/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image as it is once its log is replayed, without writing to it.
 */
#ifndef VHDX_IMAGE_REPLAY_MEMORY_H
#define VHDX_IMAGE_REPLAY_MEMORY_H

#include "format/overlay.h"

/**
 * struct replayed - a log replayed in memory
 * @sequence:	what is in the log
 * @overlay:	what that makes of the file
 * @context:	for the reader
 * @page:	for the reader to work in
 */
struct replayed {
	struct vhdx_log_sequence sequence;
	struct vhdx_overlay overlay;
	struct vhdx_overlay_reader context;
	u8 page[VHDX_PAGE_SIZE];
};

enum vhdx_reason log_find(struct vhdx_log *log, struct vhdx_log_sequence *sequence,
			  const struct vhdx_reader *file, const struct vhdx_header *header,
			  struct vhdx_fault *fault);

struct replayed *replayed_new(const struct vhdx_reader *file, const struct vhdx_header *header,
			      struct vhdx_fault *fault);
void replayed_reader(struct replayed *replayed, struct vhdx_reader *reader);
void replayed_free(struct replayed *replayed);

#endif /* VHDX_IMAGE_REPLAY_MEMORY_H */
