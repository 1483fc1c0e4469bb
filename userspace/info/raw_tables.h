/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of an image as they are, right or wrong.
 *
 * Outside the format core this is the only place that looks into structures of kmod/format/disk.h: what
 * is shown of a damaged image is by definition what no decoder has accepted. Nothing here
 * may be used for anything but showing it.
 */
#ifndef VHDX_INFO_RAW_TABLES_H
#define VHDX_INFO_RAW_TABLES_H

#include "format/guid.h"
#include "format/log_scan.h"
#include "format/metadata.h"

struct image_file;
struct json_object;

#define TABLE_ALL_VALUES ((1U << VHDX_ITEM_MANDATORY_COUNT) - 1)

/**
 * struct table_values - values of the mandatory metadata items, unchecked
 * @known:	bit set of enum vhdx_item: which could be read
 */
struct table_values {
	u32 known;
	u32 block_size;
	bool leave_allocated;
	bool has_parent;
	u64 disk_size;
	struct vhdx_guid disk_id;
	u32 logical_sector_size;
	u32 physical_sector_size;
};

void raw_tables_read_values(struct table_values *values, const struct image_file *file);

struct json_object *raw_tables_headers(const struct image_file *file);
struct json_object *raw_tables_regions(const struct image_file *file);
struct json_object *raw_tables_metadata(const struct image_file *file);
struct json_object *raw_tables_log(const struct image_file *file, const struct vhdx_header *header,
				   const struct vhdx_log_sequence *active);

#endif /* VHDX_INFO_RAW_TABLES_H */
