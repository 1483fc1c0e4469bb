// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: replay into the file
 *
 * The changes of the log are known at this point, as an overlay: it is checked that every
 * target is allowed, that the file can be opened with the changes, and that they touch no
 * payload block. So the first write happens only when the changes are known to be valid:
 *
 *	R1  Header: new FileWriteGuid, the log still to be replayed. Flush.
 *	R2  The file grows to the size that the newest entry requires.
 *	R3  Ranges that become zeros; then pages. Flush.
 *	R4  Headers without LogGuid. Flush after each.
 *
 * Until the first header of R4 the log is unchanged, and a power cut at any point leads to the
 * same replay again. vhdx_overlay_apply() has the order within R3.
 */
#include "image/replay_file.h"

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "image/replay_memory.h"
#include "meta/session.h"
#include "format/open.h"

static int vhdx_replay_file_zero(void *context, u64 offset, u64 length)
{
	return vhdx_backing_zero_data(context, offset, length);
}

static int vhdx_replay_file_write(void *context, u64 offset, void *page)
{
	return vhdx_backing_write_page(context, offset, page);
}

/* R2 and R3 */
static int vhdx_replay_file_apply(struct vhdx_backing *backing, const struct vhdx_overlay *overlay)
{
	const struct vhdx_overlay_writer writer = {
		.zero		= vhdx_replay_file_zero,
		.write		= vhdx_replay_file_write,
		.context	= backing,
		.page		= kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL),
	};
	int ret = writer.page ? 0 : -ENOMEM;

	if (!ret && overlay->file_size > backing->size)
		ret = vhdx_backing_resize(backing, overlay->file_size);
	if (!ret)
		ret = vhdx_overlay_apply(overlay, &writer);
	kfree(writer.page);
	return ret ? ret : vhdx_backing_flush(backing);
}

/**
 * vhdx_replay_file() - replay a log into its file
 * @backing:	the file, writable
 * @replay:	the changes of the log
 * @super:	of the file with the changes
 * @fault:	filled on failure if the failure has a reason
 *
 * Afterwards the file must be opened anew.
 *
 * Context: process, may sleep long.
 * Return: 0 or a negative errno; then the log must still be replayed
 */
int vhdx_replay_file(struct vhdx_backing *backing, const struct vhdx_replay *replay,
		     const struct vhdx_super *super, struct vhdx_fault *fault)
{
	struct vhdx_session session;
	int ret;

	ret = vhdx_session_init(&session, backing, &super->header, super->header_slot);
	if (ret)
		return ret;
	vhdx_session_new_guid(&session.header.file_write_guid);
	ret = vhdx_session_update(&session);
	if (!ret)
		ret = vhdx_replay_file_apply(backing, &replay->overlay);
	memset(&session.header.log_guid, 0, sizeof(session.header.log_guid));
	if (!ret)
		ret = vhdx_session_update_both(&session);
	vhdx_session_exit(&session);
	if (ret)
		vhdx_fault_set(fault, VHDX_REASON_log_write_failed, super->header.log_offset, 0);
	return ret;
}
