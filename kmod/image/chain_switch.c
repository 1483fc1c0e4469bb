// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: a live snapshot
 *
 * A disk in use continues in a new child, and the file it used until then becomes the child's
 * parent. Everything that can fail, for lack of memory or space or because of wrong files, is
 * done before requests are held:
 *
 *	L1  User space creates the child, empty, linked to the current contents of the disk's
 *	    file (DataWriteGuid), and passes it to the module.
 *	L2  Open it for writing; its parent is the disk's image as it is. Nothing is
 *	    written to it.
 *	L3  Commit what is dirty, so that less is left to do while requests are held. Repeat
 *	    that if it took so long that much may be dirty again.
 *	L4  Hold requests: those under way complete, new ones wait.
 *	L5  Check that the link still holds: the first write of a session changes DataWriteGuid,
 *	    and may have come after L1. If it does not hold, nothing has changed: the result is
 *	    -EAGAIN, here and in L2, and user space returns to L1.
 *	L6  End the session of the file: commit, checkpoint, headers without LogGuid. The file
 *	    is now a valid image with all writes that ever completed, and does not change any
 *	    more.
 *	L7  The child becomes the disk's image. Requests are dispatched again. Code outside the
 *	    request path is kept from using the image at two moments, which do no I/O: before the
 *	    session ends, and now.
 *	L8  Space that the parent's file does not use is given back to the file system: what
 *	    discards have freed, and the end of the file. Its chain cache is freed.
 *	L9  The writable open of the parent's file is closed, and the file is denied to writers.
 *
 * The time from L4 to L7 does not depend on how much was discarded, freed or cached. It is the
 * time of the requests under way, of two commits, and of the checkpoint of a part of the log.
 * The ioctl reports it.
 *
 * After a crash up to L6 the file is as after any crash, and the child is a file without use.
 * After a crash in L7 or later, child and parent are both valid, and the child has what was
 * flushed since.
 *
 * All this is a job (device/job.c): a hung file stops the job. A disk that is killed up to L5
 * stays in its file. The process that waits for the job can be killed at any time.
 *
 * If L6 fails, the file could not be written to: the disk becomes read-only, as after any failed
 * write of metadata, and its contents stay the same.
 */
#include <linux/err.h>

#include "image/chain.h"
#include "image/chain_cache.h"
#include "image/image.h"
#include "image/writable.h"
#include "format/chain.h"

/* The size and the limits of the gendisk must be right for the child, too. */
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
 * vhdx_chain_open_child() - L2: open a child of a disk's image
 * @image:	a disk's image, writable and in use
 * @file:	the child's; the caller keeps its reference
 * @options:	for the child
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might take.
 * Return: the child, for device/snapshot.c or vhdx_chain_drop_child(); or an ERR_PTR, -EAGAIN if
 * @image has changed since the child was created
 */
struct vhdx_image *vhdx_chain_open_child(struct vhdx_image *image, struct file *file,
					 const struct vhdx_image_options *options,
					 struct vhdx_fault *fault)
{
	struct vhdx_image_options its = *options;
	struct vhdx_image *child;
	int ret;

	/* the image, its parents and the child: a longer chain could not be attached again */
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
 * @child:	never used; its parent stays the disk's image
 *
 * Context: as vhdx_chain_open_child()
 */
void vhdx_chain_drop_child(struct vhdx_image *child)
{
	vhdx_chain_forget(child);
	vhdx_image_close(child);
}

/**
 * vhdx_chain_give_back() - L8: give back space that the file of a child's parent does not use
 * @child:	in use, its parent retired
 * @retiring:	of the parent's file
 *
 * Context: process, may sleep long; requests are not held
 */
void vhdx_chain_give_back(struct vhdx_image *child, struct vhdx_backing_retiring *retiring)
{
	vhdx_image_give_back(child->parent, &retiring->was);
	vhdx_chain_forget(child->parent);
}

/**
 * vhdx_chain_check_link() - L5: is the child still linked to the contents of its parent?
 * @child:	from vhdx_chain_open_child()
 * @fault:	filled on failure; clear before
 *
 * Context: process; no request to the parent is under way
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
