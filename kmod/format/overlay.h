/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A log replayed in memory: the contents of each page of the file after replay.
 */
#ifndef VHDX_FORMAT_OVERLAY_H
#define VHDX_FORMAT_OVERLAY_H

#include "log_scan.h"

/* Limit of zeroed ranges, and so of the memory of an overlay and the time of a look-up */
#define VHDX_OVERLAY_MAX_ZEROS	4096U

/**
 * struct vhdx_overlay_page - a page whose contents are in the log
 * @offset:	in the file
 * @order:	number of the change: of several changes the last one counts
 * @sector:	offset in the ring of its data sector
 * @leading:	the page's first 8 bytes
 * @trailing:	its last 4 bytes
 */
struct vhdx_overlay_page {
	u64 offset;
	u32 order;
	u32 sector;
	u8 leading[8];
	u8 trailing[4];
};

/**
 * struct vhdx_overlay_zero - a range of the file that became zeros
 * @offset:	in the file
 * @length:	bytes
 * @order:	number of the change
 */
struct vhdx_overlay_zero {
	u64 offset;
	u64 length;
	u32 order;
};

/**
 * struct vhdx_overlay - all changes of the active sequence
 * @log:	which log; its reader reads the file as it is
 * @file_size:	bytes of the file after replay
 * @entries:	entries replayed
 * @pages:	sorted by offset, none twice, once vhdx_overlay_build() is done
 * @nr_pages:	how many
 * @zeros:	in the order of the changes
 * @nr_zeros:	how many
 *
 * Data sectors are not copied: a page takes 32 bytes of memory.
 */
struct vhdx_overlay {
	struct vhdx_log log;
	u64 file_size;
	u32 entries;
	struct vhdx_overlay_page *pages;
	u32 nr_pages;
	struct vhdx_overlay_zero *zeros;
	u32 nr_zeros;
};

enum vhdx_overlay_kind {
	VHDX_OVERLAY_FILE,		/* as in the file */
	VHDX_OVERLAY_ZERO,
	VHDX_OVERLAY_LOG,		/* in a data sector of the log */
};

/* Number of @pages that vhdx_overlay_build() may need; of @zeros it is VHDX_OVERLAY_MAX_ZEROS */
static inline u32 vhdx_overlay_max_pages(const struct vhdx_log *log)
{
	return vhdx_log_sectors(log);
}

enum vhdx_reason vhdx_overlay_build(struct vhdx_overlay *overlay,
				    const struct vhdx_log_sequence *sequence, void *sector,
				    struct vhdx_fault *fault);
enum vhdx_overlay_kind vhdx_overlay_find(const struct vhdx_overlay *overlay, u64 offset,
					 const struct vhdx_overlay_page **page);
bool vhdx_overlay_touches(const struct vhdx_overlay *overlay, u64 offset, u64 length);
int vhdx_overlay_read(void *context, u64 offset, void *buffer, u32 length);

/**
 * struct vhdx_overlay_reader - context of vhdx_overlay_read()
 * @overlay:	of the file
 * @page:	VHDX_PAGE_SIZE bytes to work in
 */
struct vhdx_overlay_reader {
	const struct vhdx_overlay *overlay;
	void *page;
};

/**
 * struct vhdx_overlay_writer - how vhdx_overlay_apply() writes
 * @zero:	make a range of the file zeros. Return: 0; anything else ends the replay
 * @write:	write a page of the file. Return: as @zero
 * @context:	for both
 * @page:	VHDX_PAGE_SIZE bytes to work in
 */
struct vhdx_overlay_writer {
	int (*zero)(void *context, u64 offset, u64 length);
	int (*write)(void *context, u64 offset, void *page);
	void *context;
	void *page;
};

int vhdx_overlay_apply(const struct vhdx_overlay *overlay,
		       const struct vhdx_overlay_writer *writer);

#endif /* VHDX_FORMAT_OVERLAY_H */
