// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "smallring.h"

#include "suite.h"

struct ring_file file;
struct vhdx_log ring;
struct vhdx_log_sequence sequence;
struct vhdx_log_slot slots[512];
struct vhdx_fault fault;
u64 sector[SECTOR / sizeof(u64)];
u8 page_a[SECTOR], page_b[SECTOR], encoded[64 * SECTOR];

void ring_start(u32 sectors, u64 size)
{
	struct vhdx_header header = {
		.log_guid = make_guid(GUID), .log_offset = LOG_OFFSET, .log_length = sectors * SECTOR,
	};

	ring_file_free(&file);
	ring_file_init(&file, LOG_OFFSET, sectors * SECTOR, size);
	memset(&fault, 0xa5, sizeof(fault));
	memset(&sequence, 0xa5, sizeof(sequence));
	memset(slots, 0xa5, sizeof(slots));
	assert_int_equal(vhdx_log_init(&ring, &file.reader, &header, &fault), VHDX_OK);
	assert_int_equal(vhdx_log_sectors(&ring), sectors);
}

void ring_pages(void)
{
	u32 i;

	for (i = 0; i < SECTOR; i++) {
		page_a[i] = 3 + i * 5;
		page_b[i] = 1 + i * 11 + i / 256;
	}
}

bool ring_entry_valid(u32 offset, struct vhdx_log_entry *entry)
{
	bool valid = offset & 1;

	assert_int_equal(vhdx_log_read_entry(&ring, offset, entry, sector, &valid, &fault), VHDX_OK);
	return valid;
}

enum vhdx_reason ring_find(void)
{
	return vhdx_log_find(&ring, &sequence, slots, sector, &fault);
}
