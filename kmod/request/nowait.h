/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Entering a file system from the context of whoever submits a request: see nowait.c.
 */
#ifndef VHDX_REQUEST_NOWAIT_H
#define VHDX_REQUEST_NOWAIT_H

#include <linux/blk-mq.h>
#include <linux/pagemap.h>

struct bio_list;

/**
 * struct vhdx_nowait - what is kept from the file system below, to be put back; on the stack
 * @bio_list:	bios that the block layer holds back while one is submitted
 * @plug:	requests that the submitter collects
 * @noio:	for memalloc_noio_restore()
 * @read_bytes:	what the submitter has read so far
 * @own:	a plug for what is submitted below, if @batch
 * @batch:	more than one request will come
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

/* Is it into the page cache of a block device? File systems read metadata there. */
static inline bool vhdx_nowait_fills_buffers(const struct request *rq)
{
	const struct address_space *mapping = folio_mapping(page_folio(bio_page(rq->bio)));

	return mapping && mapping->host && S_ISBLK(mapping->host->i_mode);
}

/**
 * vhdx_nowait_suits() - may a request be served where it was submitted, as such?
 * @rq:		a request
 *
 * Metadata are read by file systems that may hold any of their locks.
 *
 * Return: true if it is a read of data
 */
static inline bool vhdx_nowait_suits(const struct request *rq)
{
	return req_op(rq) == REQ_OP_READ && !(rq->cmd_flags & (REQ_META | REQ_PRIO)) &&
	       !vhdx_nowait_fills_buffers(rq);
}

#endif /* VHDX_REQUEST_NOWAIT_H */
