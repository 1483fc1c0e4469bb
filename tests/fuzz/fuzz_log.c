// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A log to be replayed. Input:
 *
 *	1 byte	sectors of the ring, less one; 40 at most
 *	1 byte	bit 0: leave the checksums of entries alone
 *	8 bytes	file size; the ring is at 1 MiB
 *	then sectors: number (1 byte), length (2 bytes, up to 4096), contents; the last 4 bytes
 *	go to the sector's end, what is not given is zero
 *
 * Whatever begins like an entry gets its checksum put right.
 */
#include "harness.h"

#include "format/checksum.h"
#include "format/overlay.h"

#define MAX_SECTORS 40U
#define RING_OFFSET VHDX_MIB
#define MAX_CHANGES (MAX_SECTORS * 128U)

struct change {
	u64 offset, length;
	bool zero;
	u32 sector;
};

static u8 ring[MAX_SECTORS * VHDX_LOG_SECTOR_SIZE];
static u32 ring_length, reads;
static u64 file_size;

static struct change changes[MAX_CHANGES];
static u32 change_count;
static u64 limit;

static const struct vhdx_guid guid = { "0123456789abcde" };

static int read_file(void *context, u64 offset, void *buffer, u32 length)
{
	(void)context;
	reads++;
	CLAIM(length && length <= VHDX_PAGE_SIZE);
	CLAIM(vhdx_range_inside(offset, length, file_size));
	memset(buffer, 0xf1, length);
	if (vhdx_range_inside(offset - RING_OFFSET, length, ring_length))
		memcpy(buffer, ring + (offset - RING_OFFSET), length);
	return 0;
}

static void take_sector(struct input *input)
{
	u32 number, length;
	__le16 raw;
	u8 byte;
	u8 *at;

	take(input, &byte, 1);
	take(input, &raw, sizeof(raw));
	number = byte % (ring_length / VHDX_LOG_SECTOR_SIZE);
	length = le16_to_cpu(raw);
	if (length > VHDX_LOG_SECTOR_SIZE)
		length = VHDX_LOG_SECTOR_SIZE;
	if (length > input->size)
		length = input->size;
	at = ring + number * VHDX_LOG_SECTOR_SIZE;
	memset(at, 0, VHDX_LOG_SECTOR_SIZE);
	if (length >= 4) {
		take(input, at, length - 4);
		take(input, at + VHDX_LOG_SECTOR_SIZE - 4, 4);
	}
}

static void repair(u32 offset)
{
	static u8 entry[sizeof(ring)];
	struct vhdx_disk_log_entry *raw = (void *)(ring + offset);
	u32 length = le32_to_cpu(raw->entry_length), first = ring_length - offset;

	if (memcmp(raw->signature, "loge", 4) || !length || length > ring_length ||
	    !vhdx_is_aligned(length, VHDX_LOG_SECTOR_SIZE))
		return;
	if (first > length)
		first = length;
	memcpy(entry, ring + offset, first);
	memcpy(entry + first, ring, length - first);
	raw->checksum = cpu_to_le32(vhdx_checksum(entry, length));
}

static void take_log(struct input *input)
{
	u8 sectors, alone;
	u32 i;

	take(input, &sectors, 1);
	take(input, &alone, 1);
	ring_length = (sectors % MAX_SECTORS + 1) * VHDX_LOG_SECTOR_SIZE;
	file_size = take_u64(input) & VHDX_MAX_FILE_OFFSET;
	memset(ring, 0, sizeof(ring));
	while (input->size > 3)
		take_sector(input);
	for (i = 0; i < ring_length && !(alone & 1); i += VHDX_LOG_SECTOR_SIZE)
		repair(i);
}

/* Nothing may be changed that no log may touch. */
static enum vhdx_reason note(void *context, const struct vhdx_log_change *change,
			     struct vhdx_fault *fault)
{
	struct change *c = &changes[change_count++];

	(void)context;
	(void)fault;
	CLAIM(change_count <= MAX_CHANGES);
	CLAIM(change->length);
	CLAIM(vhdx_is_aligned(change->offset | change->length, VHDX_PAGE_SIZE));
	CLAIM(vhdx_range_inside(change->offset, change->length, limit));
	CLAIM(change->offset >= VHDX_REGION_TABLE_1_OFFSET);
	CLAIM(!vhdx_ranges_overlap(change->offset, change->length, RING_OFFSET, ring_length));
	CLAIM(change->zero || (change->length == VHDX_PAGE_SIZE && change->sector < ring_length));
	CLAIM(vhdx_is_aligned(change->sector, VHDX_LOG_SECTOR_SIZE));
	CLAIM(!memcmp(ring + change->entry->offset, "loge", 4));
	*c = (struct change){ change->offset, change->length, change->zero, change->sector };
	return VHDX_OK;
}

/* The last change of a page, by looking at all of them */
static const struct change *last_change(u64 offset)
{
	u32 i;

	for (i = change_count; i--; )
		if (vhdx_ranges_overlap(changes[i].offset, changes[i].length, offset, 1))
			return &changes[i];
	return NULL;
}

