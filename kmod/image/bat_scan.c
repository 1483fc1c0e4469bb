// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the scan before writing
 *
 * Reading is forgiving: a bad BAT entry costs the reads of its block. Writing is not. If
 * two blocks share space, writing to one changes the other; if an entry points behind the
 * end of the file, growing the file would let it point into somebody else's block. So an
 * image is attached for writing only if every entry can be believed and no two overlap;
 * others can be read, and repaired.
 *
 * In a child, a partially present block without its sector bitmap is no less of a danger:
 * which of its sectors are there cannot be known.
 *
 * An absent block may go on naming the place it had. That place is kept for it, unless it
 * cannot be its own: that is no reason to refuse an image.
 *
 * The BAT of a large disk is mostly a hole when most of the disk was never written: holes
 * are skipped without being read.
 */
#include "image/bat_scan.h"

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "meta/space.h"
#include "format/overlay.h"

#define VHDX_SCAN_PIECE		SZ_64K

/* Does an entry say that something is in its place in the file? */
static bool vhdx_bat_scan_uses(const struct vhdx_bat_scan *scan, u32 index, u64 entry, u64 *length)
{
	const struct vhdx_geometry *g = scan->rules->geometry;
	enum vhdx_block_state state = vhdx_bat_state(entry);
	u64 number;

	if (vhdx_index_is_bitmap(g, index, &number)) {
		*length = VHDX_BITMAP_BLOCK_SIZE;
		return g->has_parent && state == VHDX_BLOCK_FULLY_PRESENT;
	}
	*length = g->block_size;
	return state == VHDX_BLOCK_FULLY_PRESENT || state == VHDX_BLOCK_PARTIALLY_PRESENT;
}

/* Payload is never logged; sector bitmaps are. */
static bool vhdx_bat_scan_logged(const struct vhdx_bat_scan *scan, u32 index, u64 offset,
				 u64 length)
{
	u64 number;

	return scan->overlay && !vhdx_index_is_bitmap(scan->rules->geometry, index, &number) &&
	       vhdx_overlay_touches(scan->overlay, offset, length);
}

static enum vhdx_reason vhdx_bat_scan_place(const struct vhdx_bat_scan *scan, u32 index, u64 entry,
					    u64 length, struct vhdx_fault *fault)
{
	u64 at = scan->rules->bat_offset + (u64)index * VHDX_BAT_ENTRY_SIZE;
	u64 offset = vhdx_bat_offset(entry);

	if (vhdx_bat_scan_logged(scan, index, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_log_payload_changed, at, offset);
	if (scan->space && !vhdx_space_covers(scan->space, offset + length))
		return vhdx_fault_set(fault, VHDX_REASON_attach_far_out, at, entry);
	if (scan->space && !vhdx_space_mark(scan->space, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_block_overlap, at, entry);
	return VHDX_OK;
}

/* Return: 0 or -ENOMEM */
static int vhdx_bat_scan_former(const struct vhdx_bat_scan *scan, u32 index, u64 entry)
{
	u64 former = vhdx_bat_former(entry), number;

	if (!former || !scan->space || vhdx_index_is_beyond(scan->rules->geometry, index) ||
	    vhdx_index_is_bitmap(scan->rules->geometry, index, &number))
		return 0;
	return vhdx_space_mark_former(scan->space, former);
}

/* Entries beyond the disk mean nothing; what they name is spared all the same. */
static enum vhdx_reason vhdx_bat_scan_entry(const struct vhdx_bat_scan *scan, u32 index, u64 entry,
					    struct vhdx_bat_chunk *chunk, struct vhdx_fault *fault)
{
	bool beyond = vhdx_index_is_beyond(scan->rules->geometry, index);
	enum vhdx_reason reason;
	u64 length;

	if (!entry)
		return VHDX_OK;
	reason = vhdx_bat_check(scan->rules, index, entry, fault);
	if (!reason && scan->rules->geometry->has_parent && !beyond &&
	    vhdx_bat_chunk_next(chunk, scan->rules, index, entry, fault))
		reason = fault->reason;
	if (reason || !vhdx_bat_scan_uses(scan, index, entry, &length))
		return reason;
	reason = vhdx_bat_scan_place(scan, index, entry, length, fault);
	return beyond ? VHDX_OK : reason;
}

/* Return: 0, -ENOMEM, or -EUCLEAN with a reason */
static int vhdx_bat_scan_piece(const struct vhdx_bat_scan *scan, u32 first, u32 nr,
			       const __le64 *entries, struct vhdx_bat_chunk *chunk,
			       struct vhdx_fault *fault)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < nr; i++) {
		u64 entry = le64_to_cpu(entries[i]);

		if (vhdx_bat_scan_entry(scan, first + i, entry, chunk, fault))
			ret = -EUCLEAN;
		else
			ret = vhdx_bat_scan_former(scan, first + i, entry);
	}
	return ret;
}

/* Where is the next entry that is not in a hole, from @index on? */
static u64 vhdx_bat_scan_skip(const struct vhdx_bat_scan *scan, u64 index)
{
	u64 offset = scan->rules->bat_offset + index * VHDX_BAT_ENTRY_SIZE;
	loff_t data;

	if (!scan->file)
		return index;
	data = vfs_llseek(scan->file, offset, SEEK_DATA);
	if (data == -ENXIO)
		return scan->rules->geometry->bat_entries;
	if (data < 0)
		return index;
	return index + round_down(data - offset, VHDX_PAGE_SIZE) / VHDX_BAT_ENTRY_SIZE;
}

/**
 * vhdx_bat_scan() - look at every entry of a BAT
 * @scan:	what to look for
 * @fault:	filled if there is something wrong
 *
 * Context: process, may sleep long; a fatal signal ends it.
 * Return: 0, a negative errno, or -EUCLEAN with a reason
 */
int vhdx_bat_scan(const struct vhdx_bat_scan *scan, struct vhdx_fault *fault)
{
	const struct vhdx_geometry *g = scan->rules->geometry;
	u64 nr = min(g->bat_entries, scan->rules->bat_length / VHDX_BAT_ENTRY_SIZE);
	struct vhdx_bat_chunk chunk = { .partial = false };
	u64 index, part;
	__le64 *piece = kvmalloc(VHDX_SCAN_PIECE, GFP_KERNEL);
	int ret = piece ? 0 : -ENOMEM;

	for (index = 0; !ret && index < nr; index += part) {
		index = vhdx_bat_scan_skip(scan, index);
		if (index >= nr)
			break;
		part = min(nr - index, (u64)VHDX_SCAN_PIECE / VHDX_BAT_ENTRY_SIZE);
		ret = scan->reader->read(scan->reader->context, scan->rules->bat_offset +
					 index * VHDX_BAT_ENTRY_SIZE, piece,
					 part * VHDX_BAT_ENTRY_SIZE);
		if (!ret)
			ret = vhdx_bat_scan_piece(scan, index, part, piece, &chunk, fault);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	kvfree(piece);
	if (!ret && vhdx_bat_chunk_end(&chunk, scan->rules, fault))
		ret = -EUCLEAN;
	return ret;
}
