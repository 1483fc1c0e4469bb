// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One pass over the BAT, 1 MiB of it at a time, and over the sector bitmaps of blocks that
 * are partially present. What is found is held back until something else follows it.
 */
#include "extents.h"

#include <stdlib.h>

#include "fault.h"
#include "interrupt.h"
#include "memory.h"
#include "openimage.h"

#define PIECE_ENTRIES (1U << 17)		/* 1 MiB of them */
#define SLICE_MAX 65536U			/* of a bitmap: a block's sectors */
#define NO_CHUNK UINT64_MAX

/**
 * struct walk - one pass
 * @rules:	what an entry is judged by
 * @flags:	how
 * @pending:	not emitted yet; empty if its length is 0
 * @slice:	the bits of one block
 * @chunk:	whose bitmap @bitmap_entry is for
 * @bad:	entries that break a rule
 */
struct walk {
	struct open_image *image;
	struct vhdx_bat_rules rules;
	unsigned int flags;
	extent_function *emit;
	void *context;
	struct disk_extent pending;
	u8 *slice;
	u64 chunk;
	u64 bitmap_entry;
	u64 bad;
};

static bool continues(const struct walk *walk, const struct disk_extent *next)
{
	const struct disk_extent *pending = &walk->pending;

	if (!pending->length || pending->kind != next->kind)
		return false;
	if ((walk->flags & EXTENTS_BY_STATE) && pending->state != next->state)
		return false;
	return next->kind != EXTENT_DATA || pending->offset + pending->length == next->offset;
}

static void flush(struct walk *walk)
{
	if (walk->pending.length)
		walk->emit(walk->context, &walk->pending);
	walk->pending.length = 0;
}

static void add(struct walk *walk, const struct disk_extent *next)
{
	if (continues(walk, next)) {
		walk->pending.length += next->length;
		return;
	}
	flush(walk);
	walk->pending = *next;
}

/* The first bad entry is told, the others only counted. */
static void add_bad(struct walk *walk, struct disk_extent *extent, const struct vhdx_fault *fault)
{
	if (!walk->bad++ && !(walk->flags & EXTENTS_TOLERANT))
		fail_fault(&walk->image->file, fault);
	extent->kind = EXTENT_BAD;
	add(walk, extent);
}

static enum extent_kind kind_of_state(const struct vhdx_geometry *g, enum vhdx_block_state state)
{
	switch (state) {
	case VHDX_BLOCK_FULLY_PRESENT:
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		return EXTENT_DATA;
	case VHDX_BLOCK_ZERO:
		return EXTENT_ZERO;
	case VHDX_BLOCK_NOT_PRESENT:
		return g->has_parent ? EXTENT_PARENT : EXTENT_ABSENT;
	default:	/* these hide what the parent has */
		return g->has_parent ? EXTENT_ZERO : EXTENT_ABSENT;
	}
}

/* A BAT may end before the bitmap entry of its last chunk, if that is not needed. */
static enum exit_code read_bitmap_entry(struct walk *walk, u64 chunk)
{
	u64 at = vhdx_bitmap_index(walk->rules.geometry, chunk) * VHDX_BAT_ENTRY_SIZE;
	const struct vhdx_extent *bat = &walk->image->super->regions.bat;
	enum exit_code status;
	__le64 entry = 0;

	if (walk->chunk == chunk)
		return DONE;
	if (at < bat->length) {
		status = open_image_read(walk->image, bat->offset + at, &entry, sizeof(entry));
		if (status != DONE)
			return status;
	}
	walk->chunk = chunk;
	walk->bitmap_entry = le64_to_cpu(entry);
	return DONE;
}

static bool bitmap_is_bad(struct walk *walk, u64 chunk, u64 at, struct vhdx_fault *fault)
{
	u64 index = vhdx_bitmap_index(walk->rules.geometry, chunk);

	if (vhdx_bat_check(&walk->rules, (u32)index, walk->bitmap_entry, fault))
		return true;
	if (vhdx_bat_state(walk->bitmap_entry) == VHDX_BLOCK_FULLY_PRESENT)
		return false;
	vhdx_fault_set(fault, VHDX_REASON_payload_partial_without_bitmap, at, 0);
	return true;
}

static bool bit(const u8 *bits, u64 number)
{
	return bits[number / 8] & (1U << (number % 8));
}

