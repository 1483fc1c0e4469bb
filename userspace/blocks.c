// SPDX-License-Identifier: GPL-2.0-or-later
#include "blocks.h"

#include <stdlib.h>

#include "format/overlay.h"
#include "memory.h"

#define READ_ENTRIES (1U << 17)		/* 1 MiB of them */
#define NO_INDEX UINT64_MAX

/**
 * struct scan - one pass over a BAT
 * @counts:	what it finds
 * @rules:	what an entry is judged by
 * @overlay:	what replay of the log changes, or NULL
 * @partial:	BAT index of the first partially present block of this chunk
 */
struct scan {
	struct block_counts *counts;
	struct vhdx_bat_rules rules;
	const struct vhdx_overlay *overlay;
	u64 partial;
};

static void add_fault(struct block_counts *counts, const struct vhdx_fault *fault)
{
	counts->bad++;
	if (counts->faults < BLOCKS_MAX_FAULTS)
		counts->fault[counts->faults++] = *fault;
}

/* The bitmap's entry comes after those of the blocks it is for (2.5). */
static void scan_bitmap(struct scan *scan, u64 chunk, u64 entry)
{
	bool present = vhdx_bat_state(entry) == VHDX_BLOCK_FULLY_PRESENT;
	const struct vhdx_geometry *geometry = scan->rules.geometry;
	struct vhdx_fault fault;

	if (!geometry->has_parent || chunk >= geometry->chunks)
		return;
	scan->counts->bitmap += present;
	if (!present && scan->partial != NO_INDEX) {
		vhdx_fault_set(&fault, VHDX_REASON_payload_partial_without_bitmap,
			       scan->rules.bat_offset + scan->partial * VHDX_BAT_ENTRY_SIZE, 0);
		add_fault(scan->counts, &fault);
	}
	scan->partial = NO_INDEX;
}

/* Payload is never logged: a log that changes a block is not believed (2.3). */
static void scan_logged(struct scan *scan, u64 index, u64 entry)
{
	struct vhdx_fault fault;

	if (!scan->overlay || vhdx_bat_state(entry) < VHDX_BLOCK_FULLY_PRESENT ||
	    !vhdx_overlay_touches(scan->overlay, vhdx_bat_offset(entry),
				  scan->rules.geometry->block_size))
		return;
	vhdx_fault_set(&fault, VHDX_REASON_log_payload_changed,
		       scan->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE,
		       vhdx_bat_offset(entry));
	add_fault(scan->counts, &fault);
}

static void scan_entry(struct scan *scan, u64 index, u64 entry)
{
	enum vhdx_block_state state = vhdx_bat_state(entry);
	const struct vhdx_geometry *geometry = scan->rules.geometry;
	struct vhdx_fault fault;
	u64 number;

	if (vhdx_bat_check(&scan->rules, index, entry, &fault))
		add_fault(scan->counts, &fault);
	if (vhdx_index_is_bitmap(geometry, index, &number)) {
		scan_bitmap(scan, number, entry);
		return;
	}
	if (number >= geometry->payload_blocks)
		return;
	scan_logged(scan, index, entry);
	scan->counts->payload[state]++;
	if (geometry->has_parent && state == VHDX_BLOCK_PARTIALLY_PRESENT &&
	    scan->partial == NO_INDEX)
		scan->partial = index;
}

/* The core allows a region that ends before the last bitmap entry, if that is never used. */
static u64 entries_to_scan(const struct vhdx_super *super)
{
	u64 room = super->regions.bat.length / VHDX_BAT_ENTRY_SIZE;

	return super->geometry.bat_entries < room ? super->geometry.bat_entries : room;
}

/**
 * blocks_count() - read a BAT from end to end
 * @counts:	filled
 * @super:	complete
 * @reader:	the image, its log replayed
 * @overlay:	what replay changes, or NULL
 *
 * Takes 1 MiB of memory, whatever the size of the BAT.
 */
void blocks_count(struct block_counts *counts, const struct vhdx_super *super,
		  const struct vhdx_reader *reader, const struct vhdx_overlay *overlay)
{
	__le64 *entries = xcalloc(READ_ENTRIES, sizeof(*entries));
	struct scan scan = { .counts = counts, .overlay = overlay, .partial = NO_INDEX };
	u64 total = entries_to_scan(super);
	struct vhdx_fault fault;
	u64 first, i, count;

	memset(counts, 0, sizeof(*counts));
	vhdx_super_bat_rules(super, &scan.rules);
	for (first = 0; first < total; first += count) {
		u64 offset = super->regions.bat.offset + first * VHDX_BAT_ENTRY_SIZE;

		count = total - first < READ_ENTRIES ? total - first : READ_ENTRIES;
		if (vhdx_read(reader, offset, entries, (u32)(count * VHDX_BAT_ENTRY_SIZE),
			      &fault)) {
			add_fault(counts, &fault);
			break;
		}
		for (i = 0; i < count; i++)
			scan_entry(&scan, first + i, le64_to_cpu(entries[i]));
	}
	free(entries);
}
