/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The metadata table: which items exist, and where they are.
 */
#ifndef VHDX_FORMAT_METADATA_H
#define VHDX_FORMAT_METADATA_H

#include "geometry.h"

/* The known items; each image has the first five. */
enum vhdx_item {
	VHDX_ITEM_FILE_PARAMETERS,
	VHDX_ITEM_DISK_SIZE,
	VHDX_ITEM_DISK_ID,
	VHDX_ITEM_LOGICAL_SECTOR_SIZE,
	VHDX_ITEM_PHYSICAL_SECTOR_SIZE,
	VHDX_ITEM_MANDATORY_COUNT,

	VHDX_ITEM_PARENT_LOCATOR = VHDX_ITEM_MANDATORY_COUNT,
	VHDX_ITEM_CHS_PARAMETERS,	/* known, but not used */
	VHDX_ITEM_PMEM_LABELS,		/* the same */
	VHDX_ITEM_INCOMPLETE_FILE,	/* an image that has it must not be opened */
	VHDX_ITEM_COUNT
};

/* The longest of the five mandatory items. */
#define VHDX_ITEM_MANDATORY_MAX_SIZE 16U

/* All five, one after the other */
#define VHDX_ITEMS_MANDATORY_SIZE 40U

/**
 * struct vhdx_items - the known items of a metadata table
 * @present:	bit set of enum vhdx_item
 * @offset:	bytes from the start of the metadata region; 0 if the item is empty
 * @length:	bytes
 */
struct vhdx_items {
	u32 present;
	u32 offset[VHDX_ITEM_COUNT];
	u32 length[VHDX_ITEM_COUNT];
};

enum vhdx_reason vhdx_metadata_table_decode(struct vhdx_items *items, u32 *warnings,
					    const void *table, u64 region_offset,
					    u64 region_length, struct vhdx_fault *fault);
void vhdx_items_place(struct vhdx_items *items, u32 locator_length);
void vhdx_metadata_table_encode(void *table, const struct vhdx_items *items);
void vhdx_metadata_values_encode(void *values, const struct vhdx_geometry_raw *geometry,
				 const struct vhdx_guid *disk_id);
const struct vhdx_guid *vhdx_item_guid(enum vhdx_item item);

static inline bool vhdx_item_present(const struct vhdx_items *items, enum vhdx_item item)
{
	return items->present & (1U << item);
}

#endif /* VHDX_FORMAT_METADATA_H */
