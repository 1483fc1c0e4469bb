/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Opening a VHDX file: everything that is read before the BAT.
 */
#ifndef VHDX_FORMAT_OPEN_H
#define VHDX_FORMAT_OPEN_H

#include "bat.h"
#include "header.h"
#include "locator.h"
#include "metadata.h"
#include "reader.h"

/* Working memory of the open sequence, which the caller allocates, in bytes */
#define VHDX_OPEN_SCRATCH_SIZE 65536U

/**
 * struct vhdx_super - what is known of a file before its BAT is read
 * @file_size:		bytes, after replay of the log if it was replayed
 * @creator:		UTF-16, perhaps not NUL-terminated, unchecked: for display only
 * @header:		the current header
 * @header_slot:	0 or 1: the copy that @header is
 * @warnings:		bit set of enum vhdx_warning
 * @regions:		where BAT and metadata are
 * @layout:		parts of the file that no block may overlap
 * @items:		where the known metadata items are
 * @disk_id:		Virtual Disk ID, as in SCSI VPD page 0x83
 * @geometry:		the sizes
 *
 * The second half, from @regions, is valid only after vhdx_open_tables(). Too large for a stack:
 * about 33 KiB, nearly all of it @layout.
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
