// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The map of the space of a file: bitmaps with one bit for each MiB. space.c says what the states
 * of a unit mean.
 *
 * The maps cover twice what all blocks would take, and VHDX_SPACE_SLACK. A file may be longer than
 * that, as a device is, or a file made sparse by mistake: the rest is not used. Only a file that
 * has something there cannot be written to.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "meta/space_internal.h"
#include "format/geometry.h"
#include "format/region.h"

/*
 * Mark header section, log and regions as used. A region that is not known may lie beyond the end
 * of the file: when the file grows over it, no block may use that space. Context: @space->lock held
 */
static void vhdx_space_mark_layout(struct vhdx_space *space)
{
	const struct vhdx_layout *layout = space->layout;
	unsigned long first, last;
	unsigned int i;

	for (i = 0; i < layout->count; i++) {
		first = layout->range[i].offset >> VHDX_UNIT_SHIFT;
		last = first + (layout->range[i].length >> VHDX_UNIT_SHIFT);
		last = min(last, space->capacity);
		if (first < last)
			vhdx_space_use(space, first, last - first);
	}
}

/**
 * vhdx_space_enlarge() - make the map large enough for a longer file
 * @space:	the map
 * @capacity:	units, more than now
 *
 * Context: process, may sleep; no other context changes the capacity
 * Return: 0 or -ENOMEM
 */
int vhdx_space_enlarge(struct vhdx_space *space, unsigned long capacity)
{
	unsigned long *map[VHDX_SPACE_MAPS], *old;
	unsigned int i;

	capacity = round_up(capacity, BITS_PER_LONG);
	for (i = 0; i < VHDX_SPACE_MAPS; i++) {
		map[i] = kvcalloc(BITS_TO_LONGS(capacity), sizeof(long), GFP_KERNEL);
		if (!map[i])
			goto err;
	}
	spin_lock_irq(&space->lock);
	for (i = 0; i < VHDX_SPACE_MAPS; i++) {
		if (space->capacity)
			bitmap_copy(map[i], space->map[i], space->capacity);
		old = space->map[i];
		space->map[i] = map[i];
		map[i] = old;
	}
	space->capacity = capacity;
	vhdx_space_mark_layout(space);
	spin_unlock_irq(&space->lock);
	i = VHDX_SPACE_MAPS;
err:
	while (i--)
		kvfree(map[i]);
	return space->capacity == capacity ? 0 : -ENOMEM;
}

static unsigned long vhdx_units(u64 bytes)
{
	return (bytes + VHDX_UNIT - 1) >> VHDX_UNIT_SHIFT;
}

/**
 * vhdx_space_covers() - does the map cover a part of the file?
 * @space:	not started yet
 * @end:	offset in the file of the end of that part, in bytes
 *
 * Context: process
 * Return: true if the part can be marked
 */
bool vhdx_space_covers(const struct vhdx_space *space, u64 end)
{
	return end <= (u64)space->capacity << VHDX_UNIT_SHIFT;
}

/**
 * vhdx_space_mark() - mark the space of a block as used
 * @space:	not started yet
 * @offset:	of the block in the file, in bytes
 * @length:	bytes; the last block of a disk may reach beyond the end of the file
 *
 * Context: process
 * Return: false if another block, or the layout, uses some of it already
 */
bool vhdx_space_mark(struct vhdx_space *space, u64 offset, u64 length)
{
	unsigned long first = offset >> VHDX_UNIT_SHIFT;
	unsigned long last = min(vhdx_units(offset + length), space->capacity);

	if (first >= last)
		return false;
	space->units = max(space->units, last);
	if (find_next_bit(space->map[VHDX_SPACE_USED], last, first) < last)
		return false;
	bitmap_set(space->map[VHDX_SPACE_USED], first, last - first);
	return true;
}

/**
 * vhdx_space_mark_former() - mark the former place of an absent block, which its entry names
 * @space:	not started yet
 * @offset:	of the former place in the file, in bytes, not 0
 *
 * Nothing is assumed about @offset: it may be beyond the end of the file, in use, or marked
 * already.
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_space_mark_former(struct vhdx_space *space, u64 offset)
{
	unsigned long first = offset >> VHDX_UNIT_SHIFT;
	unsigned long last = first + space->block_units;

	/* no block is ever allocated there */
	if (last > space->most_units) {
		space->former_unsure = true;
		return 0;
	}
	if (last > space->capacity && vhdx_space_enlarge(space, last))
		return -ENOMEM;
	if (find_next_bit(space->map[VHDX_SPACE_FORMER], last, first) < last)
		space->former_unsure = true;
	bitmap_set(space->map[VHDX_SPACE_FORMER], first, last - first);
	return 0;
}

/*
 * How many units of the file are of use at first: a device cannot grow to whole units, a file will,
 * see vhdx_space_size().
 */
static u64 vhdx_space_first_units(const struct vhdx_backing *backing, const struct vhdx_geometry *g)
{
	u64 blocks = g->payload_blocks << (g->block_shift - VHDX_UNIT_SHIFT);
	u64 limit = 2 * (blocks + g->chunks) + VHDX_SPACE_SLACK;

	if (S_ISBLK(vhdx_backing_inode(backing)->i_mode))
		return min(backing->size >> VHDX_UNIT_SHIFT, limit);
	return min_t(u64, vhdx_units(backing->size), limit);
}

/**
 * vhdx_space_create() - create the map of a file in which only the layout is used
 * @backing:	the file; must outlive the map
 * @layout:	header section, log, regions; must outlive the map
 * @g:		geometry of the image
 *
 * Context: process, may sleep
 * Return: the map, or an ERR_PTR
 */
