// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "sparse.h"

/* Where checksums are repaired, and the repaired bytes */
struct patch {
	u64 offset;
	u32 length;
	u8 bytes[VHDX_REGION_TABLE_SIZE];
};

static struct patch patches[SPARSE_PATCHES] = {
	{ VHDX_HEADER_1_OFFSET, VHDX_HEADER_SIZE, { 0 } },
	{ VHDX_HEADER_2_OFFSET, VHDX_HEADER_SIZE, { 0 } },
	{ VHDX_REGION_TABLE_1_OFFSET, VHDX_REGION_TABLE_SIZE, { 0 } },
	{ VHDX_REGION_TABLE_2_OFFSET, VHDX_REGION_TABLE_SIZE, { 0 } },
};

struct sparse_page sparse_pages[SPARSE_MAX_PAGES];
u32 sparse_page_count;
u64 sparse_file_size;

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
	for (i = 0; i < sparse_page_count; i++)
		copy_piece(to, offset, length, (u64)sparse_pages[i].number << VHDX_PAGE_SHIFT,
			   sparse_pages[i].bytes, sparse_pages[i].length);
}

int sparse_read(void *context, u64 offset, void *buffer, u32 length)
{
	u32 i;

	(void)context;
	CLAIM(length <= VHDX_OPEN_SCRATCH_SIZE);
	CLAIM(vhdx_range_inside(offset, length, sparse_file_size));
	read_pages(offset, buffer, length);
	for (i = 0; i < ARRAY_SIZE(patches); i++)
		copy_piece(buffer, offset, length, patches[i].offset, patches[i].bytes,
			   patches[i].length);
	return 0;
}

void sparse_take(struct input *input)
{
	u8 alone;
	u32 i;

	take(input, &alone, 1);
	sparse_file_size = take_u64(input) & VHDX_MAX_FILE_OFFSET;
	for (i = 0; i < SPARSE_MAX_PAGES && input->size > 6; i++) {
		struct sparse_page *page = &sparse_pages[i];
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
	sparse_page_count = i;
	for (i = 0; i < ARRAY_SIZE(patches); i++) {
		read_pages(patches[i].offset, patches[i].bytes, patches[i].length);
		if (!(alone >> i & 1))
			stamp(patches[i].bytes, patches[i].length);
	}
}

void sparse_each(void (*visit)(void *context, u64 offset, const void *bytes, u32 length),
		 void *context)
{
	u32 i;

	for (i = 0; i < sparse_page_count; i++)
		visit(context, (u64)sparse_pages[i].number << VHDX_PAGE_SHIFT,
		      sparse_pages[i].bytes, sparse_pages[i].length);
	for (i = 0; i < ARRAY_SIZE(patches); i++)
		visit(context, patches[i].offset, patches[i].bytes, patches[i].length);
}
