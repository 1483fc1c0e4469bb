/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The region table: where BAT and metadata are, and which parts of the file are in use.
 */
#ifndef VHDX_FORMAT_REGION_H
#define VHDX_FORMAT_REGION_H

#include "reason.h"

struct vhdx_range {
	u64 offset;
	u64 length;
};

/**
 * struct vhdx_layout - the structures of a file that no block may overlap
 * @count:	how many of @range are used
 * @range:	header section, log and all regions, known or not; sorted, disjoint. A region
 *		that is not known may lie beyond the end of the file.
 */
struct vhdx_layout {
	u32 count;
	struct vhdx_range range[VHDX_REGION_MAX_ENTRIES + 2];
};

struct vhdx_regions {
	struct vhdx_range bat;
	struct vhdx_range metadata;
};

bool vhdx_region_table_valid(const void *table);
enum vhdx_reason vhdx_region_table_decode(struct vhdx_regions *regions,
					  struct vhdx_layout *layout, u32 *warnings,
					  const void *table, u64 table_offset, u64 file_size,
					  struct vhdx_fault *fault);

void vhdx_region_table_encode(void *table, const struct vhdx_regions *regions);

bool vhdx_layout_add(struct vhdx_layout *layout, u64 offset, u64 length);
bool vhdx_layout_overlaps(const struct vhdx_layout *layout, u64 offset, u64 length);
u64 vhdx_layout_find_free(const struct vhdx_layout *layout, u64 offset, u64 length);

#endif /* VHDX_FORMAT_REGION_H */
