/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The journal: how metadata is changed, and becomes durable.
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
 * struct vhdx_journal_options - what a journal works with
 * @backing:	the file
 * @cache:	its pages
 * @space:	its space
 * @header:	its current header; the log is empty
 * @slot:	where that is
 * @fixed:	the BAT hardly ever changes: do without the log until it does
 * @index:	number of the disk, for the thread's name
 * @on_failure:	called once when nothing more can be written; may sleep
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
 * struct vhdx_journal_stats - for people
 * @commits:	entries written to the log
 * @dirty:	pages changed and not in the log
 * @logged:	pages in the log and not in their place
 * @failed:	0, or why nothing is written any more
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
 * Pages that one change may concern: the largest block's slice of a sector bitmap has 16,
 * and then there is the BAT. The smallest log has room for 62 in one entry.
 */
#define VHDX_CHANGE_PAGES	17

/**
 * struct vhdx_edit - one change while it is being made, under the journal's lock
 * @journal:	the journal
 * @pages:	reserved
 * @kept:	bit set: those that this change made dirty
 */
struct vhdx_edit {
	struct vhdx_journal *journal;
	struct vhdx_page *const *pages;
	u32 kept;
};

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
