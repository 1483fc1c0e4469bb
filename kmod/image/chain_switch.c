// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: a live snapshot
 *
 * A disk in use goes on in a new child, and the file it was in until now becomes that
 * child's parent. Everything that can fail for want of memory, space or sense is done
 * before the disk is stopped:
 *
 *	L1  User space makes the child, empty, linked to what the disk's file is now
 *	    (DataWriteGuid), and hands it over.
 *	L2  Open it for writing, its parent being the disk's image as it is. Nothing is
 *	    written to it.
 *	L3  Commit what is dirty, so that less is left to be done when the disk is stopped;
 *	    and again, if that took so long that there is much anew.
 *	L4  Hold I/O: requests that are on their way are completed, new ones wait.
 *	L5  See that the link still holds: the first write of a session changes DataWriteGuid,
 *	    and may have come after L1. If so, nothing has happened: -EAGAIN, here and in L2;
 *	    user space goes back to L1.
 *	L6  End the session of the file: commit, write home, headers without LogGuid. It is a
 *	    valid image now that has all that was ever completed, and stays as it is.
 *	L7  The child is the disk's image. I/O goes on. What looks at the image from outside
 *	    is kept away only in two moments that take no I/O: when the session is about to
 *	    end, and now.
 *	L8  What the parent's file does not use is given back to the file system: space that
 *	    discards have freed, and the end of the file. What was remembered of its own
 *	    parents is forgotten.
 *	L9  The parent's file is closed as one to write to, and denied to writers.
 *
 * Nothing between L4 and L7 takes longer the more there was discarded, freed or remembered.
 * It takes as long as the requests that are on their way, two commits, and writing home a
 * part of the log; the caller is told how long.
 *
 * After a crash up to L6 the file is as after any crash, and the child an orphan that
 * nobody has been told of. After a crash in L7 or later, child and parent are both valid,
 * and the child has what was flushed since.
 *
 * All this is a job (device/job.c): a hung file stops the job. A disk that is killed up to L5
 * stays in its file; the process that asked for the snapshot goes home in any case.
 *
 * If L6 fails, the file could not be written to: the disk becomes read-only, as after any
 * such failure, and shows what it showed.
 */
#include <linux/err.h>

#include "image/chain.h"
#include "image/chain_cache.h"
#include "image/image.h"
#include "image/writable.h"
#include "format/chain.h"

/* What the block layer was told of the disk must hold for the child, too. */
static int vhdx_chain_check_child(const struct vhdx_image *image, const struct vhdx_image *child,
				  struct vhdx_fault *fault)
{
	const struct vhdx_geometry *a = vhdx_image_geometry(image);
	const struct vhdx_geometry *b = vhdx_image_geometry(child);

	if (a->disk_size == b->disk_size && a->block_size == b->block_size &&
	    a->logical_sector_size == b->logical_sector_size &&
	    !memcmp(&image->super->disk_id, &child->super->disk_id,
		    sizeof(image->super->disk_id)))
		return 0;
	vhdx_fault_set(fault, VHDX_REASON_snapshot_geometry, 0, b->disk_size);
	return -EINVAL;
}

/**
 * vhdx_chain_open_child() - L2: get a child ready to take over
 * @image:	a disk's image, writable and in use
 * @file:	the child's; a reference that stays the caller's
 * @options:	for the child
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might want.
 * Return: the child, for device/snapshot.c or vhdx_chain_drop_child(), or an ERR_PTR
 */
struct vhdx_image *vhdx_chain_open_child(struct vhdx_image *image, struct file *file,
					 const struct vhdx_image_options *options,
					 struct vhdx_fault *fault)
{
	struct vhdx_image_options its = *options;
	struct vhdx_image *child;
	int ret;

	/* the image and its parents, and one more; else it could not be attached again */
	if (image->depth + 2 > VHDX_CHAIN_MAX_FILES) {
		vhdx_fault_set(fault, VHDX_REASON_parent_depth, 0, image->depth + 2);
		return ERR_PTR(-EOPNOTSUPP);
	}
	/* L5 compares again */
	vhdx_image_data_guid(image, &image->super->header.data_write_guid);
	its.parent = image;
	child = vhdx_image_open(file, &its, fault);
	if (IS_ERR(child) && fault->reason == VHDX_REASON_parent_mismatch)
		return ERR_PTR(-EAGAIN);	/* a session may have begun after L1 */
	if (IS_ERR(child))
		return child;
	ret = vhdx_chain_check_child(image, child, fault);
	if (!ret)
		ret = vhdx_chain_remember(child);
	if (!ret)
		return child;
	vhdx_image_close(child);
	return ERR_PTR(ret);
}

/**
 * vhdx_chain_drop_child() - undo vhdx_chain_open_child()
 * @child:	never used; its parent goes on as before
 */
void vhdx_chain_drop_child(struct vhdx_image *child)
{
	vhdx_chain_forget(child);
	vhdx_image_close(child);
}

/**
 * vhdx_chain_give_back() - L8: give back what the file of a child's parent does not use
 * @child:	in use, its parent retired
 * @retiring:	of its parent's file
 *
 * Context: process, may sleep long; I/O is not held
 */
void vhdx_chain_give_back(struct vhdx_image *child, struct vhdx_backing_retiring *retiring)
{
	vhdx_image_give_back(child->parent, &retiring->was);
	vhdx_chain_forget(child->parent);
}

/**
 * vhdx_chain_check_link() - L5: does the link to a child's parent still hold?
 * @child:	from vhdx_chain_open_child()
 * @fault:	filled on failure; clear before
 *
 * Context: process; no request is on its way to the parent
 * Return: 0 or -EAGAIN
 */
int vhdx_chain_check_link(struct vhdx_image *child, struct vhdx_fault *fault)
{
	struct vhdx_image *image = child->parent;
	struct vhdx_guid guid;

	vhdx_image_data_guid(image, &guid);
	if (!memcmp(&guid, &image->super->header.data_write_guid, sizeof(guid)))
		return 0;
	vhdx_fault_set_guid(fault, VHDX_REASON_parent_mismatch, 0, &guid);
	return -EAGAIN;
}