static void claim_page(const struct vhdx_overlay *overlay, u64 offset)
{
	const struct vhdx_overlay_page *page = NULL;
	enum vhdx_overlay_kind kind = vhdx_overlay_find(overlay, offset, &page);
	const struct change *last = last_change(offset);
	static u8 buffer[VHDX_PAGE_SIZE], work[VHDX_PAGE_SIZE];
	struct vhdx_overlay_reader over = { overlay, work };
	u64 left = overlay->file_size - offset;

	CLAIM(vhdx_overlay_touches(overlay, offset, VHDX_PAGE_SIZE) == !!last);
	if (!last)
		CLAIM(kind == (offset < file_size ? VHDX_OVERLAY_FILE : VHDX_OVERLAY_ZERO));
	else if (last->zero)
		CLAIM(kind == VHDX_OVERLAY_ZERO);
	else
		CLAIM(kind == VHDX_OVERLAY_LOG && page->offset == offset &&
		      page->sector == last->sector);
	if (offset >= overlay->file_size)
		return;
	CLAIM(!vhdx_overlay_read(&over, offset, buffer,
				 left < VHDX_PAGE_SIZE ? (u32)left : VHDX_PAGE_SIZE));
	if (last && !last->zero && left >= VHDX_PAGE_SIZE) {
		CLAIM(!memcmp(buffer, page->leading, 8));
		CLAIM(!memcmp(buffer + 8, ring + page->sector + 8, VHDX_PAGE_SIZE - 12));
		CLAIM(!memcmp(buffer + VHDX_PAGE_SIZE - 4, page->trailing, 4));
	}
}

static void claim_overlay(const struct vhdx_overlay *overlay)
{
	u32 step = change_count / 64 + 1, i;

	CLAIM(overlay->file_size >= file_size && overlay->file_size <= limit);
	CLAIM(overlay->nr_pages <= vhdx_overlay_max_pages(&overlay->log));
	CLAIM(overlay->nr_zeros <= VHDX_OVERLAY_MAX_ZEROS);
	for (i = 1; i < overlay->nr_pages; i++)
		CLAIM(overlay->pages[i - 1].offset < overlay->pages[i].offset);
	for (i = 0; i < change_count; i += step) {
		u64 end = changes[i].offset + changes[i].length;

		claim_page(overlay, changes[i].offset);
		claim_page(overlay, end - VHDX_PAGE_SIZE);
		if (end < limit)
			claim_page(overlay, end);
	}
	claim_page(overlay, 0);
}

static void claim_sequence(const struct vhdx_log_sequence *sequence)
{
	CLAIM(sequence->entries && sequence->entries <= ring_length / VHDX_LOG_SECTOR_SIZE);
	CLAIM(sequence->first < ring_length && sequence->first == sequence->head.tail);
	CLAIM(sequence->head.offset < ring_length);
	CLAIM(sequence->head.flushed_size <= file_size);
	CLAIM(sequence->head.last_size <= VHDX_LOG_MAX_FILE_SIZE);
	CLAIM(sequence->limit >= file_size && sequence->limit >= sequence->head.last_size);
	CLAIM(vhdx_is_aligned(sequence->limit, VHDX_ALIGNMENT));
}

static enum vhdx_reason replay(struct vhdx_overlay *overlay, struct vhdx_fault *fault)
{
	static struct vhdx_log_slot slots[MAX_SECTORS];
	static u64 sector[VHDX_LOG_SECTOR_SIZE / sizeof(u64)];
	struct vhdx_log_sequence sequence;
	enum vhdx_reason reason;
	u32 find_reads;

	reads = 0;
	change_count = 0;
	reason = vhdx_log_find(&overlay->log, &sequence, slots, sector, fault);
	CLAIM(reads <= 3 * vhdx_log_sectors(&overlay->log));
	if (reason)
		return reason;
	claim_sequence(&sequence);
	limit = sequence.limit;
	find_reads = reads;
	reason = vhdx_overlay_build(overlay, &sequence, sector, fault);
	if (!reason) {
		u32 build_reads = reads - find_reads;

		CLAIM(!vhdx_log_walk(&overlay->log, &sequence, sector, note, NULL, fault));
		CLAIM(find_reads + build_reads <=
		      4 * vhdx_log_sectors(&overlay->log) + change_count);
		claim_overlay(overlay);
	} else if (reason != VHDX_REASON_log_too_many_changes) {
		CLAIM(vhdx_log_walk(&overlay->log, &sequence, sector, note, NULL, fault) == reason);
	}
	return reason;
}

static bool expected(enum vhdx_reason reason)
{
	switch (reason) {
	case VHDX_OK:
	case VHDX_REASON_log_no_sequence:
	case VHDX_REASON_log_file_truncated:
	case VHDX_REASON_log_file_size:
	case VHDX_REASON_log_target_protected:
	case VHDX_REASON_log_target_range:
	case VHDX_REASON_log_too_many_changes:
		return true;
	case VHDX_REASON_read_short:
		return file_size < RING_OFFSET + ring_length;
	default:
		return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vhdx_overlay_zero zeros[VHDX_OVERLAY_MAX_ZEROS];
	struct input input = { data, size };
	struct vhdx_reader reader = { .read = read_file };
	struct vhdx_header header = { .log_guid = guid, .log_offset = RING_OFFSET };
	struct vhdx_overlay overlay;
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	take_log(&input);
	reader.size = file_size;
	header.log_length = ring_length;
	CLAIM(!vhdx_log_init(&overlay.log, &reader, &header, &fault));
	/* exactly as many as there may be, so that one more is noticed */
	overlay.pages = malloc(vhdx_overlay_max_pages(&overlay.log) * sizeof(*overlay.pages));
	overlay.zeros = zeros;
	CLAIM(overlay.pages);
	reason = replay(&overlay, &fault);
	claim_fault(reason, &fault);
	CLAIM(expected(reason));
	free(overlay.pages);
	return 0;
}
