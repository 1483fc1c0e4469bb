/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The inspection of an image, damaged or not.
 *
 * An attach stops at the first fault. An inspection reads each part by itself, and collects the
 * faults.
 */
#ifndef VHDX_INFO_INSPECT_H
#define VHDX_INFO_INSPECT_H

#include "image/file.h"
#include "image/replay_memory.h"
#include "info/bat_summary.h"
#include "info/raw_tables.h"
#include "format/locator.h"

#define INSPECT_MAX_PROBLEMS 16

/**
 * struct inspection - the result of an inspection
 * @file:	file of the image
 * @super:	as far as it can be read
 * @scratch:	work space of the format core
 * @identified:	it is a VHDX: @super.creator is valid
 * @has_header:	@super.header is valid, except perhaps the location of the log
 * @has_tables:	region table and metadata in @super are valid
 * @dirty:	the log must be replayed, which is not a problem
 * @replayed:	the log replayed in memory; NULL with @dirty: it cannot be replayed, and everything
 *		after the headers may be stale
 * @reader:	reads the image with the log replayed, if possible
 * @values:	metadata values; checked only if @has_tables
 * @locator:	parent locator, valid if @has_locator
 * @has_locator: there is a valid parent locator
 * @locator_item: the metadata item with the texts of @locator
 * @problem:	the faults
 * @problems:	number of elements in @problem
 * @blocks:	complete counts if @has_blocks
 * @has_blocks:	the whole BAT was read, holes included
 * @all_blocks:	every entry of the BAT was checked
 */
struct inspection {
	struct image_file *file;
	struct vhdx_super *super;
	void *scratch;
	bool identified;
	bool has_header;
	bool has_tables;
	bool dirty;
	struct replay_memory *replayed;
	struct vhdx_reader reader;
	struct table_values values;
	struct vhdx_locator locator;
	bool has_locator;
	u8 *locator_item;
	struct vhdx_fault problem[INSPECT_MAX_PROBLEMS];
	unsigned int problems;
	struct bat_summary blocks;
	bool has_blocks;
	bool all_blocks;
};

void inspect(struct inspection *inspection, struct image_file *file, bool with_blocks);
void inspect_free(struct inspection *inspection);

#endif /* VHDX_INFO_INSPECT_H */
