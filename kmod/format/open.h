/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The order in which a VHDX file is read: everything that comes before the BAT.
 */
#ifndef VHDX_FORMAT_OPEN_H
#define VHDX_FORMAT_OPEN_H

#include "bat.h"
#include "header.h"
#include "locator.h"
#include "metadata.h"
#include "reader.h"

/* Memory the core works in; the caller brings it. */
#define VHDX_OPEN_SCRATCH_SIZE 65536U

/**
 * struct vhdx_super - all that is known of a file before its BAT is read
 * @file_size:		bytes, after replay of the log if it was replayed
 * @creator:		UTF-16, perhaps not NUL-terminated, from anybody: for display only
 * @header:		the current header
 * @header_slot:	0 or 1: which copy @header is
 * @warnings:		bit set of enum vhdx_warning
 * @regions:		where BAT and metadata are
 * @layout:		what is taken in the file
 * @items:		where the known metadata items are
 * @disk_id:		Virtual Disk ID, as in SCSI VPD page 0x83
 * @geometry:		the sizes
 *
 * The second half, from @regions, is valid only after vhdx_open_tables(). About 33 KiB,
 * nearly all of it @layout: never on a stack.
 */
struct vhdx_super {
	u64 file_size;
	__le16 creator[256];
	struct vhdx_header header;
	unsigned int header_slot;
	u32 warnings;

	struct vhdx_regions regions;
	struct vhdx_items items;
	struct vhdx_guid disk_id;
	struct vhdx_geometry geometry;
	struct vhdx_layout layout;
};

enum vhdx_reason vhdx_open_headers(struct vhdx_super *super, const struct vhdx_reader *reader,
				   void *scratch, struct vhdx_fault *fault);
enum vhdx_reason vhdx_open_tables(struct vhdx_super *super, const struct vhdx_reader *reader,
				  void *scratch, struct vhdx_fault *fault);
enum vhdx_reason vhdx_open(struct vhdx_super *super, const struct vhdx_reader *reader,
			   void *scratch, struct vhdx_fault *fault);

enum vhdx_reason vhdx_open_locator(const struct vhdx_super *super,
				   const struct vhdx_reader *reader, void *scratch,
				   struct vhdx_locator *locator, struct vhdx_fault *fault);

void vhdx_open_bat_rules(const struct vhdx_super *super, struct vhdx_bat_rules *rules);

#endif /* VHDX_FORMAT_OPEN_H */
