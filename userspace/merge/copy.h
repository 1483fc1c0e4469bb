/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Copies from images to the blocks of another.
 */
#ifndef VHDX_MERGE_COPY_H
#define VHDX_MERGE_COPY_H

#include "image/chain_map.h"
#include "image/write.h"

/**
 * enum copy_flags - what is known of the place of a copy
 * @COPY_FRESH:		it reads as zeros, so zeros need not be written
 * @COPY_ALLOCATED:	it keeps its space in the file system, so no data are cloned to it
 */
enum copy_flags {
	COPY_FRESH	= 1 << 0,
	COPY_ALLOCATED	= 1 << 1,
};

enum exit_code copy_range(struct chain_map *from, u64 start, u64 length,
			  const struct write_file *file, u64 offset, unsigned int flags);
enum exit_code copy_extents(struct chain_map *from, u64 start, u64 length,
			    const struct write_file *file, u64 offset, unsigned int flags);
enum exit_code copy_is_zero(struct chain_map *from, u64 start, u64 length, bool *zero);

#endif /* VHDX_MERGE_COPY_H */
