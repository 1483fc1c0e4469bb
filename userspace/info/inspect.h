/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that can be found out about an image, in whatever state it is.
 *
 * The format core stops at the first fault, as is right for whoever wants to attach. Here
 * each part is tried by itself, and what is wrong is collected.
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
 * struct inspection - what was found
 * @file:	the image
 * @super:	as far as it could be read
 * @identified:	it is a VHDX: @super.creator is valid
 * @has_header:	@super.header is valid, perhaps naming an impossible log
 * @has_tables:	the second half of @super is valid
 * @dirty:	the log must be replayed; a state that an image may be in, no problem
 * @replayed:	what comes of that; NULL if @dirty means that it cannot be replayed: then
 *		everything behind the headers may be out of date
 * @reader:	the image, replayed if it can be
 * @values:	metadata values, believed only if @has_tables
 * @locator:	valid if @has_locator
 * @has_locator: there is a parent locator, and it is in order
 * @locator_item: the item its texts are in
 * @problem:	what is wrong
 * @problems:	how many
 * @blocks:	valid if @has_blocks
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
