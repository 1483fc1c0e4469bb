/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A page of 4 KiB of metadata: its contents and its state, in the cache and in the journal. For
 * these two only; the other parts of the module know pages by their offset in the file.
 */
#ifndef VHDX_META_PAGE_H
#define VHDX_META_PAGE_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/types.h>

#include "backing/backing.h"
#include "format/disk.h"
#include "meta/lru.h"

struct vhdx_cache;

/**
 * struct vhdx_page_log - the state of a page in the journal; the cache only initializes it
 * @dirty:	on the list of pages that were changed since they were last logged
 * @logged:	on the list of pages that are in the log, and newer there than at their place
 * @image:	while on @logged: the contents as they were logged last
 * @reservations: number of changes that are reserved and not made yet
 * @placed:	the file system has room for the page at its place; see journal_place.c
 */
struct vhdx_page_log {
	struct list_head dirty;
	struct list_head logged;
	void *image;
	unsigned int reservations;
	bool placed;
};

/*
 * I: constant after vhdx_page_alloc(); L: under xa_lock of cache->pages; R: read without lock, see
 * cache.c
 */
struct vhdx_page {
	struct vhdx_cache *cache;	/* I */
	u64 index;			/* I: offset in the file, in pages */
	u64 from;			/* byte offset of its contents: own place or log */
	void *data;			/* I: VHDX_PAGE_SIZE bytes; only the journal changes them */
	bool loaded;			/* R */
	bool suspect;			/* constant once loaded; see vhdx_cache_owner.finish */
	unsigned int pins;		/* L: not 0: not dropped */
	struct vhdx_page_log log;	/* for the journal */
	struct vhdx_lru_entry lru;	/* L: on cache->loading, then on cache->lru */
	struct list_head waiters;	/* L: of struct vhdx_waiter, until loaded */
	struct bio_vec bvec;		/* of the read */
	struct vhdx_io io;
	struct rcu_head rcu;
};

/* Offset of the page's own place in the file, in bytes. Context: any; @page is pinned */
static inline u64 vhdx_page_offset(const struct vhdx_page *page)
{
	return page->index << VHDX_PAGE_SHIFT;
}

/*
 * The contents, VHDX_PAGE_SIZE bytes. Only the journal changes them, under its lock. Readers may
 * load single words at any time. Context: any; @page is pinned
 */
static inline __le64 *vhdx_page_words(struct vhdx_page *page)
{
	return page->data;
}

/* The part of @page that belongs to the journal. Context: any; @page is pinned */
static inline struct vhdx_page_log *vhdx_page_log(struct vhdx_page *page)
{
	return &page->log;
}

/* The page that @log is a part of. Context: any */
static inline struct vhdx_page *vhdx_page_of_log(struct vhdx_page_log *log)
{
	return container_of(log, struct vhdx_page, log);
}

#endif /* VHDX_META_PAGE_H */
