// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: partially present blocks
 *
 * In a child, a block of which only a part was written is PARTIALLY_PRESENT: a bit for each
 * sector says whether it is in this file or in the parent. The bits of a chunk, some thousand
 * blocks, are in one sector bitmap block of 1 MiB. A write to a part of such a block, or of one
 * that is not present, does this between W2 and W6 of write.c:
 *
 *	B1  Find the chunk's sector bitmap block. If there is none, create it: its space
 *	    reads as zeros, so its entry may be changed at once. The entry goes into the log
 *	    no later than the first bit in the block, and means nothing before that. One
 *	    command creates it, under the block lock of the sector bitmap block. That lock is
 *	    taken while the lock of a payload block is held, never the other way round. A
 *	    sector bitmap block is never freed.
 *	B2  Reserve the pages of the block's entry and of its slice of the bitmap, all of
 *	    them or none: two commands that reserve one by one could wait for each other.
 *	B3  If the block is not present, allocate space. It reads as zeros.
 *	B4  Write the data to their place in the block. Sectors whose bit is not set are
 *	    still read from the parent, now and after a crash.
 *	B5  In one change, which is complete or absent after a crash: if the block was not
 *	    present, clear its slice, because bits of an earlier use would show sectors that
 *	    were never written; set the bits of the written sectors; set the entry. If all
 *	    bits are set now the block becomes FULLY_PRESENT, and its bits do not count any
 *	    more.
 *
 * A reader reads the entry first and then the bits. A writer writes the bits first.
 */
#include "request/partial.h"

#include "image/image.h"
#include "meta/space.h"
#include "request/allocate.h"
#include "request/cmd.h"
#include "format/bitmap.h"

/* Set in the number of a block lock: it is on a sector bitmap block. */
#define VHDX_BLOCK_LOCK_BITMAP	BIT_ULL(63)

/* The change of B5. Bits are counted from the beginning of the sector bitmap block. */
struct vhdx_marks {
	const struct vhdx_geometry *g;
	u64 bitmap;		/* offset of the sector bitmap block in the file, in bytes */
	u64 entry_offset;	/* of the block, in the file, in bytes */
	u64 entry;		/* before the change */
	u64 place;		/* of the block, in the file, in bytes */
	bool fresh;		/* the block was not present: clear its slice */
	u32 slice;		/* first bit of the block */
	u32 used;		/* number of bits of the block that are inside the disk */
	u32 first;		/* bits to set: from here */
	u32 end;		/* to before here */
};

/* --- B1 ----------------------------------------------------------------------- */

static u64 vhdx_partial_bitmap_entry(const struct vhdx_image *image, u64 position)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);

	return vhdx_bat_entry_offset(&image->rules,
				     vhdx_bitmap_index(g, vhdx_bitmap_chunk(g, position)));
}

static void vhdx_partial_link(struct vhdx_edit *edit, void *context)
{
	const struct vhdx_marks *link = context;

	vhdx_edit_write(edit, 0, link->entry_offset, link->entry);
}

/* Create the sector bitmap block, under its block lock. Return: false if the command waits */
static bool vhdx_partial_create(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	u64 position = vhdx_cmd_position(cmd), offset;
	struct vhdx_marks link = {
		.entry_offset	= vhdx_partial_bitmap_entry(image, position),
	};

	if (cmd->stage != VHDX_STAGE_BITMAP_RESERVED) {
		if (!vhdx_journal_reserve(image->journal, &link.entry_offset, 1,
					  cmd->pages, &cmd->waiter))
			return false;
		cmd->nr_pages = 1;
		cmd->stage = VHDX_STAGE_BITMAP_RESERVED;
	}
	if (!vhdx_space_allocate(image->space, VHDX_BITMAP_BLOCK_SIZE, &offset)) {
		vhdx_space_wait(image->space, VHDX_BITMAP_BLOCK_SIZE, &cmd->waiter);
		return false;
	}
	link.entry = vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, offset);
	vhdx_journal_change(image->journal, cmd->pages, 1, vhdx_partial_link, &link);
	cmd->bitmap = offset;
	cmd->stage = VHDX_STAGE_BITMAP_LOCKED;
	return true;
}

/*
 * There is no sector bitmap block. May one be created? Not if the block is partially present
 * already: its bits are lost. Not if the BAT has no room for the entry.
 *
 * Return: false if the command has failed
 */
