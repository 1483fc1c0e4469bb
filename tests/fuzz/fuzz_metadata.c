// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Input: 8 bytes length of the region, then the table; the rest of its 64 KiB is zero.
 */
#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 table[VHDX_METADATA_TABLE_SIZE];
	struct input input = { data, size };
	struct vhdx_items items;
	struct vhdx_fault fault;
	enum vhdx_reason reason;
	u32 warnings = 0;
	u64 region_length;

	/* as a region table can say it: 1 MiB to 4 GiB less 1 MiB */
	region_length = take_u64(&input) & 0xfff00000;
	if (!region_length)
		region_length = VHDX_MIB;
	take(&input, table, sizeof(table));
	reason = vhdx_metadata_table_decode(&items, &warnings, table, 2 * VHDX_MIB,
					    region_length, &fault);
	claim_fault(reason, &fault);
	CLAIM(warnings < 1U << VHDX_WARNING_COUNT);
	if (!reason)
		claim_items(&items, region_length);
	return 0;
}
