/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One block request on its way through the image: looked up, read, completed.
 */
#ifndef VHDX_COMMAND_H
#define VHDX_COMMAND_H

#include <linux/blk-mq.h>
#include <linux/llist.h>

#include "backing.h"
#include "pager.h"

struct vhdx_image;

/* Vectors kept in the request itself: enough that allocating more is rare. */
#define VHDX_INLINE_BVECS 8

/**
 * struct vhdx_command - what we keep with each request, in its pdu
 * @node:	for whoever queues commands
 * @image:	what it reads from
 * @again:	called when what it waited for is there: have vhdx_command_run() called from
 *		a context that may sleep. Called in any context, interrupts included.
 * @done:	bytes of the request that have been read
 * @want:	bytes asked for by @io
 * @error:	0, or why it fails
 * @waiter:	for a page of metadata
 * @io:		the read of its data
 * @bvecs:	vectors allocated for @io, or NULL
 * @inline_bvecs: or those
 */
struct vhdx_command {
	struct llist_node node;
	struct vhdx_image *image;
	void (*again)(struct vhdx_command *command);
	u32 done;
	u32 want;
	int error;
	struct vhdx_pager_waiter waiter;
	struct vhdx_io io;
	struct bio_vec *bvecs;
	struct bio_vec inline_bvecs[VHDX_INLINE_BVECS];
};

void vhdx_command_init(struct vhdx_command *command, struct vhdx_image *image,
		       void (*again)(struct vhdx_command *command));
void vhdx_command_run(struct vhdx_command *command);
void vhdx_command_fail(struct vhdx_command *command, int error);

#endif /* VHDX_COMMAND_H */
