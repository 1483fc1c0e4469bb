// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "info/bat_summary.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "format/overlay.h"

#define READ_ENTRIES (1U << 17)		/* 1 MiB of them */

/**
 * struct scan - one pass over a BAT
 * @counts:	the result
 * @rules:	rules for BAT entries
 * @overlay:	changes by the replay of the log, or NULL
 * @chunk:	state of the current chunk
 * @holes:	descriptor of the file, to skip its holes; -1: holes are read
 */
struct scan {
	struct bat_summary *counts;
	struct vhdx_bat_rules rules;
	const struct vhdx_overlay *overlay;
	struct vhdx_bat_chunk chunk;
	int holes;
};

static void add_fault(struct bat_summary *counts, const struct vhdx_fault *fault)
{
	counts->bad++;
	counts->missing += fault->reason == VHDX_REASON_payload_past_eof ||
			   fault->reason == VHDX_REASON_bitmap_past_eof;
	if (counts->faults < BAT_SUMMARY_MAX_FAULTS)
		counts->fault[counts->faults++] = *fault;
}

static void scan_entry(struct scan *scan, u64 index, u64 entry)
{
	enum vhdx_block_state state = vhdx_bat_state(entry);
	const struct vhdx_geometry *geometry = scan->rules.geometry;
	struct vhdx_fault fault;
	u64 number;

	if (vhdx_bat_check(&scan->rules, index, entry, &fault))
		add_fault(scan->counts, &fault);
	if (vhdx_index_is_beyond(geometry, index))
		return;
	if (geometry->has_parent &&
	    vhdx_bat_chunk_next(&scan->chunk, &scan->rules, index, entry, &fault))
		add_fault(scan->counts, &fault);
	if (vhdx_index_is_bitmap(geometry, index, &number)) {
		scan->counts->bitmap += geometry->has_parent && state == VHDX_BLOCK_FULLY_PRESENT;
		return;
	}
	scan->counts->payload[state]++;
	/* The log must not change payload blocks (2.3). */
	if (scan->overlay && vhdx_bat_is_present(entry) &&
	    vhdx_overlay_touches(scan->overlay, vhdx_bat_offset(entry), geometry->block_size)) {
		vhdx_fault_set(&fault, VHDX_REASON_log_payload_changed,
			       scan->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE,
			       vhdx_bat_offset(entry));
		add_fault(scan->counts, &fault);
	}
}

/* Index of the first entry from @index on that is not in a hole of the file */
static u64 skip_hole(const struct scan *scan, u64 index, u64 total)
{
	u64 offset = scan->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE;
	off_t data;

	if (scan->holes < 0)
		return index;
	data = lseek(scan->holes, (off_t)offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? total : index;
	return index + ((u64)data - offset) / VHDX_BAT_ENTRY_SIZE;
}

/* @limit: maximum number of entries to read */
static void scan_bat(struct scan *scan, const struct vhdx_super *super,
		     const struct vhdx_reader *reader, u64 limit)
{
	__le64 *entries = xcalloc(READ_ENTRIES, sizeof(*entries));
	u64 total = super->regions.bat.length / VHDX_BAT_ENTRY_SIZE;
	u64 first, count, i, done = 0;
	struct vhdx_fault fault;

	/* The region may end before the last sector bitmap entry, if that is never used. */
	total = super->geometry.bat_entries < total ? super->geometry.bat_entries : total;
	memset(scan->counts, 0, sizeof(*scan->counts));
	vhdx_open_bat_rules(super, &scan->rules);
	first = skip_hole(scan, 0, total);
	while (first < total && done < limit) {
		count = total - first < READ_ENTRIES ? total - first : READ_ENTRIES;
		count = count < limit - done ? count : limit - done;
		if (vhdx_read(reader, scan->rules.bat_offset + first * VHDX_BAT_ENTRY_SIZE,
			      entries, (u32)(count * VHDX_BAT_ENTRY_SIZE), &fault)) {
			add_fault(scan->counts, &fault);
			break;
		}
		for (i = 0; i < count; i++)
			scan_entry(scan, first + i, le64_to_cpu(entries[i]));
		done += count;
		first = skip_hole(scan, first + count, total);
	}
	scan->counts->complete = first >= total;
	free(entries);
}

/**
 * bat_summary_count() - read a whole BAT
 * @counts:	filled
 * @super:	complete
 * @reader:	reads the image with the log replayed
 * @overlay:	changes by the replay, or NULL
 *
 * Takes 1 MiB of memory for a BAT of any size.
 */
void bat_summary_count(struct bat_summary *counts, const struct vhdx_super *super,
		       const struct vhdx_reader *reader, const struct vhdx_overlay *overlay)
{
	struct scan scan = { .counts = counts, .overlay = overlay, .holes = -1 };

	scan_bat(&scan, super, reader, UINT64_MAX);
}

/**
 * bat_summary_look() - read the beginning of a BAT, in bounded time
 * @counts:	filled; @payload lacks blocks with entries in holes of the file
 * @super:	complete
 * @reader:	reads the image with the log replayed
 * @overlay:	changes by the replay, or NULL
 * @fd:		file descriptor of the image
 * @bytes:	length to read, in bytes, approximately
 *
 * Holes of the file are skipped and do not count, unless the log was replayed.
 */
void bat_summary_look(struct bat_summary *counts, const struct vhdx_super *super,
		      const struct vhdx_reader *reader, const struct vhdx_overlay *overlay, int fd,
		      u64 bytes)
{
	struct scan scan = { .counts = counts, .overlay = overlay, .holes = overlay ? -1 : fd };

	scan_bat(&scan, super, reader, bytes / VHDX_BAT_ENTRY_SIZE);
}
