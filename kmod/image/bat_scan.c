// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the scan before writing
 *
 * For a reader, an invalid BAT entry costs the reads of its block. For a writer it is a danger. If
 * two blocks share space, a write to one changes the other. If an entry points behind the end
 * of the file, the space there may be allocated for another block when the file grows. So an
 * image is attached for writing only if every entry is valid and no two blocks overlap. Other
 * images can be read, and repaired.
 *
 * In a child, a partially present block without its sector bitmap block is as dangerous: it is
 * unknown which of its sectors are present.
 *
 * An absent block may still name its former place. That place is kept for it, unless another
 * block uses it or it is not a valid place; neither is a reason to refuse an image.
 *
 * The BAT of a large disk is mostly a hole if most of the disk was never written, or mostly zeros
 * if the program that made the image has written it. Holes are skipped without being read, and
 * pages of zeros without a look at each entry. What is read is read in large pieces.
 */
#include "image/bat_scan.h"

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "meta/space.h"
#include "format/overlay.h"

#define VHDX_SCAN_PIECE		SZ_1M

/* Does an entry own space in the file? If so, @length of it */
static bool vhdx_bat_scan_uses(const struct vhdx_bat_scan *scan, u32 index, u64 entry, u64 *length)
{
	const struct vhdx_geometry *g = scan->rules->geometry;
	u64 number;

	if (vhdx_index_is_bitmap(g, index, &number)) {
		*length = VHDX_BITMAP_BLOCK_SIZE;
		return g->has_parent && vhdx_bat_state(entry) == VHDX_BLOCK_FULLY_PRESENT;
	}
	*length = g->block_size;
	return vhdx_bat_is_present(entry);
}

static enum vhdx_reason vhdx_bat_scan_place(const struct vhdx_bat_scan *scan, u32 index, u64 entry,
					    u64 length, struct vhdx_fault *fault)
{
	u64 at = vhdx_bat_entry_offset(scan->rules, index);
	u64 offset = vhdx_bat_offset(entry), number;

	/* payload is never logged; sector bitmaps are */
	if (scan->overlay && !vhdx_index_is_bitmap(scan->rules->geometry, index, &number) &&
	    vhdx_overlay_touches(scan->overlay, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_log_payload_changed, at, offset);
	if (scan->space && !vhdx_space_covers(scan->space, offset + length))
		return vhdx_fault_set(fault, VHDX_REASON_attach_far_out, at, entry);
	if (scan->space && !vhdx_space_mark(scan->space, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_block_overlap, at, entry);
	return VHDX_OK;
}

/* Entries beyond the end of the disk mean nothing, but the space they name is not used either. */
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

/* Return: as vhdx_bat_scan_piece() */
static int vhdx_bat_scan_page(const struct vhdx_bat_scan *scan, u32 first, u32 nr,
			      const __le64 *entries, struct vhdx_bat_chunk *chunk,
			      struct vhdx_fault *fault)
{
	const struct vhdx_geometry *g = scan->rules->geometry;
	u64 former, number;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < nr; i++) {
		u64 entry = le64_to_cpu(entries[i]);

		if (vhdx_bat_scan_entry(scan, first + i, entry, chunk, fault))
			return -EUCLEAN;
		former = vhdx_bat_former(entry);
		if (former && scan->space && !vhdx_index_is_beyond(g, first + i) &&
		    !vhdx_index_is_bitmap(g, first + i, &number))
			ret = vhdx_space_mark_former(scan->space, former);
	}
	return ret;
}

/* Return: 0, -ENOMEM, or -EUCLEAN with a reason */
static int vhdx_bat_scan_piece(const struct vhdx_bat_scan *scan, u32 first, u32 nr,
			       const __le64 *entries, struct vhdx_bat_chunk *chunk,
			       struct vhdx_fault *fault)
{
	u32 i, part;
	int ret = 0;

	for (i = 0; !ret && i < nr; i += part) {
		part = min(nr - i, VHDX_BAT_ENTRIES_PER_PAGE);
		if (memchr_inv(entries + i, 0, part * VHDX_BAT_ENTRY_SIZE))
			ret = vhdx_bat_scan_page(scan, first + i, part, entries + i, chunk, fault);
	}
	return ret;
}

/* The index of the next entry that is not in a hole of the file, from @index on */
static u64 vhdx_bat_scan_skip(const struct vhdx_bat_scan *scan, u64 index)
{
	u64 offset = vhdx_bat_entry_offset(scan->rules, index);
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
 * vhdx_bat_scan() - check every entry of a BAT
 * @scan:	what to check, and what to record
 * @fault:	filled if an entry is invalid
 *
 * Context: process, may sleep long; a fatal signal ends it.
 * Return: 0; -EUCLEAN with a reason in @fault; -EINTR, -ENOMEM, or an error of the reader
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
		ret = scan->reader->read(scan->reader->context,
					 vhdx_bat_entry_offset(scan->rules, index), piece,
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
