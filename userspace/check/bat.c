// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The BAT: each entry by itself, by the rules of the format core, and all entries against each
 * other. For each kind of oddity, one finding has the first one and their number.
 */
#include <stdlib.h>

#include "check/check.h"
#include "image/fault.h"
#include "image/replay_memory.h"
#include "lib/alloc.h"
#include "lib/interrupt.h"

#define PIECE_ENTRIES (1U << 17)		/* 1 MiB of them */
#define RESERVED_BITS 0xffff8ULL

enum oddity {
	ODD_RESERVED,
	ODD_OFFSET,
	ODD_DRAFT,
	ODD_ANCHOR,
	ODD_BITMAP,
	ODD_BEHIND,
	ODD_UNTRACKED,
	ODD_KINDS
};

static const struct {
	const char *code;
	const char *text;
} oddities[ODD_KINDS] = {
	[ODD_RESERVED] = { "bat_reserved", "reserved bits are not zero" },
	[ODD_OFFSET] = { "bat_offset", "an absent block has a file offset; Hyper-V may refuse it" },
	[ODD_DRAFT] = { "bat_draft_state", "state 5, which meant unmapped before version 1.0" },
	[ODD_ANCHOR] = { "bat_anchor", "former place of an unmapped block is outside the file or "
			 "in use" },
	[ODD_BITMAP] = { "bat_bitmap_unneeded", "sector bitmap entry in use without a parent" },
	[ODD_BEHIND] = { "bat_behind_disk", "entry beyond the end of the disk in use" },
	[ODD_UNTRACKED] = { "bat_not_compared", "block lies beyond 256 TiB, where overlaps are not "
			    "checked" },
};

/**
 * struct scan - one pass over a BAT
 * @check:	gets the findings
 * @rules:	rules for BAT entries
 * @chunk:	state of the current chunk
 * @count:	number of oddities of each kind
 * @first:	BAT index of the first oddity of each kind
 */
struct scan {
	struct check *check;
	struct vhdx_bat_rules rules;
	struct vhdx_bat_chunk chunk;
	u64 count[ODD_KINDS];
	u64 first[ODD_KINDS];
};

static u64 place_of(const struct scan *scan, u64 index)
{
	return scan->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE;
}

static void add_oddity(struct scan *scan, enum oddity kind, u64 index)
{
	if (!scan->count[kind]++)
		scan->first[kind] = index;
}

/* The fault has the place of its entry, which may be an earlier one of the chunk. */
static void add_chunk_fault(struct scan *scan, const struct vhdx_fault *fault)
{
	findings_add_fault(&scan->check->findings, fault,
			   (fault->offset - scan->rules.bat_offset) / VHDX_BAT_ENTRY_SIZE);
}

/* A present block with a valid entry: no other block may share its space. */
static void use_block(struct scan *scan, u64 index, u64 entry, u64 length, bool payload)
{
	struct usage *usage = &scan->check->usage;
	u64 offset = vhdx_bat_offset(entry);
	struct vhdx_fault fault;

	if (offset + length > usage->end)
		usage->end = offset + length;
	/* Old versions of QEMU truncate the unused part of the last block. */
	if (length > scan->rules.file_size - offset)
		length = scan->rules.file_size - offset;
	if (offset + length > USAGE_LIMIT)
		add_oddity(scan, ODD_UNTRACKED, index);
	if (usage_any(usage, USAGE_ANCHOR, offset, length))
		add_oddity(scan, ODD_ANCHOR, index);
	if (usage_any(usage, USAGE_USED, offset, length)) {
		bool same = payload && usage_any(usage, USAGE_START, offset, 1);

		vhdx_fault_set(&fault, same ? VHDX_REASON_payload_duplicate :
			       VHDX_REASON_block_overlap, place_of(scan, index), entry);
		findings_add_fault(&scan->check->findings, &fault, index);
	}
	usage_set(usage, USAGE_USED, offset, length);
	if (payload)
		usage_set(usage, USAGE_START, offset, 1);
	if (payload && scan->check->replayed)
		usage_set(usage, USAGE_PAYLOAD, offset, length);
}