static bool vhdx_partial_may_create(struct vhdx_cmd *cmd, const struct vhdx_map *block)
{
	const struct vhdx_image *image = cmd->image;
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	const struct vhdx_range *bat = &image->super->regions.bat;
	u64 position = vhdx_cmd_position(cmd);
	u64 at = vhdx_partial_bitmap_entry(image, position);
	struct vhdx_fault fault;

	if (vhdx_bat_state(block->entry) == VHDX_BLOCK_PARTIALLY_PRESENT)
		vhdx_bat_no_bitmap(&image->rules, vhdx_payload_index(g, position >> g->block_shift),
				   &fault);
	else if (at + VHDX_BAT_ENTRY_SIZE > bat->offset + bat->length)
		vhdx_fault_set(&fault, VHDX_REASON_bat_too_small, bat->offset, bat->length);
	else
		return true;
	vhdx_cmd_bad(cmd, &fault);
	return false;
}

/* B1. Return: false if the command waits, or has failed */
static bool vhdx_partial_find_bitmap(struct vhdx_cmd *cmd, const struct vhdx_map *block)
{
	struct vhdx_image *image = cmd->image;
	u64 position = vhdx_cmd_position(cmd);
	u64 chunk = vhdx_bitmap_chunk(vhdx_image_geometry(image), position);
	struct vhdx_map map;

	while (!vhdx_image_find_bitmap(image, position, &map, &cmd->bitmap)) {
		if (map.kind == VHDX_MAP_MISS) {
			map.image = image;
			vhdx_map_load(&map, &cmd->waiter);
			return false;
		}
		if (map.kind == VHDX_MAP_BAD) {
			vhdx_cmd_bad(cmd, &map.fault);
			return false;
		}
		if (cmd->stage >= VHDX_STAGE_BITMAP_LOCKED)
			return vhdx_partial_create(cmd);
		/* if the lock fails another thread may be running the command already */
		if (!vhdx_partial_may_create(cmd, block) ||
		    !vhdx_block_lock(&image->locks, &cmd->bitmap_lock,
				     VHDX_BLOCK_LOCK_BITMAP | chunk, &cmd->waiter))
			return false;
		/* look again: another command may have created it before the lock was taken */
		cmd->stage = VHDX_STAGE_BITMAP_LOCKED;
	}
	return true;
}

/* --- B2 ----------------------------------------------------------------------- */

/* The page of the entry comes first, then those of the slice, in order. */
static bool vhdx_partial_reserve(struct vhdx_cmd *cmd)
{
	struct vhdx_image *image = cmd->image;
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 block = cmd->lock.block << g->block_shift;
	u64 slice = cmd->bitmap + vhdx_bitmap_bit(g, block) / 8;
	u64 offsets[VHDX_CHANGE_PAGES], at;
	unsigned int nr = 1;

	offsets[0] = vhdx_image_entry_offset(image, cmd->lock.block);
	for (at = round_down(slice, VHDX_PAGE_SIZE); at < slice + vhdx_bitmap_slice(g);
	     at += VHDX_PAGE_SIZE)
		offsets[nr++] = at;
	if (!vhdx_journal_reserve(image->journal, offsets, nr, cmd->pages,
				  &cmd->waiter))
		return false;
	cmd->nr_pages = nr;
	cmd->stage = VHDX_STAGE_RESERVED;
	return true;
}

/**
 * vhdx_partial_prepare() - B1 and B2: reserve what setting bits of a block needs
 * @cmd:	holds the block lock
 * @map:	of the block, from vhdx_image_map_block(); PARENT or DATA
 *
 * Context: the queue's thread
 * Return: false if the command waits, or has failed: it must not be used any more
 */
bool vhdx_partial_prepare(struct vhdx_cmd *cmd, const struct vhdx_map *map)
{
	if (cmd->stage < VHDX_STAGE_BITMAP) {
		if (!vhdx_partial_find_bitmap(cmd, map))
			return false;
		if (cmd->stage == VHDX_STAGE_BITMAP_LOCKED)
			vhdx_block_unlock(&cmd->image->locks, &cmd->bitmap_lock);
		cmd->stage = VHDX_STAGE_BITMAP;
	}
	cmd->entry = map->entry;
	return cmd->stage >= VHDX_STAGE_RESERVED || vhdx_partial_reserve(cmd);
}

/* --- B5 ----------------------------------------------------------------------- */

static u64 vhdx_marks_word(const struct vhdx_marks *marks, u32 bit)
{
	return marks->bitmap + bit / VHDX_BITMAP_WORD_BITS * sizeof(u64);
}

