/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The tables of an image, unchecked, for output only.
 *
 * Outside the format core, only these functions read structures of kmod/format/disk.h. They print
 * the tables of a damaged image, which the decoders of the format core refuse. The values must not
 * be used for anything else.
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
 * @known:	the items that could be read, as bits by enum vhdx_item
 * @block_size:	in bytes
 * @leave_allocated: the image is fixed
 * @has_parent:	the image is differencing
 * @disk_size:	in bytes
 * @disk_id:	Virtual Disk ID
 * @logical_sector_size: in bytes
 * @physical_sector_size: in bytes
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
