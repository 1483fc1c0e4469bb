// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole image, sparse. Input:
 *
 *	1 byte	bits 0 to 3: leave the checksum of header 1, 2, region table 1, 2 alone
 *	8 bytes	file size
 *	then pages: number of the page in the file (4 bytes), length (2 bytes, up to 4096),
 *	contents; what is not given is zero
 *
 * Checksums are put right, else the fuzzer would never get past the headers.
 */
#include "harness.h"

#define MAX_PAGES 256

struct page {
	u32 number;
	u32 length;
	const u8 *bytes;
};

/* Where checksums are repaired, and the repaired bytes */
struct patch {
	u64 offset;
	u32 length;
	u8 bytes[VHDX_REGION_TABLE_SIZE];
};

static struct patch patches[4] = {
	{ VHDX_HEADER_1_OFFSET, VHDX_HEADER_SIZE, { 0 } },
	{ VHDX_HEADER_2_OFFSET, VHDX_HEADER_SIZE, { 0 } },
	{ VHDX_REGION_TABLE_1_OFFSET, VHDX_REGION_TABLE_SIZE, { 0 } },
	{ VHDX_REGION_TABLE_2_OFFSET, VHDX_REGION_TABLE_SIZE, { 0 } },
};

static struct page pages[MAX_PAGES];
static u32 page_count;
static u64 file_size;

/* The part of [offset, offset + length) that a piece at @at has */
static void copy_piece(u8 *to, u64 offset, u64 length, u64 at, const u8 *piece, u64 piece_length)
{
	u64 start = at > offset ? at : offset;
	u64 end = at + piece_length < offset + length ? at + piece_length : offset + length;

	if (start < end)
		memcpy(to + (start - offset), piece + (start - at), end - start);
}

static void read_pages(u64 offset, u8 *to, u32 length)
{
	u32 i;

	memset(to, 0, length);
	for (i = 0; i < page_count; i++)
		copy_piece(to, offset, length, (u64)pages[i].number << VHDX_PAGE_SHIFT,
			   pages[i].bytes, pages[i].length);
}

static int read_image(void *context, u64 offset, void *buffer, u32 length)
{
	u32 i;

	(void)context;
	CLAIM(length <= VHDX_OPEN_SCRATCH_SIZE);
	CLAIM(vhdx_range_inside(offset, length, file_size));
	read_pages(offset, buffer, length);
	for (i = 0; i < ARRAY_SIZE(patches); i++)
		copy_piece(buffer, offset, length, patches[i].offset, patches[i].bytes,
			   patches[i].length);
	return 0;
}

static void take_image(struct input *input)
{
	u8 alone;
	u32 i;

	take(input, &alone, 1);
	file_size = take_u64(input) & VHDX_MAX_FILE_OFFSET;
	for (page_count = 0; page_count < MAX_PAGES && input->size > 6; page_count++) {
		struct page *page = &pages[page_count];
		__le16 length;

		page->number = take_u32(input);
		take(input, &length, sizeof(length));
		page->length = le16_to_cpu(length);
		if (page->length > VHDX_PAGE_SIZE)
			page->length = VHDX_PAGE_SIZE;
		if (page->length > input->size)
			page->length = input->size;
		page->bytes = input->data;
		input->data += page->length;
		input->size -= page->length;
	}
	for (i = 0; i < ARRAY_SIZE(patches); i++) {
		read_pages(patches[i].offset, patches[i].bytes, patches[i].length);
		if (!(alone >> i & 1))
			stamp(patches[i].bytes, patches[i].length);
	}
}

/* Only pages that were given: the others are zero, which is always right. */
static void walk_bat(const struct vhdx_super *super)
{
	struct vhdx_bat_rules rules;
	u32 i, j;

	vhdx_super_bat_rules(super, &rules);
	for (i = 0; i < page_count; i++) {
		u64 at = (u64)pages[i].number << VHDX_PAGE_SHIFT;
		u8 page[VHDX_PAGE_SIZE] = { 0 };

		if (!vhdx_range_inside(at - super->regions.bat.offset, VHDX_PAGE_SIZE,
				       super->regions.bat.length))
			continue;
		memcpy(page, pages[i].bytes, pages[i].length);
		for (j = 0; j < VHDX_BAT_ENTRIES_PER_PAGE; j++) {
			__le64 entry;

			memcpy(&entry, page + j * sizeof(entry), sizeof(entry));
			claim_entry(&rules, (at - super->regions.bat.offset) / sizeof(entry) + j,
				    le64_to_cpu(entry));
		}
	}
}

static void walk_locator(const struct vhdx_super *super)
{
	u32 length = super->items.length[VHDX_ITEM_PARENT_LOCATOR];
	u64 at = super->regions.metadata.offset + super->items.offset[VHDX_ITEM_PARENT_LOCATOR];
	u8 *item;

	if (!vhdx_item_present(&super->items, VHDX_ITEM_PARENT_LOCATOR) ||
	    length > VHDX_OPEN_SCRATCH_SIZE)
		return;
	item = malloc(length + 1);
	CLAIM(item);
	read_image(NULL, at, item, length);
	claim_locator(item, length);
	free(item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];
	static struct vhdx_super super;
	struct input input = { data, size };
	struct vhdx_reader reader = { .read = read_image };
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	take_image(&input);
	reader.size = file_size;
	reason = vhdx_open(&super, &reader, scratch, &fault);
	/* a dirty log: go on as if it had been replayed */
	if (reason == VHDX_REASON_log_dirty)
		reason = vhdx_open_tables(&super, &reader, scratch, &fault);
	claim_fault(reason, &fault);
	CLAIM(reason != VHDX_REASON_read_failed && reason != VHDX_REASON_read_short);
	if (reason)
		return 0;
	CLAIM(super.file_size == file_size);
	CLAIM(super.header_slot < 2);
	CLAIM(super.warnings < 1U << VHDX_WARNING_COUNT);
	claim_layout(&super.layout, file_size);
	claim_items(&super.items, super.regions.metadata.length);
	claim_geometry(&super.geometry);
	CLAIM((vhdx_payload_index(&super.geometry, super.geometry.payload_blocks - 1) + 1) *
	      VHDX_BAT_ENTRY_SIZE <= super.regions.bat.length);
	CLAIM(!super.geometry.has_parent ||
	      vhdx_item_present(&super.items, VHDX_ITEM_PARENT_LOCATOR));
	walk_bat(&super);
	walk_locator(&super);
	return 0;
}