/* The former place of an unmapped block is a hint; an impossible one belongs to no block. */
static void use_anchor(struct scan *scan, u64 index, u64 entry)
{
	u64 length = scan->rules.geometry->block_size;
	struct usage *usage = &scan->check->usage;
	u64 offset = vhdx_bat_offset(entry);

	if (!offset)
		return;
	if (!vhdx_range_inside(offset, length, scan->rules.file_size) ||
	    vhdx_layout_overlaps(scan->rules.layout, offset, length)) {
		add_oddity(scan, ODD_ANCHOR, index);
		return;
	}
	if (usage_any(usage, USAGE_ANCHOR, offset, length) ||
	    usage_any(usage, USAGE_USED, offset, length))
		add_oddity(scan, ODD_ANCHOR, index);
	if (usage_any(usage, USAGE_ANCHOR, offset, length))
		usage_set(usage, USAGE_CONTESTED, offset, length);
	usage_set(usage, USAGE_ANCHOR, offset, length);
}

/**
 * check_owns_anchor() - test whether an absent block can use its former place again
 * @check:	completed
 * @rules:	rules for BAT entries
 * @entry:	BAT entry of the block, which has the former place
 *
 * Return: true if no other entry refers to any part of the place
 */
bool check_owns_anchor(const struct check *check, const struct vhdx_bat_rules *rules, u64 entry)
{
	enum vhdx_block_state state = vhdx_bat_state(entry);
	u64 offset = vhdx_bat_offset(entry), length = rules->geometry->block_size;
	u64 known = check->usage.units * VHDX_MIB;

	if (state != VHDX_BLOCK_UNDEFINED && state != VHDX_BLOCK_UNMAPPED &&
	    state != VHDX_BLOCK_UNMAPPED_DRAFT)
		return false;
	return offset && vhdx_range_inside(offset, length, rules->file_size) &&
	       vhdx_range_inside(offset, length, known) &&
	       !vhdx_layout_overlaps(rules->layout, offset, length) &&
	       !usage_any(&check->usage, USAGE_USED, offset, length) &&
	       !usage_any(&check->usage, USAGE_CONTESTED, offset, length) &&
	       !usage_any(&check->usage, USAGE_STRAY, offset, length);
}

static void scan_payload(struct scan *scan, u64 index, u64 entry)
{
	switch (vhdx_bat_state(entry)) {
	case VHDX_BLOCK_FULLY_PRESENT:
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		use_block(scan, index, entry, scan->rules.geometry->block_size, true);
		break;
	case VHDX_BLOCK_NOT_PRESENT:
	case VHDX_BLOCK_ZERO:
		if (vhdx_bat_offset(entry))
			add_oddity(scan, ODD_OFFSET, index);
		break;
	case VHDX_BLOCK_UNMAPPED_DRAFT:
		add_oddity(scan, ODD_DRAFT, index);
		use_anchor(scan, index, entry);
		break;
	default:
		use_anchor(scan, index, entry);
	}
}

/**
 * check_stray() - get the space to which an unused BAT entry refers
 * @rules:	rules for BAT entries
 * @entry:	beyond the end of the disk, or of a sector bitmap in an image without a parent
 * @offset:	set to the offset in the file, in bytes
 * @length:	set to the length inside the file, in bytes
 *
 * Return: false if it refers to no space in the file
 */
bool check_stray(const struct vhdx_bat_rules *rules, u64 entry, u64 *offset, u64 *length)
{
	u64 size = rules->file_size;

	*offset = vhdx_bat_offset(entry);
	if (!vhdx_bat_is_present(entry) ||
	    *offset < VHDX_HEADER_SECTION_SIZE || *offset >= size)
		return false;
	*length = rules->geometry->block_size;
	if (*length > size - *offset)
		*length = size - *offset;
	return true;
}

/* The entry may be the only reference to a block of data, so that space is not a leak. */
static void scan_unused(struct scan *scan, enum oddity kind, u64 index, u64 entry)
{
	u64 offset, length;

	if (!entry)
		return;
	add_oddity(scan, kind, index);
	if (check_stray(&scan->rules, entry, &offset, &length))
		usage_set(&scan->check->usage, USAGE_STRAY, offset, length);
}

