/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The log of a session: a ring that entries are appended to.
 */
#ifndef VHDX_META_LOG_RING_H
#define VHDX_META_LOG_RING_H

#include "format/log_encode.h"

struct bio_vec;
struct vhdx_backing;
struct vhdx_session;

/* With so many pages, all descriptors of an entry are in its first sector. */
#define VHDX_LOG_RING_MAX_PAGES	96U

/**
 * struct vhdx_log_ring_page - a page to be logged
 * @offset:	of its place in the file, in bytes
 * @image:	VHDX_PAGE_SIZE bytes of kmalloc(); modified while it is written, then restored
 */
struct vhdx_log_ring_page {
	u64 offset;
	void *image;
};

/**
 * struct vhdx_log_ring - the log of a session
 * @backing:	the file
 * @offset:	of the ring in the file, in bytes
 * @length:	of the ring, in bytes
 * @stamp:	LogGuid and sequence number of the newest entry, and the sizes for the next one
 * @head:	offset in the ring of the next entry
 * @needed:	offset in the ring of the oldest entry without a durable checkpoint
 * @any_needed:	there is such an entry
 * @used:	bytes before @head that must not be overwritten: from the Tail of the newest durable
 *		entry on
 * @next_used:	what @used is once the newest entry is durable
 * @started:	the header names this log
 * @first:	VHDX_LOG_SECTOR_SIZE bytes: header and descriptors of an entry
 * @bvecs:	enough of them to write the longest entry
 */
struct vhdx_log_ring {
	struct vhdx_backing *backing;
	u64 offset;
	u32 length;
	struct vhdx_log_stamp stamp;
	u32 head;
	u32 needed;
	bool any_needed;
	u32 used;
	u32 next_used;
	bool started;
	void *first;
	struct bio_vec *bvecs;
};

int vhdx_log_ring_init(struct vhdx_log_ring *ring, struct vhdx_backing *backing, u64 offset,
		       u32 length);
void vhdx_log_ring_exit(struct vhdx_log_ring *ring);

int vhdx_log_ring_start(struct vhdx_log_ring *ring, struct vhdx_session *session);
unsigned int vhdx_log_ring_max_pages(const struct vhdx_log_ring *ring);
unsigned int vhdx_log_ring_max_logged(const struct vhdx_log_ring *ring);
bool vhdx_log_ring_filling(const struct vhdx_log_ring *ring, unsigned int pages);
int vhdx_log_ring_append(struct vhdx_log_ring *ring, struct vhdx_log_ring_page *pages,
			 unsigned int nr);
void vhdx_log_ring_durable(struct vhdx_log_ring *ring);
void vhdx_log_ring_checkpointed(struct vhdx_log_ring *ring);

#endif /* VHDX_META_LOG_RING_H */
