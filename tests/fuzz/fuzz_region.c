// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Input: 8 bytes file size, then the table; the rest of its 64 KiB is zero.
 */
#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 table[VHDX_REGION_TABLE_SIZE];
	static struct vhdx_layout layout;
	struct input input = { data, size };
	struct vhdx_regions regions;
	struct vhdx_fault fault;
	enum vhdx_reason reason;
	u32 warnings = 0;
	u64 file_size;

	file_size = take_u64(&input) & VHDX_MAX_FILE_OFFSET;
	if (file_size < 2 * VHDX_MIB)
		file_size = 2 * VHDX_MIB;
	take(&input, table, sizeof(table));
	stamp(table, sizeof(table));
	CLAIM(vhdx_region_table_valid(table) == !memcmp(table, "regi", 4));

	layout.count = 0;
	CLAIM(vhdx_layout_add(&layout, 0, VHDX_MIB));
	CLAIM(vhdx_layout_add(&layout, VHDX_MIB, VHDX_MIB));
	reason = vhdx_region_table_decode(&regions, &layout, &warnings, table,
					  VHDX_REGION_TABLE_1_OFFSET, file_size, &fault);
	claim_fault(reason, &fault);
	claim_layout(&layout);
	if (reason)
		return 0;
	CLAIM(layout.count >= 4);
	CLAIM(vhdx_layout_overlaps(&layout, regions.bat.offset, regions.bat.length));
	CLAIM(vhdx_layout_overlaps(&layout, regions.metadata.offset, regions.metadata.length));
	CLAIM(regions.bat.length && regions.metadata.length);
	CLAIM(vhdx_range_inside(regions.bat.offset, regions.bat.length, file_size));
	CLAIM(vhdx_range_inside(regions.metadata.offset, regions.metadata.length, file_size));
	CLAIM(!vhdx_ranges_overlap(regions.bat.offset, regions.bat.length,
				   regions.metadata.offset, regions.metadata.length));
	return 0;
}
