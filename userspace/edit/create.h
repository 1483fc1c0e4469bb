/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Creation of an image: its layout, and writing it.
 */
#ifndef VHDX_EDIT_CREATE_H
#define VHDX_EDIT_CREATE_H

#include "image/write.h"
#include "format/geometry.h"
#include "format/metadata.h"
#include "format/region.h"

/**
 * struct create_plan - the layout of a new image
 * @raw:	requested sizes
 * @geometry:	the same, checked
 * @disk_id:	Virtual Disk ID
 * @locator:	parent locator of a differencing image; not owned
 * @locator_length: length of @locator, in bytes; 0: none
 * @log:	location of the log
 * @regions:	locations of metadata and BAT
 * @blocks_offset: offset of the first block of a fixed image, in bytes
 * @file_size:	in bytes
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
