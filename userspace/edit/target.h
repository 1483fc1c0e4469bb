/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * An image to which blocks are added: space at its end, and BAT entries that change when the blocks
 * are durable.
 */
#ifndef VHDX_EDIT_TARGET_H
#define VHDX_EDIT_TARGET_H

#include "edit/log_commit.h"
#include "image/layer_map.h"

#define TARGET_MAX_PENDING 512U

/**
 * struct target - an image to which blocks are added
 * @file:	opened exclusively for writing
 * @image:	the same, open for reading
 * @update:	its header
 * @batch:	changed pages of its BAT
 * @end:	offset of the next new block, in bytes
 * @size:	of the file, in bytes
 * @index:	BAT indices of entries that change, in ascending order
 * @entry:	new values of these entries
 * @pending:	number of these entries
 */
struct target {
	const struct write_file *file;
	struct image *image;
	struct header_update update;
	struct log_batch batch;
	u64 end;
	u64 size;
	u64 index[TARGET_MAX_PENDING];
	u64 entry[TARGET_MAX_PENDING];
	u32 pending;
};

void target_init(struct target *target, const struct write_file *file, struct image *image,
		 u64 end);
enum exit_code target_set_guids(struct target *target, const struct vhdx_guid *data_guid);
enum exit_code target_trim(struct target *target);
enum exit_code target_allocate(struct target *target, u64 *offset);
enum exit_code target_set_entry(struct target *target, u64 index, u64 entry);
enum exit_code target_commit(struct target *target);
void target_free(struct target *target);

#endif /* VHDX_EDIT_TARGET_H */
