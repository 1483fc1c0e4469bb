// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include <stdlib.h>

#include "recover.h"

#include "format/overlay.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICTS] = {
		"right", "not opened", "flushed changes lost", "a state that never was",
		"another state after an interrupted replay",
	};

	return names[verdict];
}

/* All that a recovery needs, big and used again */
static struct vhdx_log_slot slots[MAX_SECTORS];
static struct vhdx_overlay_page pages[MAX_SECTORS];
static struct vhdx_overlay_zero zeros[VHDX_OVERLAY_MAX_ZEROS];
static u64 sector[SECTOR / sizeof(u64)];

struct recovery {
	struct machine *m;
	struct vhdx_reader reader;
	struct vhdx_overlay overlay;
	struct vhdx_log_sequence sequence;
	struct vhdx_fault fault;
};

static int read_disk(void *context, u64 offset, void *buffer, u32 length)
{
	const struct machine *m = context;
	u32 i;

	if (!vhdx_range_inside(offset, length, m->disk.size))
		abort();
	memset(buffer, 0, length);
	if (vhdx_range_inside(offset - RING_OFFSET, length, m->sectors * SECTOR))
		memcpy(buffer, m->disk.ring + (offset - RING_OFFSET), length);
	for (i = 0; i < PAGES; i++)
		if (vhdx_range_inside(offset - PAGE_OFFSET(i), length, SECTOR))
			memcpy(buffer, m->disk.page[i] + (offset - PAGE_OFFSET(i)), length);
	return 0;
}

static enum vhdx_reason replay_in_memory(struct recovery *r, struct machine *m)
{
	struct vhdx_header header = {
		.log_guid = m->guid, .log_offset = RING_OFFSET, .log_length = m->sectors * SECTOR,
	};
	enum vhdx_reason reason;

	memset(r, 0, sizeof(*r));
	r->m = m;
	r->reader = (struct vhdx_reader){ read_disk, m, m->disk.size };
	r->overlay.pages = pages;
	r->overlay.zeros = zeros;
	reason = vhdx_log_init(&r->overlay.log, &r->reader, &header, &r->fault);
	if (!reason)
		reason = vhdx_log_find(&r->overlay.log, &r->sequence, slots, sector, &r->fault);
	if (!reason)
		reason = vhdx_overlay_build(&r->overlay, &r->sequence, sector, &r->fault);
	return reason;
}

static bool shows(struct recovery *r, const struct state *state)
{
	u8 seen[SECTOR], expected[SECTOR], page[SECTOR];
	struct vhdx_overlay_reader over = { &r->overlay, page };
	u32 i;

	if (r->overlay.file_size != state->size)
		return false;
	for (i = 0; i < PAGES; i++) {
		if (PAGE_NEEDS(i) > state->size)
			continue;
		fill(expected, state->page[i]);
		if (vhdx_overlay_read(&over, PAGE_OFFSET(i), seen, SECTOR) ||
		    memcmp(seen, expected, SECTOR))
			return false;
	}
	return true;
}

static enum verdict judge(struct recovery *r, struct machine *m)
{
	u64 found;

	if (replay_in_memory(r, m))
		return NOT_OPENED;
	found = r->sequence.head.sequence;
	if (found < m->durable_sequence)
		return LOST;
	if (found > m->sequence || !shows(r, &m->after[found - m->first_sequence]))
		return MIXED;
	return RIGHT;
}

/* One change of an on-disk replay that is cut off: it arrives, or part of it, or not. */
static enum vhdx_reason write_change(void *context, const struct vhdx_log_change *change,
				     struct vhdx_fault *fault)
{
	struct recovery *r = context;
	struct machine *m = r->m;
	u64 page[SECTOR / sizeof(u64)] = { 0 };
	enum vhdx_reason reason = VHDX_OK;
	u32 at = (change->offset - PAGE_OFFSET(0)) / VHDX_MIB;

	if (at >= PAGES || change->offset != PAGE_OFFSET(at) || change->length != SECTOR)
		abort();
	if (!change->zero)
		reason = vhdx_log_read_page(&r->overlay.log, change, page, fault);
	if (!reason)
		write_or_not(&m->seed, m->disk.page[at], (const u8 *)page);
	return reason;
}

static enum verdict replay_twice(struct recovery *r, struct machine *m)
{
	u64 found = r->sequence.head.sequence;

	if (vhdx_log_walk(&r->overlay.log, &r->sequence, sector, write_change, r, &r->fault))
		return UNSTABLE;
	if (chance_below(&m->seed, 2))
		m->disk.size = r->overlay.file_size;
	if (judge(r, m) != RIGHT || r->sequence.head.sequence != found)
		return UNSTABLE;
	return RIGHT;
}

static void count(struct tally *tally, const struct recovery *r, const struct machine *m)
{
	const struct vhdx_log_sequence *s = &r->sequence;

	tally->newer += s->head.sequence > m->durable_sequence;
	tally->torn += s->head.sequence < m->sequence;
	tally->wrapped += s->head.offset < s->first ||
			  s->head.offset + s->head.length > m->sectors * SECTOR;
	tally->longer += r->overlay.file_size > m->disk.size;
	tally->entries += s->entries;
}

enum verdict recover(struct machine *m, struct tally *tally)
{
	static struct recovery r;
	enum verdict verdict = judge(&r, m);

	tally->crashes++;
	if (verdict)
		return verdict;
	count(tally, &r, m);
	return replay_twice(&r, m);
}
