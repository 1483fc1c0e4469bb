/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Changes of metadata through the log.
 */
#ifndef VHDX_EDIT_LOG_COMMIT_H
#define VHDX_EDIT_LOG_COMMIT_H

#include <stdbool.h>

#include "edit/header_update.h"

/**
 * struct log_batch - pages that change together
 * @update:	the current header; its log is empty between commits
 * @file_size:	size of the file, in bytes
 * @capacity:	maximum number of pages of an entry
 * @count:	number of pages
 * @offsets:	offset of each page in the file, in bytes
 * @pages:	new contents, VHDX_PAGE_SIZE bytes for each page
 */
struct log_batch {
	struct header_update *update;
	u64 file_size;
	u32 capacity;
	u32 count;
	u64 *offsets;
	u8 *pages;
};

bool log_batch_possible(const struct vhdx_header *header);
void log_batch_init(struct log_batch *batch, struct header_update *update, u64 file_size);
enum exit_code log_batch_add(struct log_batch *batch, u64 offset, const void *page);
enum exit_code log_batch_commit(struct log_batch *batch);
void log_batch_free(struct log_batch *batch);

#endif /* VHDX_EDIT_LOG_COMMIT_H */
