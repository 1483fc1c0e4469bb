// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Input: block size, flags (4 bytes each), disk size (8), logical, physical sector size
 * (4 each), file size (8), then pairs of BAT index and entry (8 each).
 */
#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vhdx_layout layout;
	struct input input = { data, size };
	struct vhdx_geometry_raw raw;
	struct vhdx_geometry geometry;
	struct vhdx_bat_rules rules = {
		.geometry = &geometry, .layout = &layout, .bat_offset = 3 * VHDX_MIB,
	};
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	raw.block_size = take_u32(&input);
	raw.parameter_flags = take_u32(&input);
	raw.disk_size = take_u64(&input);
	raw.logical_sector_size = take_u32(&input);
	raw.physical_sector_size = take_u32(&input);
	rules.file_size = take_u64(&input) & VHDX_MAX_FILE_OFFSET;
	reason = vhdx_geometry_make(&geometry, &raw, &fault);
	claim_fault(reason, &fault);
	if (reason)
		return 0;
	claim_geometry(&geometry);

	layout.count = 0;
	CLAIM(vhdx_layout_add(&layout, 40 * VHDX_MIB, 2 * VHDX_MIB));
	CLAIM(vhdx_layout_add(&layout, 0, 4 * VHDX_MIB));
	while (input.size) {
		u64 index = take_u64(&input);
		u64 entry = take_u64(&input), number;
		bool bitmap = vhdx_index_is_bitmap(&geometry, index, &number);

		if (index < geometry.bat_entries)
			CLAIM(index == (bitmap ? vhdx_bitmap_index(&geometry, number) :
						 vhdx_payload_index(&geometry, number)));
		claim_entry(&rules, index, entry);
	}
	return 0;
}