static void scan_entry(struct scan *scan, u64 index, u64 entry)
{
	const struct vhdx_geometry *g = scan->rules.geometry;
	struct vhdx_fault fault;
	u64 number, in_chunk;
	bool sound, bitmap;

	bitmap = vhdx_index_is_bitmap(g, (u32)index, &number);
	if (number >= (bitmap ? g->chunks : g->payload_blocks)) {
		scan_unused(scan, ODD_BEHIND, index, entry);
		return;
	}
	sound = !vhdx_bat_check(&scan->rules, (u32)index, entry, &fault);
	if (!sound)
		findings_add_fault(&scan->check->findings, &fault, index);
	if (entry & RESERVED_BITS)
		add_oddity(scan, ODD_RESERVED, index);
	/* In its chunk, a bad entry is replaced by one that causes no other finding. */
	in_chunk = sound ? entry : bitmap ? vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, 0) : 0;
	if (g->has_parent &&
	    vhdx_bat_chunk_next(&scan->chunk, &scan->rules, (u32)index, in_chunk, &fault))
		add_chunk_fault(scan, &fault);
	if (sound && !bitmap)
		scan_payload(scan, index, entry);
	else if (sound && !g->has_parent)
		scan_unused(scan, ODD_BITMAP, index, entry);
	else if (sound && vhdx_bat_state(entry) == VHDX_BLOCK_FULLY_PRESENT)
		use_block(scan, index, entry, VHDX_BITMAP_BLOCK_SIZE, false);
}

static enum exit_code scan_piece(struct scan *scan, u64 first, u64 count, __le64 *entries)
{
	struct check *check = scan->check;
	u32 length = (u32)(count * VHDX_BAT_ENTRY_SIZE);
	struct vhdx_fault fault;
	u64 i;

	if (vhdx_read(&check->reader, place_of(scan, first), entries, length, &fault))
		return fail_fault(&check->file, &fault);
	for (i = 0; i < count; i++)
		scan_entry(scan, first + i, le64_to_cpu(entries[i]));
	progress_add(&check->progress, length);
	return interrupted() ? fail(EXIT_INTERRUPTED, "%s: interrupted", check->file.path) : DONE;
}

/* The log is for metadata: it must not change payload blocks, which are read without the log. */
static void check_changes(struct scan *scan)
{
	const struct replay_memory *replayed = scan->check->replayed;
	const struct usage *usage = &scan->check->usage;
	const struct vhdx_overlay *overlay = replayed ? &replayed->overlay : NULL;
	struct vhdx_fault fault;
	u64 changed = 0;
	u32 i;

	for (i = 0; overlay && !changed && i < overlay->nr_pages; i++)
		if (usage_any(usage, USAGE_PAYLOAD, overlay->pages[i].offset, VHDX_PAGE_SIZE))
			changed = overlay->pages[i].offset;
	for (i = 0; overlay && !changed && i < overlay->nr_zeros; i++)
		if (usage_any(usage, USAGE_PAYLOAD, overlay->zeros[i].offset,
			      overlay->zeros[i].length))
			changed = overlay->zeros[i].offset;
	if (!changed)
		return;
	vhdx_fault_set(&fault, VHDX_REASON_log_payload_changed, overlay->log.offset, changed);
	findings_add_fault(&scan->check->findings, &fault, NO_ENTRY);
}

/**
 * check_bat() - check all entries of the BAT
 * @check:	its geometry and layout are known
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code check_bat(struct check *check)
{
	u64 total = check->super->regions.bat.length / VHDX_BAT_ENTRY_SIZE;
	__le64 *entries = xcalloc(PIECE_ENTRIES, sizeof(*entries));
	struct scan scan = { .check = check };
	enum exit_code status = DONE;
	struct vhdx_fault fault;
	unsigned int kind;
	u64 first, count;

	vhdx_open_bat_rules(check->super, &scan.rules);
	progress_begin(&check->progress, "check", total * VHDX_BAT_ENTRY_SIZE);
	for (first = 0; first < total && status == DONE; first += count) {
		count = total - first < PIECE_ENTRIES ? total - first : PIECE_ENTRIES;
		status = scan_piece(&scan, first, count, entries);
	}
	progress_end(&check->progress);
	/* The BAT region may end before the last sector bitmap entry. */
	if (vhdx_bat_chunk_end(&scan.chunk, &scan.rules, &fault))
		add_chunk_fault(&scan, &fault);
	for (kind = 0; kind < ODD_KINDS; kind++)
		if (scan.count[kind])
			findings_add_warning(&check->findings, oddities[kind].code,
					     place_of(&scan, scan.first[kind]), scan.first[kind],
					     "BAT: %s (%llu)", oddities[kind].text,
					     (unsigned long long)scan.count[kind]);
	check_changes(&scan);
	free(entries);
	return status;
}
