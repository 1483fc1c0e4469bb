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
 * zeros without a look at what they mean. What is read is read in large pieces.
 *
 * Where the disk was written in order, entry after entry differs by the size of a block. Such a run
 * of entries is one range of the file, and is checked and recorded as one. If something is wrong
 * with it, shorter runs tell the entry: in the end, one by one.
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

/**
 * struct vhdx_bat_run - entries that are checked as one
 * @index:	BAT index of the first one
 * @nr:		number of entries. If there are more than one, they are those of payload blocks of
 *		the disk, of one chunk, in one state, without former places; and if these are
 *		present, each lies behind the one before it
 * @entry:	the first one
 * @bitmap:	it is that of a sector bitmap block
 * @beyond:	it is behind those of the disk's blocks
 */
struct vhdx_bat_run {
	u32 index;
	u32 nr;
	u64 entry;
	bool bitmap;
	bool beyond;
};

/* How far does an entry differ from the next one of its run? */
static u64 vhdx_bat_run_step(const struct vhdx_geometry *g, u64 entry)
{
	return vhdx_bat_is_present(entry) ? g->block_size : 0;
}

/* The longest run that begins with the first of @nr entries */
static void vhdx_bat_run_find(struct vhdx_bat_run *run, const struct vhdx_geometry *g,
			      const __le64 *entries, u32 index, u32 nr)
{
	u64 number, next = le64_to_cpu(*entries), step = vhdx_bat_run_step(g, next);

	run->index = index;
	run->nr = 1;
	run->entry = next;
	run->bitmap = vhdx_index_is_bitmap(g, index, &number);
	run->beyond = number >= (run->bitmap ? g->chunks : g->payload_blocks);
	if (run->bitmap || run->beyond || vhdx_bat_former(next))
		return;
	nr = min_t(u64, nr, g->payload_blocks - number);
	nr = min_t(u64, nr, (1ULL << g->chunk_shift) - (number & ((1ULL << g->chunk_shift) - 1)));
	while (run->nr < nr && le64_to_cpu(entries[run->nr]) == (next += step))
		run->nr++;
}

/* Do the entries own space in the file? If so, @length of it for each */
static bool vhdx_bat_scan_uses(const struct vhdx_bat_scan *scan, const struct vhdx_bat_run *run,
			       u64 *length)
{
	const struct vhdx_geometry *g = scan->rules->geometry;

	if (run->bitmap) {
		*length = VHDX_BITMAP_BLOCK_SIZE;
		return g->has_parent && vhdx_bat_state(run->entry) == VHDX_BLOCK_FULLY_PRESENT;
	}
	*length = g->block_size;
	return vhdx_bat_is_present(run->entry);
}

/* The first entry is valid: if the last one is, and no region is between them, all are. */
static enum vhdx_reason vhdx_bat_scan_rest(const struct vhdx_bat_scan *scan,
					   const struct vhdx_bat_run *run, struct vhdx_fault *fault)
{
	u64 length = scan->rules->geometry->block_size;
	u64 last = run->entry + (run->nr - 1) * length;
	enum vhdx_reason reason;

	if (run->nr == 1)
		return VHDX_OK;
	reason = vhdx_bat_check(scan->rules, run->index + run->nr - 1, last, fault);
	if (!reason && vhdx_layout_overlaps(scan->rules->layout, vhdx_bat_offset(run->entry),
					    run->nr * length))
		reason = VHDX_REASON_payload_overlap;
	return reason;
}

static enum vhdx_reason vhdx_bat_scan_place(const struct vhdx_bat_scan *scan,
					    const struct vhdx_bat_run *run, u64 length,
					    struct vhdx_fault *fault)
{
	u64 at = vhdx_bat_entry_offset(scan->rules, run->index);
	u64 entry = run->entry, offset = vhdx_bat_offset(entry);

	length *= run->nr;
	/* payload is never logged; sector bitmaps are */
	if (scan->overlay && !run->bitmap && vhdx_overlay_touches(scan->overlay, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_log_payload_changed, at, offset);
	if (scan->space && !vhdx_space_covers(scan->space, offset + length))
		return vhdx_fault_set(fault, VHDX_REASON_attach_far_out, at, entry);
	if (scan->space && !vhdx_space_mark(scan->space, offset, length))
		return vhdx_fault_set(fault, VHDX_REASON_block_overlap, at, entry);
	return VHDX_OK;
}

/*
 * Entries beyond the end of the disk mean nothing, but the space they name is not used either.
 * Shortens @run if not all of it is valid, so that a fault is that of the first invalid entry.
 */
static enum vhdx_reason vhdx_bat_scan_run(const struct vhdx_bat_scan *scan,
					  struct vhdx_bat_run *run, struct vhdx_bat_chunk *chunk,
					  struct vhdx_fault *fault)
{
	const struct vhdx_bat_rules *rules = scan->rules;
	enum vhdx_reason reason;
	u64 length;

	reason = vhdx_bat_check(rules, run->index, run->entry, fault);
	if (!reason && rules->geometry->has_parent && !run->beyond &&
	    vhdx_bat_chunk_next(chunk, rules, run->index, run->entry, fault))
		reason = fault->reason;
	if (reason || !vhdx_bat_scan_uses(scan, run, &length))
		return reason;
	for (;; run->nr /= 2) {
		reason = vhdx_bat_scan_rest(scan, run, fault);
		if (!reason)
			reason = vhdx_bat_scan_place(scan, run, length, fault);
		if (!reason || run->nr == 1)
			return run->beyond ? VHDX_OK : reason;
	}
}

static u32 vhdx_bat_scan_zeros(const __le64 *entries, u32 nr)
{
	const void *data = memchr_inv(entries, 0, nr * VHDX_BAT_ENTRY_SIZE);

	return data ? (data - (const void *)entries) / VHDX_BAT_ENTRY_SIZE : nr;
}

/* Return: 0, -ENOMEM, or -EUCLEAN with a reason */
static int vhdx_bat_scan_piece(const struct vhdx_bat_scan *scan, u32 first, u32 nr,
			       const __le64 *entries, struct vhdx_bat_chunk *chunk,
			       struct vhdx_fault *fault)
{
	struct vhdx_bat_run run;
	u64 former;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < nr; i += run.nr) {
		if (!entries[i])
			i += vhdx_bat_scan_zeros(entries + i, nr - i);
		if (i == nr)
			break;
		vhdx_bat_run_find(&run, scan->rules->geometry, entries + i, first + i, nr - i);
		if (vhdx_bat_scan_run(scan, &run, chunk, fault))
			return -EUCLEAN;
		former = vhdx_bat_former(run.entry);
		if (former && scan->space && !run.beyond && !run.bitmap)
			ret = vhdx_space_mark_former(scan->space, former);
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