/* The index of the reserved page that has @bit */
static unsigned int vhdx_marks_page(const struct vhdx_marks *marks, u32 bit)
{
	return 1 + (vhdx_marks_word(marks, bit) >> VHDX_PAGE_SHIFT) -
	       (vhdx_marks_word(marks, marks->slice) >> VHDX_PAGE_SHIFT);
}

static u64 vhdx_marks_read(const struct vhdx_edit *edit, const struct vhdx_marks *marks, u32 bit)
{
	return vhdx_edit_read(edit, vhdx_marks_page(marks, bit), vhdx_marks_word(marks, bit));
}

static void vhdx_marks_write(struct vhdx_edit *edit, const struct vhdx_marks *marks, u32 bit,
			     u64 word)
{
	/* a page without a change is not logged */
	if (vhdx_marks_read(edit, marks, bit) != word)
		vhdx_edit_write(edit, vhdx_marks_page(marks, bit), vhdx_marks_word(marks, bit),
				word);
}

/* The bits of [@first, @end) that are in the word of @bit */
static u64 vhdx_marks_mask(u32 bit, u32 first, u32 end)
{
	u32 word = round_down(bit, VHDX_BITMAP_WORD_BITS);

	return vhdx_bitmap_mask(max(first, word) - word,
				min(end - word, VHDX_BITMAP_WORD_BITS));
}

/* Backwards: in a block that is filled from the front the last word decides at once. */
static bool vhdx_marks_full(const struct vhdx_edit *edit, const struct vhdx_marks *marks)
{
	u32 end = marks->slice + marks->used;
	u32 bit = round_up(end, VHDX_BITMAP_WORD_BITS);

	while (bit > marks->slice) {
		u64 mask;

		bit -= VHDX_BITMAP_WORD_BITS;
		mask = vhdx_marks_mask(bit, marks->slice, end);
		if ((vhdx_marks_read(edit, marks, bit) & mask) != mask)
			return false;
	}
	return true;
}

static void vhdx_marks_apply(struct vhdx_edit *edit, void *context)
{
	const struct vhdx_marks *marks = context;
	u32 bit, end = marks->slice + vhdx_bitmap_slice(marks->g) * 8;
	u64 entry;

	for (bit = marks->slice; marks->fresh && bit < end; bit += VHDX_BITMAP_WORD_BITS)
		vhdx_marks_write(edit, marks, bit, 0);
	for (bit = round_down(marks->first, VHDX_BITMAP_WORD_BITS); bit < marks->end;
	     bit += VHDX_BITMAP_WORD_BITS)
		vhdx_marks_write(edit, marks, bit, vhdx_marks_read(edit, marks, bit) |
				 vhdx_marks_mask(bit, marks->first, marks->end));
	entry = vhdx_bat_entry(vhdx_marks_full(edit, marks) ? VHDX_BLOCK_FULLY_PRESENT :
			       VHDX_BLOCK_PARTIALLY_PRESENT, marks->place);
	/* pairs with the barrier in vhdx_image_map_sectors() */
	smp_wmb();
	if (entry != marks->entry)
		vhdx_edit_write(edit, 0, marks->entry_offset, entry);
}

/**
 * vhdx_partial_mark() - B5: sectors are in this file from now on; unlock the block
 * @cmd:	in stage RESERVED; PLACED if the block was not present
 * @first:	virtual offset of the first sector, in bytes
 * @end:	virtual offset of the end of the last, in bytes; in the same block
 *
 * Context: any
 */
void vhdx_partial_mark(struct vhdx_cmd *cmd, u64 first, u64 end)
{
	struct vhdx_image *image = cmd->image;
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 block = cmd->lock.block << g->block_shift;
	struct vhdx_marks marks = {
		.g		= g,
		.bitmap		= cmd->bitmap,
		.entry_offset	= vhdx_image_entry_offset(image, cmd->lock.block),
		.entry		= cmd->entry,
		.place		= cmd->place ?: vhdx_bat_offset(cmd->entry),
		.fresh		= cmd->place,
		.slice		= vhdx_bitmap_bit(g, block),
		.used		= vhdx_block_used(g, cmd->lock.block) /
				  g->logical_sector_size,
	};

	marks.first = marks.slice + (first - block) / g->logical_sector_size;
	marks.end = marks.slice + (end - block) / g->logical_sector_size;
	vhdx_journal_change(image->journal, cmd->pages, cmd->nr_pages,
			    vhdx_marks_apply, &marks);
	cmd->place = 0;
	cmd->stage = VHDX_STAGE_BITMAP;
	vhdx_cmd_unlock(cmd);
}
