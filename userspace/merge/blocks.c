// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * For each block of the target, by what the merged images have in its range:
 *
 *	nothing				the block does not change
 *	anything, block is		the data of the merged images are written into it
 *	FULLY_PRESENT
 *	only zeros, block is absent,	the block becomes ZERO, or stays if it reads as zeros
 *	owns no former place, and
 *	shows nothing of a parent
 *	all other cases			the block becomes FULLY_PRESENT, with the contents of
 *					the whole chain; at its former place if it owns one
 *
 * The sector bitmaps of the target never change; this costs space if the target is itself a child.
 * A second run finds each block either unchanged or merged, and writes the same again.
 */
#include "merge/blocks.h"

#include "image/fault.h"
#include "image/image.h"
#include "lib/interrupt.h"
#include "merge/copy.h"

/**
 * struct upper_block - what the merged images have of a block
 * @something:	they have a part of it
 * @everything:	they have all of it: nothing is left to the target
 * @data:	they have data, not only zeros
 */
struct upper_block {
	bool something;
	bool everything;
	bool data;
};

/* Find an extent; one that cannot be read is an error. */
static enum exit_code find_readable(struct chain_map *map, u64 start, u64 length,
				    struct disk_extent *extent)
{
	enum exit_code status = chain_map_find(map, start, length, extent);
	struct layer_map *layer = &map->layer[extent->depth];

	if (status == DONE && extent->kind == EXTENT_BAD)
		return fail_fault(&layer->image->file, &layer->fault);
	return status;
}

static enum exit_code read_upper(struct merge_blocks *blocks, u64 start, u64 length,
				 struct upper_block *upper)
{
	enum exit_code status;
	struct disk_extent extent;
	u64 done;

	*upper = (struct upper_block){ .everything = true };
	for (done = 0; done < length; done += extent.length) {
		status = find_readable(&blocks->upper, start + done, length - done, &extent);
		if (status != DONE)
			return status;
		upper->something |= extent.kind != EXTENT_PARENT;
		upper->everything &= extent.kind != EXTENT_PARENT;
		upper->data |= extent.kind == EXTENT_DATA;
	}
	return DONE;
}

static bool has_anchor(const struct merge_blocks *blocks, u64 entry)
{
	return check_owns_anchor(blocks->check, &blocks->own.rules, entry);
}

/* All space of a fixed image is its own: it cannot lack any later. */
static unsigned int flags_of(const struct merge_blocks *blocks)
{
	return blocks->own.rules.geometry->leave_allocated ? COPY_ALLOCATED : 0;
}

static enum exit_code fill_block(struct merge_blocks *blocks, u64 block, u64 entry)
{
	const struct vhdx_geometry *g = blocks->own.rules.geometry;
	bool fresh = vhdx_bat_state(entry) != VHDX_BLOCK_PARTIALLY_PRESENT &&
		     !has_anchor(blocks, entry);
	u64 offset = vhdx_bat_offset(entry);
	enum exit_code status = DONE;

	if (fresh)
		status = target_allocate(&blocks->target, &offset);
	if (status == DONE)
		status = copy_range(&blocks->whole, block << g->block_shift,
				    vhdx_block_used(g, block), blocks->target.file, offset,
				    flags_of(blocks) | (fresh ? COPY_FRESH : 0));
	if (status != DONE)
		return status;
	return target_set_entry(&blocks->target, vhdx_payload_index(g, block),
				vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, offset));
}

static enum exit_code merge_block(struct merge_blocks *blocks, u64 block)
{
	const struct vhdx_geometry *g = blocks->own.rules.geometry;
	u64 start = block << g->block_shift, length = vhdx_block_used(g, block);
	enum vhdx_block_state state;
	struct upper_block upper;
	enum exit_code status;
	u64 entry;

	status = read_upper(blocks, start, length, &upper);
	if (status != DONE || !upper.something)
		return status;
	status = layer_map_entry(&blocks->own, vhdx_payload_index(g, block), &entry);
	if (status != DONE)
		return status;
	state = vhdx_bat_state(entry);
	if (state == VHDX_BLOCK_FULLY_PRESENT)
		return copy_extents(&blocks->upper, start, length, blocks->target.file,
				    vhdx_bat_offset(entry), flags_of(blocks));
	if (upper.data || state == VHDX_BLOCK_PARTIALLY_PRESENT || has_anchor(blocks, entry) ||
	    (state == VHDX_BLOCK_NOT_PRESENT && g->has_parent && !upper.everything))
		return fill_block(blocks, block, entry);
	if (state == VHDX_BLOCK_ZERO || (state == VHDX_BLOCK_NOT_PRESENT && !g->has_parent))
		return DONE;	/* reads as zeros */
	return target_set_entry(&blocks->target, vhdx_payload_index(g, block),
				vhdx_bat_entry(VHDX_BLOCK_ZERO, 0));
}

static enum exit_code fail_interrupted(const struct merge_blocks *blocks)
{
	return fail(EXIT_INTERRUPTED, "%s: interrupted; the child is unchanged and "
		    "shows all data; merge it again to continue", blocks->own.image->file.path);
}

/**
 * merge_blocks_check() - check that no bad BAT entry stops merge_blocks()
 * @blocks:	the maps @upper, @whole and @own are initialized
 *
 * A merge that stops in the middle leaves a target that is useless by itself. So the faults of the
 * images are found before anything is written.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code merge_blocks_check(struct merge_blocks *blocks)
{
	const struct vhdx_geometry *g = blocks->own.rules.geometry;
	enum exit_code status = DONE;
	struct disk_extent extent, part;
	u64 at, checked = 0;

	for (at = 0; at < g->disk_size && status == DONE; at += extent.length) {
		u64 from, end;

		status = find_readable(&blocks->upper, at, g->disk_size - at, &extent);
		if (status == DONE && interrupted())
			status = fail_interrupted(blocks);
		if (status != DONE || extent.kind == EXTENT_PARENT)
			continue;
		/* The whole chain must be readable in all blocks that the extent touches. */
		from = at >> g->block_shift << g->block_shift;
		end = ((at + extent.length - 1) >> g->block_shift) + 1;
		end = end << g->block_shift < g->disk_size ? end << g->block_shift : g->disk_size;
		for (from = from > checked ? from : checked; from < end && status == DONE;
		     from += part.length)
			status = find_readable(&blocks->whole, from, end - from, &part);
		checked = end;
	}
	return status;
}

/**
 * merge_blocks() - merge all payload blocks, durably
 * @blocks:	initialized
 *
 * Return: DONE, or another exit code after an error message; then it can be repeated
 */
enum exit_code merge_blocks(struct merge_blocks *blocks)
{
	const struct vhdx_geometry *g = blocks->own.rules.geometry;
	enum exit_code status = DONE;
	u64 block;

	progress_begin(blocks->progress, "merge", g->disk_size);
	for (block = 0; block < g->payload_blocks && status == DONE; block++) {
		status = merge_block(blocks, block);
		progress_add(blocks->progress, vhdx_block_used(g, block));
		if (status == DONE && interrupted())
			status = fail_interrupted(blocks);
	}
	progress_end(blocks->progress);
	return status == DONE ? target_commit(&blocks->target) : status;
}