/* One extent for each run of equal bits: set means here, clear means the parent. */
static void add_sectors(struct walk *walk, const struct disk_extent *block)
{
	u32 sector_size = walk->rules.geometry->logical_sector_size;
	u64 count = block->length / sector_size;
	u64 first, end;

	for (first = 0; first < count; first = end) {
		struct disk_extent run = *block;
		bool here = bit(walk->slice, first);

		for (end = first + 1; end < count && bit(walk->slice, end) == here; end++)
			;
		run.kind = here ? EXTENT_DATA : EXTENT_PARENT;
		run.start += first * sector_size;
		run.offset += first * sector_size;
		run.length = (end - first) * sector_size;
		add(walk, &run);
	}
}

static enum exit_code add_partial(struct walk *walk, u64 block, struct disk_extent *extent,
				  u64 entry_at)
{
	const struct vhdx_geometry *g = walk->rules.geometry;
	u64 chunk = block >> g->chunk_shift;
	u32 length = g->block_size / g->logical_sector_size / 8;
	u64 within = (block & ((1ULL << g->chunk_shift) - 1)) * length;
	enum exit_code status = read_bitmap_entry(walk, chunk);
	struct vhdx_fault fault;

	if (status != DONE)
		return status;
	if (bitmap_is_bad(walk, chunk, entry_at, &fault)) {
		add_bad(walk, extent, &fault);
		return DONE;
	}
	status = open_image_read(walk->image, vhdx_bat_offset(walk->bitmap_entry) + within,
				 walk->slice, length);
	if (status == DONE)
		add_sectors(walk, extent);
	return status;
}

static enum exit_code add_block(struct walk *walk, u64 index, u64 block, u64 entry)
{
	const struct vhdx_geometry *g = walk->rules.geometry;
	struct disk_extent extent = {
		.start = block << g->block_shift,
		.length = vhdx_block_used(g, block),
		.kind = kind_of_state(g, vhdx_bat_state(entry)),
		.state = vhdx_bat_state(entry),
		.offset = vhdx_bat_offset(entry),
	};
	struct vhdx_fault fault;

	if (vhdx_bat_check(&walk->rules, (u32)index, entry, &fault))
		add_bad(walk, &extent, &fault);
	else if (extent.state == VHDX_BLOCK_PARTIALLY_PRESENT)
		return add_partial(walk, block, &extent,
				   walk->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE);
	else
		add(walk, &extent);
	return DONE;
}

static enum exit_code walk_piece(struct walk *walk, u64 first, u64 count, __le64 *entries)
{
	enum exit_code status;
	u64 i, number;

	status = open_image_read(walk->image,
				 walk->rules.bat_offset + first * VHDX_BAT_ENTRY_SIZE, entries,
				 (u32)(count * VHDX_BAT_ENTRY_SIZE));
	for (i = 0; i < count && status == DONE; i++)
		if (!vhdx_index_is_bitmap(walk->rules.geometry, (u32)(first + i), &number))
			status = add_block(walk, first + i, number, le64_to_cpu(entries[i]));
	if (status == DONE && interrupted())
		status = fail(EXIT_INTERRUPTED, "%s: interrupted", walk->image->file.path);
	return status;
}

static enum exit_code walk_all(struct walk *walk)
{
	const struct vhdx_geometry *g = walk->rules.geometry;
	u64 total = vhdx_payload_index(g, g->payload_blocks - 1) + 1;
	__le64 *entries = xcalloc(PIECE_ENTRIES, sizeof(*entries));
	enum exit_code status = DONE;
	u64 first, count;

	for (first = 0; first < total && status == DONE; first += count) {
		count = total - first < PIECE_ENTRIES ? total - first : PIECE_ENTRIES;
		status = walk_piece(walk, first, count, entries);
	}
	free(entries);
	return status;
}

/**
 * extents_walk() - tell all extents of a disk, in order
 * @image:	open
 * @flags:	of enum extents_flags
 * @emit:	called for each
 * @context:	for @emit
 *
 * Blocks that cannot be read are told as such, and make the result EXIT_IMAGE unless
 * EXTENTS_TOLERANT is given.
 *
 * Return: DONE, or another code having said why
 */
enum exit_code extents_walk(struct open_image *image, unsigned int flags, extent_function *emit,
			    void *context)
{
	struct walk walk = {
		.image = image,
		.flags = flags,
		.emit = emit,
		.context = context,
		.slice = xcalloc(1, SLICE_MAX),
		.chunk = NO_CHUNK,
	};
	enum exit_code status;

	vhdx_super_bat_rules(image->super, &walk.rules);
	status = walk_all(&walk);
	flush(&walk);
	free(walk.slice);
	if (flags & EXTENTS_TOLERANT)
		return status;
	if (status == DONE && walk.bad)
		status = EXIT_IMAGE;
	if (walk.bad > 1)
		warn("%s: %llu blocks cannot be read", image->file.path,
		     (unsigned long long)walk.bad);
	return status;
}
