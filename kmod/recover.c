// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: replay into the file
 *
 * What the log changes is known by now, as an overlay: that every target is allowed, that
 * the file can be opened with the changes, and that no payload block is among them. So
 * writing does not begin before it is certain that it can go on:
 *
 *	R1  Header: new FileWriteGuid, the log still to be replayed. Flush.
 *	R2  The file grows to the size that the newest entry asks for.
 *	R3  Ranges that become zeros; then pages. Flush.
 *	R4  Headers without LogGuid. Flush after each.
 *
 * Before R4 is done the log is as it was, and a power cut at any point leads to the same
 * replay again. The overlay holds the last change of each page only, and knows which zeros
 * are covered by later pages and which pages by later zeros: the order within R3 is free
 * but for that.
 */
#include "recover.h"

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "backing.h"
#include "format/open.h"
#include "replay.h"
#include "session.h"

static int vhdx_recover_page(struct vhdx_backing *backing, const struct vhdx_overlay *overlay,
			     const struct vhdx_overlay_page *page, void *buffer)
{
	const struct vhdx_overlay_page *current_page;
	int ret;

	/* zeros that came later win, and are written already */
	if (vhdx_overlay_find(overlay, page->offset, &current_page) != VHDX_OVERLAY_LOG)
		return 0;
	ret = vhdx_backing_read_range(backing, overlay->log.offset + page->sector, buffer,
				      VHDX_LOG_SECTOR_SIZE);
	if (ret)
		return ret;
	vhdx_log_restore_page(buffer, page->leading, page->trailing);
	return vhdx_backing_write_page(backing, page->offset, buffer);
}

static int vhdx_recover_pages(struct vhdx_backing *backing, const struct vhdx_overlay *overlay)
{
	void *buffer = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);
	int ret = buffer ? 0 : -ENOMEM;
	u32 i;

	for (i = 0; !ret && i < overlay->nr_pages; i++)
		ret = vhdx_recover_page(backing, overlay, &overlay->pages[i], buffer);
	kfree(buffer);
	return ret;
}

static int vhdx_recover_apply(struct vhdx_backing *backing, const struct vhdx_overlay *overlay)
{
	u32 i;
	int ret = 0;

	if (overlay->file_size > backing->size)
		ret = vhdx_backing_resize(backing, overlay->file_size);
	for (i = 0; !ret && i < overlay->nr_zeros; i++)
		ret = vhdx_backing_zero_data(backing, overlay->zeros[i].offset,
					     overlay->zeros[i].length);
	if (!ret)
		ret = vhdx_recover_pages(backing, overlay);
	return ret ? ret : vhdx_backing_flush(backing);
}

/**
 * vhdx_recover() - replay a log into its file
 * @backing:	the file, writable
 * @replay:	what the log changes
 * @super:	the file as it is with the changes
 * @fault:	filled on failure if the failure has a reason
 *
 * Afterwards the file must be opened anew.
 *
 * Context: process, may sleep long.
 * Return: 0 or a negative errno; then the log is still there
 */
int vhdx_recover(struct vhdx_backing *backing, const struct vhdx_replay *replay,
		 const struct vhdx_super *super, struct vhdx_fault *fault)
{
	struct vhdx_session session;
	int ret;

	ret = vhdx_session_init(&session, backing, &super->header, super->header_slot);
	if (ret)
		return ret;
	vhdx_guid_random(&session.header.file_write_guid);
	ret = vhdx_session_update(&session);
	if (!ret)
		ret = vhdx_recover_apply(backing, &replay->overlay);
	memset(&session.header.log_guid, 0, sizeof(session.header.log_guid));
	if (!ret)
		ret = vhdx_session_update_both(&session);
	vhdx_session_exit(&session);
	if (ret)
		vhdx_fault_set(fault, VHDX_REASON_log_write_failed, super->header.log_offset, 0);
	return ret;
}
