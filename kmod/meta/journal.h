/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The journal: changes of metadata, in memory and durable.
 */
#ifndef VHDX_META_JOURNAL_H
#define VHDX_META_JOURNAL_H

#include <linux/types.h>

#include "waiter.h"
#include "format/header.h"

struct vhdx_backing;
struct vhdx_journal;
struct vhdx_page;
struct vhdx_cache;
struct vhdx_space;

/**
 * struct vhdx_journal_options - parameters of vhdx_journal_create()
 * @backing:	the file, writable
 * @cache:	cache of its metadata pages
 * @space:	map of its space
 * @header:	its current header; the log is empty
 * @slot:	0 or 1: the copy that @header is
 * @fixed:	the image is fixed: its BAT hardly changes, so S2 waits for the first commit that
 *		has metadata
 * @index:	number of the disk, for the thread's name
 * @on_failure:	called once, when the journal fails; may sleep
 * @context:	for @on_failure
 */
struct vhdx_journal_options {
	struct vhdx_backing *backing;
	struct vhdx_cache *cache;
	struct vhdx_space *space;
	const struct vhdx_header *header;
	unsigned int slot;
	bool fixed;
	int index;
	void (*on_failure)(void *context, const char *what, int error);
	void *context;
};

/**
 * struct vhdx_journal_stats - counters of a journal
 * @commits:	entries written to the log
 * @dirty:	pages changed and not in the log
 * @logged:	pages in the log that no checkpoint has written
 * @failed:	0, or the negative errno by which the journal failed
 */
struct vhdx_journal_stats {
	u64 commits;
	unsigned int dirty;
	unsigned int logged;
	int failed;
};

struct vhdx_journal *vhdx_journal_create(const struct vhdx_journal_options *options);
int vhdx_journal_close(struct vhdx_journal *journal, bool *log_left);

int vhdx_journal_error(const struct vhdx_journal *journal);
bool vhdx_journal_begun(const struct vhdx_journal *journal);
void vhdx_journal_begin(struct vhdx_journal *journal, struct vhdx_waiter *waiter);
void vhdx_journal_flush(struct vhdx_journal *journal, struct vhdx_waiter *waiter);
void vhdx_journal_abandon(struct vhdx_journal *journal);

/*
 * Pages of one change at most: 16 of the sector bitmap, for the largest block, and one of the BAT.
 * The smallest log has room for 63 pages in one entry.
 */
#define VHDX_CHANGE_PAGES	17

/**
 * struct vhdx_edit - a change while it is being made, under the journal's lock
 * @journal:	the journal
 * @pages:	the reserved pages
 * @kept:	bit mask of @pages: those that this change made dirty, whose pins the journal keeps
 */
struct vhdx_edit {
	struct vhdx_journal *journal;
	struct vhdx_page *const *pages;
	u32 kept;
};

/* Makes a change with vhdx_edit_read() and vhdx_edit_write(). Context: under a spinlock */
typedef void (*vhdx_edit_fn)(struct vhdx_edit *edit, void *context);

bool vhdx_journal_reserve(struct vhdx_journal *journal, const u64 *offsets, unsigned int nr,
			  struct vhdx_page **pages, struct vhdx_waiter *waiter);
void vhdx_journal_cancel(struct vhdx_journal *journal, struct vhdx_page *const *pages,
			 unsigned int nr);
void vhdx_journal_change(struct vhdx_journal *journal, struct vhdx_page *const *pages,
			 unsigned int nr, vhdx_edit_fn make, void *context);
u64 vhdx_edit_read(const struct vhdx_edit *edit, unsigned int i, u64 offset);
void vhdx_edit_write(struct vhdx_edit *edit, unsigned int i, u64 offset, u64 word);

void vhdx_journal_data_guid(struct vhdx_journal *journal, struct vhdx_guid *guid);
void vhdx_journal_stats(struct vhdx_journal *journal, struct vhdx_journal_stats *stats);

#endif /* VHDX_META_JOURNAL_H */
