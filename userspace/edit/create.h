/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new image: where everything is in it, and writing it.
 */
#ifndef VHDX_EDIT_CREATE_H
#define VHDX_EDIT_CREATE_H

#include "image/write.h"
#include "format/geometry.h"
#include "format/metadata.h"
#include "format/region.h"

/**
 * struct create_plan - an image to be made
 * @raw:	the sizes asked for
 * @geometry:	the same, checked
 * @disk_id:	Virtual Disk ID
 * @locator:	parent locator of a differencing image; not owned
 * @locator_length: its bytes; 0: none
 * @log:	place of the log
 * @regions:	of metadata and BAT
 * @blocks_offset: where the first block of a fixed image is
 * @file_size:	bytes
 */
struct create_plan {
	struct vhdx_geometry_raw raw;
	struct vhdx_geometry geometry;
	struct vhdx_guid disk_id;
	const u8 *locator;
	u32 locator_length;
	struct vhdx_range log;
	struct vhdx_regions regions;
	u64 blocks_offset;
	u64 file_size;
};

enum vhdx_reason create_plan(struct create_plan *plan, const struct vhdx_geometry_raw *raw,
			     u32 log_length, struct vhdx_fault *fault);
enum exit_code create_write(const struct create_plan *plan, const struct write_file *file,
			    struct progress *progress);

#endif /* VHDX_EDIT_CREATE_H */
