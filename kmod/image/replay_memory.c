// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: replay in memory
 *
 * The log says which pages of the file must be replaced, and which ranges zeroed, before
 * anything else is read. For a read-only attach the file stays as it is: an overlay says of
 * each page whether it is in the file, in the log, or zero, and all reads of metadata go
 * through it, from the region tables on.
 *
 * The new pages are not copied. They stay in the log, where the cache reads them when they
 * are needed; the log does not change, because the file is denied to writers. So the overlay
 * takes 32 bytes for a page and 24 for a zeroed range, at most 8 MiB and 96 KiB for the largest
 * log (VHDX_LOG_MAX_LENGTH). A log that needs more is refused.
 */
#include "image/replay_memory.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

/* Find the sequence. The memory of the search, 16 bytes for each sector of the log, is freed. */
static enum vhdx_reason vhdx_replay_find(struct vhdx_overlay *overlay,
					 struct vhdx_log_sequence *sequence, void *sector,
					 int *error, struct vhdx_fault *fault)
{
	struct vhdx_log_slot *slots;
	enum vhdx_reason reason;

	slots = kvmalloc_array(vhdx_log_sectors(&overlay->log), sizeof(*slots), GFP_KERNEL);
	if (!slots) {
		*error = -ENOMEM;
		return VHDX_OK;
	}
	reason = vhdx_log_find(&overlay->log, sequence, slots, sector, fault);
	kvfree(slots);
	return reason;
}

static enum vhdx_reason vhdx_replay_build(struct vhdx_overlay *overlay, void *sector, int *error,
					  struct vhdx_fault *fault)
{
	struct vhdx_log_sequence sequence;
	struct vhdx_overlay_page *pages;
	enum vhdx_reason reason;
	size_t size;

	reason = vhdx_replay_find(overlay, &sequence, sector, error, fault);
	if (reason || *error)
		return reason;
	overlay->pages = kvmalloc_array(vhdx_overlay_max_pages(&overlay->log),
					sizeof(*overlay->pages), GFP_KERNEL);
	overlay->zeros = kvmalloc_array(VHDX_OVERLAY_MAX_ZEROS, sizeof(*overlay->zeros),
					GFP_KERNEL);
	if (!overlay->pages || !overlay->zeros) {
		*error = -ENOMEM;
		return VHDX_OK;
	}
	reason = vhdx_overlay_build(overlay, &sequence, sector, fault);
	if (reason)
		return reason;
	/* the array is for the most pages there could have been: keep the part that is used */
	size = max(overlay->nr_pages, 1U) * sizeof(*pages);
	pages = kvmalloc(size, GFP_KERNEL);
	if (!pages)
		return VHDX_OK;
	memcpy(pages, overlay->pages, overlay->nr_pages * sizeof(*pages));
	kvfree(overlay->pages);
	overlay->pages = pages;
	return VHDX_OK;
}

/**
 * vhdx_replay_create() - read a log that must be replayed, and build its overlay
 * @file:	reads the file as it is; copied
 * @header:	the current header, checked, with a LogGuid
 * @fault:	filled on failure if the failure has a reason
 *
 * Context: process, no locks; reads the whole log.
 * Return: the replay, or an ERR_PTR; if @fault has a reason, that takes precedence
 */
struct vhdx_replay *vhdx_replay_create(const struct vhdx_reader *file,
				       const struct vhdx_header *header,
				       struct vhdx_fault *fault)
{
	struct vhdx_replay *replay = kzalloc(sizeof(*replay), GFP_KERNEL);
	void *sector = kmalloc(VHDX_LOG_SECTOR_SIZE, GFP_KERNEL);
	enum vhdx_reason reason = VHDX_OK;
	int error = -ENOMEM;

	if (replay && sector) {
		error = 0;
		replay->file = *file;
		reason = vhdx_log_init(&replay->overlay.log, &replay->file, header, fault);
		if (!reason)
			reason = vhdx_replay_build(&replay->overlay, sector, &error, fault);
	}
	kfree(sector);
	if (!reason && !error)
		return replay;
	if (replay)
		vhdx_replay_destroy(replay);
	return ERR_PTR(reason ? -EUCLEAN : error);
}

/**
 * vhdx_replay_destroy() - undo vhdx_replay_create()
 * @replay:	without users
 *
 * Context: process
 */
void vhdx_replay_destroy(struct vhdx_replay *replay)
{
	kvfree(replay->overlay.zeros);
	kvfree(replay->overlay.pages);
	kfree(replay);
}

/**
 * vhdx_replay_reader_open() - prepare to read the file with the log replayed
 * @reader:	filled; must not be moved
 * @replay:	the changes of the log; must exist as long as the reader
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_replay_reader_open(struct vhdx_replay_reader *reader, const struct vhdx_replay *replay)
{
	reader->over.overlay = &replay->overlay;
	reader->over.page = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);
	reader->reader.read = vhdx_overlay_read;
	reader->reader.context = &reader->over;
	reader->reader.size = replay->overlay.file_size;
	return reader->over.page ? 0 : -ENOMEM;
}

/**
 * vhdx_replay_reader_close() - undo vhdx_replay_reader_open()
 * @reader:	open, or failed to open
 *
 * Context: process
 */
void vhdx_replay_reader_close(struct vhdx_replay_reader *reader)
{
	kfree(reader->over.page);
}
