// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Junk in BAT entries: reserved bits, offsets of absent blocks, unused entries. Readers have to
 * ignore it, but some programs do not.
 *
 * An unused entry may be the only reference to a block of data, if the disk was shrunk or a bug has
 * shifted the BAT. It is kept if no other entry uses its space.
 */
#include <stdlib.h>

#include "image/fault.h"
#include "lib/alloc.h"
#include "lib/interrupt.h"
#include "repair/repair.h"

#define PIECE_PAGES 64U

/**
 * struct bat_repair - one pass over a BAT
 * @repair:	the repair
 * @rules:	rules for BAT entries
 * @anchors:	former places of unmapped blocks found so far
 * @kept:	number of unused entries that are kept
 */
struct bat_repair {
	struct repair *repair;
	struct vhdx_bat_rules rules;
	struct usage anchors;
	u64 kept;
};

static u64 payload_entry(struct bat_repair *bat, u64 entry)
{
	enum vhdx_block_state state = vhdx_bat_state(entry);
	u64 length = bat->rules.geometry->block_size;
	u64 offset = vhdx_bat_offset(entry);

	switch (state) {
	case VHDX_BLOCK_FULLY_PRESENT:
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		return vhdx_bat_entry(state, offset);
	case VHDX_BLOCK_NOT_PRESENT:
	case VHDX_BLOCK_ZERO:
		return vhdx_bat_entry(state, 0);
	case VHDX_BLOCK_UNMAPPED_DRAFT:
		state = VHDX_BLOCK_UNMAPPED;
		break;
	default:
		break;
	}
	/* The former place of an unmapped block is kept if the block can use it again. */
	if (!offset || !vhdx_range_inside(offset, length, bat->rules.file_size) ||
	    vhdx_layout_overlaps(bat->rules.layout, offset, length) ||
	    usage_any(&bat->repair->check->usage, USAGE_USED, offset, length) ||
	    usage_any(&bat->anchors, USAGE_ANCHOR, offset, length))
		return vhdx_bat_entry(state, 0);
	usage_set(&bat->anchors, USAGE_ANCHOR, offset, length);
	return vhdx_bat_entry(state, offset);
}

/* The repaired value of an entry */
static u64 better_entry(struct bat_repair *bat, u64 index, u64 entry)
{
	const struct vhdx_geometry *g = bat->rules.geometry;
	u64 number, offset, length;
	bool bitmap = vhdx_index_is_bitmap(g, (u32)index, &number);
	bool used = number < (bitmap ? g->chunks : g->payload_blocks) && (!bitmap || g->has_parent);

	if (used && bitmap)
		return entry & (VHDX_BAT_STATE_MASK | VHDX_BAT_OFFSET_MASK);
	if (used)
		return payload_entry(bat, entry);
	if (!check_stray(&bat->rules, entry, &offset, &length) ||
	    usage_any(&bat->repair->check->usage, USAGE_USED, offset, length))
		return 0;
	bat->kept++;
	return entry;
}

static enum exit_code repair_bat_page(struct bat_repair *bat, u64 first, __le64 *entries)
{
	u64 place = bat->rules.bat_offset + first * VHDX_BAT_ENTRY_SIZE;
	bool changed = false;
	u32 i;

	for (i = 0; i < VHDX_BAT_ENTRIES_PER_PAGE; i++) {
		u64 old = le64_to_cpu(entries[i]);
		u64 new = better_entry(bat, first + i, old);

		if (new == old)
			continue;
		entries[i] = cpu_to_le64(new);
		changed = true;
		findings_add_repair(&bat->repair->done, "bat_entry",
				    place + i * VHDX_BAT_ENTRY_SIZE, first + i,
				    "BAT: %#llx becomes %#llx", (unsigned long long)old,
				    (unsigned long long)new);
	}
	return changed ? repair_page(bat->repair, place, entries) : DONE;
}

/**
 * repair_bat() - clear junk in BAT entries
 * @repair:	begun by repair_image()
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_bat(struct repair *repair)
{
	struct check *check = repair->check;
	__le64 *entries = xcalloc(PIECE_PAGES, VHDX_PAGE_SIZE);
	u64 total = check->super->regions.bat.length, offset;
	struct bat_repair bat = { .repair = repair };
	u32 length = PIECE_PAGES * VHDX_PAGE_SIZE, at;	/* regions are whole MiB */
	enum exit_code status = DONE;
	struct vhdx_fault fault;

	vhdx_open_bat_rules(check->super, &bat.rules);
	usage_init(&bat.anchors, check->reader.size);
	for (offset = 0; offset < total && status == DONE; offset += length) {
		if (vhdx_read(&check->reader, bat.rules.bat_offset + offset, entries, length,
			      &fault))
			status = fail_fault(&check->file, &fault);
		for (at = 0; at < length && status == DONE; at += VHDX_PAGE_SIZE)
			status = repair_bat_page(&bat, (offset + at) / VHDX_BAT_ENTRY_SIZE,
						 entries + at / VHDX_BAT_ENTRY_SIZE);
		if (status == DONE && interrupted())
			status = fail(EXIT_INTERRUPTED, "%s: interrupted", check->file.path);
	}
	if (bat.kept)
		warn("%s: %llu unused BAT entries are kept: they may refer to data",
		     check->file.path, (unsigned long long)bat.kept);
	usage_free(&bat.anchors);
	free(entries);
	return status;
}
