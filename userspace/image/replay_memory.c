// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/replay_memory.h"

#include <stdlib.h>

#include "lib/alloc.h"

/**
 * replay_memory_find() - find the active sequence of a log
 * @log:	filled
 * @sequence:	filled on success
 * @file:	reads the file without a replay; must outlive @log
 * @header:	the current header, checked, with a LogGuid
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason replay_memory_find(struct vhdx_log *log, struct vhdx_log_sequence *sequence,
				    const struct vhdx_reader *file,
				    const struct vhdx_header *header, struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_log_init(log, file, header, fault);
	struct vhdx_log_slot *slots;
	void *sector;

	if (reason)
		return reason;
	slots = xcalloc(vhdx_log_sectors(log), sizeof(*slots));
	sector = xcalloc(1, VHDX_LOG_SECTOR_SIZE);
	reason = vhdx_log_find(log, sequence, slots, sector, fault);
	free(sector);
	free(slots);
	return reason;
}

/**
 * replay_memory_new() - replay a log in memory
 * @file:	reads the file without a replay; must outlive the result
 * @header:	the current header, checked, with a LogGuid
 * @fault:	filled on failure
 *
 * Return: the replayed log, for replay_memory_free(); NULL on failure
 */
struct replay_memory *replay_memory_new(const struct vhdx_reader *file,
					const struct vhdx_header *header,
					struct vhdx_fault *fault)
{
	struct replay_memory *replayed = xcalloc(1, sizeof(*replayed));
	struct vhdx_overlay *overlay = &replayed->overlay;
	enum vhdx_reason reason;

	reason = replay_memory_find(&overlay->log, &replayed->sequence, file, header, fault);
	if (!reason) {
		overlay->pages = xcalloc(vhdx_overlay_max_pages(&overlay->log),
					 sizeof(*overlay->pages));
		overlay->zeros = xcalloc(VHDX_OVERLAY_MAX_ZEROS, sizeof(*overlay->zeros));
		reason = vhdx_overlay_build(overlay, &replayed->sequence, replayed->page, fault);
	}
	if (!reason)
		return replayed;
	replay_memory_free(replayed);
	return NULL;
}

/**
 * replay_memory_reader() - make a reader of the file after the replay
 * @replayed:	must outlive @reader
 * @reader:	filled
 */
void replay_memory_reader(struct replay_memory *replayed, struct vhdx_reader *reader)
{
	replayed->context.overlay = &replayed->overlay;
	replayed->context.page = replayed->page;
	reader->read = vhdx_overlay_read;
	reader->context = &replayed->context;
	reader->size = replayed->overlay.file_size;
}

/**
 * replay_memory_free() - free a replayed log
 * @replayed:	the log, or NULL
 */
void replay_memory_free(struct replay_memory *replayed)
{
	if (!replayed)
		return;
	free(replayed->overlay.pages);
	free(replayed->overlay.zeros);
	free(replayed);
}
