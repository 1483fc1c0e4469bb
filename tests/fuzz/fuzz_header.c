// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Input: 1 byte, bits 0 and 1: damage that copy; 8 bytes file size; then of both headers
 * the first 80 bytes; the rest goes to the reserved part of header 2.
 */
#include "harness.h"

#include "format/guid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vhdx_disk_header raw[2];
	struct input input = { data, size };
	struct vhdx_header header, decoded[2];
	struct vhdx_fault fault;
	enum vhdx_reason reason;
	unsigned int slot = 2, i;
	bool valid[2];
	u32 warnings = 0;
	u64 file_size;
	u8 damage;

	take(&input, &damage, 1);
	file_size = take_u64(&input) & VHDX_MAX_FILE_OFFSET;
	memset(raw, 0, sizeof(raw));
	take(&input, &raw[0], 80);
	take(&input, &raw[1], 80);
	take(&input, raw[1].reserved, input.size < 4016 ? input.size : 4016);
	for (i = 0; i < 2; i++) {
		stamp(&raw[i], sizeof(raw[i]));
		raw[i].reserved[4015] ^= damage >> i & 1;
		valid[i] = vhdx_header_decode(&decoded[i], &raw[i]);
		CLAIM(!valid[i] || !(damage >> i & 1));
	}
	reason = vhdx_header_choose(&header, &slot, &warnings, raw, &fault);
	claim_fault(reason, &fault);
	if (reason)
		return 0;
	CLAIM(slot < 2 && valid[slot]);
	CLAIM(header.sequence_number == decoded[slot].sequence_number);
	CLAIM(!valid[!slot] || decoded[!slot].sequence_number <= header.sequence_number);
	CLAIM(!warnings == (valid[0] && valid[1]));
	reason = vhdx_header_check(&header, VHDX_HEADER_1_OFFSET, file_size, &fault);
	claim_fault(reason, &fault);
	if (reason)
		return 0;
	CLAIM(header.version == 1);
	CLAIM(!vhdx_header_log_dirty(&header) || (header.log_length && !header.log_version));
	CLAIM(!header.log_length ||
	      (header.log_offset >= VHDX_HEADER_SECTION_SIZE &&
	       vhdx_is_aligned(header.log_offset | header.log_length, VHDX_ALIGNMENT) &&
	       vhdx_range_inside(header.log_offset, header.log_length, file_size)));
	return 0;
}
