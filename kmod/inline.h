/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entering a file system from the context of whoever submits a request: see inline.c.
 */
#ifndef VHDX_INLINE_H
#define VHDX_INLINE_H

#include <linux/blk-mq.h>

struct bio_list;

/**
 * struct vhdx_inline - what is kept from the file system below, to be put back; on the stack
 * @bio_list:	bios that the block layer holds back while one is submitted
 * @plug:	requests that the submitter collects
 * @timestamp:	PF_BLOCK_TS if the plug has a time
 * @noio:	for memalloc_noio_restore()
 * @read_bytes:	what the submitter has read so far
 * @own:	a plug for what is submitted below, if @batch
 * @batch:	more than one request will come
 */
struct vhdx_inline {
	struct bio_list *bio_list;
	struct blk_plug *plug;
	unsigned int timestamp;
	unsigned int noio;
	u64 read_bytes;
	struct blk_plug own;
	bool batch;
};

bool vhdx_inline_enter(struct vhdx_inline *scope, bool batch);
void vhdx_inline_leave(struct vhdx_inline *scope);

/**
 * vhdx_inline_suits() - may a request be served where it was submitted, as such?
 * @rq:		a request
 *
 * Metadata are read by file systems that may hold any of their locks.
 *
 * Return: true if it is a read of data
 */
static inline bool vhdx_inline_suits(const struct request *rq)
{
	return req_op(rq) == REQ_OP_READ && !(rq->cmd_flags & (REQ_META | REQ_PRIO));
}

#endif /* VHDX_INLINE_H */
