/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Entering a file system in the context of a submitter: see nowait.c.
 */
#ifndef VHDX_REQUEST_NOWAIT_H
#define VHDX_REQUEST_NOWAIT_H

#include <linux/blk-mq.h>
#include <linux/pagemap.h>

struct bio_list;

/**
 * struct vhdx_nowait - state of the submitter that is hidden from the file system below
 * @bio_list:	current->bio_list
 * @plug:	current->plug
 * @noio:	for memalloc_noio_restore()
 * @read_bytes:	the submitter's count of bytes read
 * @own:	a plug for requests below, if @batch
 * @batch:	for a list of requests
 *
 * On the stack.
 */
struct vhdx_nowait {
	struct bio_list *bio_list;
	struct blk_plug *plug;
	unsigned int noio;
	u64 read_bytes;
	struct blk_plug own;
	bool batch;
};

bool vhdx_nowait_enter(struct vhdx_nowait *scope, const struct request_queue *q, bool batch);
void vhdx_nowait_leave(struct vhdx_nowait *scope);

/* Does it fill the page cache of a block device? File systems read metadata there. */
static inline bool vhdx_nowait_fills_buffers(const struct request *rq)
{
	const struct address_space *mapping = folio_mapping(page_folio(bio_page(rq->bio)));

	return mapping && mapping->host && S_ISBLK(mapping->host->i_mode);
}

/**
 * vhdx_nowait_suits() - is this a request that may be served in its submitter?
 * @rq:		a request
 *
 * A file system that reads metadata may hold any of its locks.
 *
 * Context: any
 * Return: true if it is a read of data
 */
static inline bool vhdx_nowait_suits(const struct request *rq)
{
	return req_op(rq) == REQ_OP_READ && !(rq->cmd_flags & (REQ_META | REQ_PRIO)) &&
	       !vhdx_nowait_fills_buffers(rq);
}

#endif /* VHDX_REQUEST_NOWAIT_H */
