/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The journal from inside: for journal.c and the journal_*.c below it.
 */
#ifndef VHDX_META_JOURNAL_INTERNAL_H
#define VHDX_META_JOURNAL_INTERNAL_H

#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "meta/journal.h"
#include "meta/log_ring.h"
#include "meta/session.h"

struct vhdx_page_log;

/*
 * I: constant after vhdx_journal_create(); L: under @lock; P: only for the context that set
 * @placing; J: only for the journal's thread, and after it has ended for vhdx_journal_close();
 * R: written by the thread, read without lock
 */
struct vhdx_journal {
	struct vhdx_journal_options o;		/* I */
	struct vhdx_session session;		/* J; header's GUIDs L */
	struct vhdx_log_ring ring;			/* J */
	struct vhdx_log_ring_page *batch;		/* J: copies of the pages of this commit */
	struct vhdx_page **batch_page;		/* J: the pages that these are copies of */
	void **images;				/* J: unused buffers of VHDX_PAGE_SIZE bytes */
	unsigned int nr_images;			/* J */
	unsigned int max_images;		/* I */
	struct list_head logged;		/* J: of vhdx_page_log.logged */
	bool begun;				/* R: see vhdx_journal_begun() */
	int error;				/* R: 0 until the journal fails */
	u64 commits;				/* J */
	unsigned int nr_logged;			/* J */

	spinlock_t lock;
	struct list_head dirty;			/* L: of vhdx_page_log.dirty */
	unsigned int nr_dirty;			/* L */
	unsigned int nr_charged;		/* L: pages dirty, reserved or both */
	unsigned int max_dirty;			/* I: limit of both */
	struct list_head beginners;		/* L: wait for the session to begin */
	struct list_head flushers;		/* L: wait for the next commit */
	struct list_head committing;		/* L: wait for the commit under way */
	struct list_head reservers;		/* L: wait for fewer charged pages */
	struct list_head placers;		/* L: wait for the end of @placing */
	bool placing;				/* L: a page's place is being allocated */

	struct xarray placed;			/* P: MiB of the file that are allocated */

	struct task_struct *thread;
	wait_queue_head_t wait;
};

bool vhdx_journal_may_wait(const struct vhdx_journal *journal);
void vhdx_journal_kick(struct vhdx_journal *journal);
void vhdx_journal_join(struct vhdx_journal *journal, struct list_head *list,
		       struct vhdx_waiter *waiter);
void vhdx_journal_complete(struct vhdx_journal *journal, struct list_head *list, int error);
int vhdx_journal_fail(struct vhdx_journal *journal, const char *what, int error);

int vhdx_journal_do_begin(struct vhdx_journal *journal);
int vhdx_journal_start_log(struct vhdx_journal *journal);
void vhdx_journal_stamp_sizes(struct vhdx_journal *journal, u64 flushed);

void vhdx_journal_uncharge(struct vhdx_journal *journal, const struct vhdx_page_log *log);

int vhdx_journal_place(struct vhdx_journal *journal, struct vhdx_page *page);
void vhdx_journal_wait_place(struct vhdx_journal *journal, struct vhdx_waiter *waiter);

int vhdx_journal_checkpoint(struct vhdx_journal *journal);
int vhdx_journal_commit(struct vhdx_journal *journal);

#endif /* VHDX_META_JOURNAL_INTERNAL_H */