struct vhdx_space *vhdx_space_create(struct vhdx_backing *backing,
				     const struct vhdx_layout *layout,
				     const struct vhdx_geometry *g)
{
	struct vhdx_space *space = kzalloc(sizeof(*space), GFP_KERNEL);
	u64 units;

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->backing = backing;
	space->layout = layout;
	space->block_units = g->block_size >> VHDX_UNIT_SHIFT;
	spin_lock_init(&space->lock);
	INIT_LIST_HEAD(&space->waiters);
	INIT_LIST_HEAD(&space->unit_waiters);
	INIT_LIST_HEAD(&space->reclaimers);
	init_waitqueue_head(&space->wait);
	units = vhdx_space_first_units(backing, g);
	if (vhdx_space_enlarge(space, units + VHDX_SPACE_SPARE + space->block_units)) {
		kfree(space);
		return ERR_PTR(-ENOMEM);
	}
	space->units = units;
	/* what exists, what all blocks may need besides, and what may be grown ahead */
	space->most_units = units + g->payload_blocks * space->block_units + g->chunks +
			    VHDX_GROW_MAX + space->block_units;
	return space;
}

/**
 * vhdx_space_destroy() - undo vhdx_space_create()
 * @space:	not started, or stopped
 *
 * Context: process
 */
void vhdx_space_destroy(struct vhdx_space *space)
{
	unsigned int i;

	for (i = 0; i < VHDX_SPACE_MAPS; i++)
		kvfree(space->map[i]);
	kfree(space);
}

/**
 * vhdx_space_end() - end of the last used unit
 * @space:	the map
 *
 * Context: any
 * Return: offset in the file, in bytes
 */
u64 vhdx_space_end(struct vhdx_space *space)
{
	unsigned long last, flags;
	u64 end = 0;

	spin_lock_irqsave(&space->lock, flags);
	last = find_last_bit(space->map[VHDX_SPACE_USED], space->units);
	if (last < space->units)
		end = (u64)(last + 1) << VHDX_UNIT_SHIFT;
	spin_unlock_irqrestore(&space->lock, flags);
	return end;
}

/**
 * vhdx_space_size() - size that the file must have for all units of the map to exist
 * @space:	the map
 *
 * Context: any; takes no lock
 * Return: bytes
 */
u64 vhdx_space_size(const struct vhdx_space *space)
{
	return (u64)space->units << VHDX_UNIT_SHIFT;
}

/**
 * vhdx_space_use() - mark units as used
 * @space:	the map
 * @first:	the first unit
 * @nr:		number of units
 *
 * Context: @space->lock held
 */
void vhdx_space_use(struct vhdx_space *space, unsigned long first, unsigned long nr)
{
	bitmap_set(space->map[VHDX_SPACE_USED], first, nr);
	bitmap_set(space->map[VHDX_SPACE_UNREADY], first, nr);
}

/**
 * vhdx_space_ready() - mark units as ready: they read as zeros and may be allocated
 * @space:	the map
 * @first:	the first unit
 * @nr:		number of units
 *
 * Context: @space->lock held
 */
void vhdx_space_ready(struct vhdx_space *space, unsigned long first, unsigned long nr)
{
	bitmap_clear(space->map[VHDX_SPACE_USED], first, nr);
	bitmap_clear(space->map[VHDX_SPACE_UNREADY], first, nr);
	/* a block that ends in these units may begin before them */
	space->hint = min(space->hint, first - min_t(unsigned long, first, space->block_units));
	space->unit_anywhere = false;
}

/**
 * vhdx_space_find_unit() - find one free unit, for a sector bitmap block
 * @space:	the map
 * @map:	which of the maps: bits that are not set are free
 * @from:	the first unit to look at
 * @at:		set to a free unit, or VHDX_SPACE_NOWHERE
 *
 * If a run of free units holds exactly n payload blocks, one unit taken from it leaves room for
 * n - 1. So a run with a remainder is preferred. It is looked for among the first VHDX_SPACE_RUNS
 * runs.
 *
 * Context: @space->lock held
 * Return: true if no payload block loses its room
 */
bool vhdx_space_find_unit(const struct vhdx_space *space, enum vhdx_space_map map,
			  unsigned long from, unsigned long *at)
{
	const unsigned long *bits = space->map[map];
	unsigned long first, end = from;
	unsigned int runs;

	*at = VHDX_SPACE_NOWHERE;
	for (runs = 0; runs < VHDX_SPACE_RUNS; runs++) {
		first = find_next_zero_bit(bits, space->units, end);
		if (first >= space->units)
			break;
		end = find_next_bit(bits, space->units, first);
		if (!runs || (end - first) % space->block_units)
			*at = first;
		if ((end - first) % space->block_units)
			return true;
	}
	return false;
}

/**
 * vhdx_space_search() - find ready space
 * @space:	the map
 * @nr:		units: a payload block's, or one
 *
 * For one unit, a run without a unit to spare is used only if no unit to spare can be made ready.
 *
 * Context: @space->lock held
 * Return: the first unit, or VHDX_SPACE_NOWHERE
 */
unsigned long vhdx_space_search(const struct vhdx_space *space, unsigned long nr)
{
	unsigned long at, any;

	/* the hint is about whole blocks */
	if (nr == space->block_units) {
		at = bitmap_find_next_zero_area(space->map[VHDX_SPACE_UNREADY], space->units,
						space->hint, nr, 0);
		return at + nr <= space->units ? at : VHDX_SPACE_NOWHERE;
	}
	if (vhdx_space_find_unit(space, VHDX_SPACE_UNREADY, 0, &at) || space->unit_anywhere ||
	    !vhdx_space_find_unit(space, VHDX_SPACE_USED, 0, &any))
		return at;
	return VHDX_SPACE_NOWHERE;
}
