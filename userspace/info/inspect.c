// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "info/inspect.h"

#include <stdlib.h>

#include "lib/alloc.h"

static void add_problem(struct inspection *inspection, const struct vhdx_fault *fault)
{
	if (inspection->problems < INSPECT_MAX_PROBLEMS)
		inspection->problem[inspection->problems++] = *fault;
}

/*
 * Reads the headers, and replays the log, in memory, before anything after the headers is read.
 * Return: false after a fault in the headers: then the location of the log may be invalid
 */
static bool inspect_headers(struct inspection *inspection)
{
	struct vhdx_super *super = inspection->super;
	struct vhdx_fault fault;
	enum vhdx_reason reason = vhdx_open_headers(super, &inspection->file->reader,
						    inspection->scratch, &fault);

	inspection->identified = vhdx_reason_class(reason) != VHDX_CLASS_NOT_VHDX &&
				 vhdx_reason_class(reason) != VHDX_CLASS_IO;
	inspection->has_header = inspection->identified &&
				 reason != VHDX_REASON_header_none_valid &&
				 reason != VHDX_REASON_header_tie;
	inspection->dirty = inspection->has_header && vhdx_header_log_dirty(&super->header);
	if (reason) {
		add_problem(inspection, &fault);
		return false;
	}
	if (!inspection->dirty)
		return true;
	inspection->replayed = replay_memory_new(&inspection->file->reader, &super->header, &fault);
	if (inspection->replayed)
		replay_memory_reader(inspection->replayed, &inspection->reader);
	else
		add_problem(inspection, &fault);
	return true;
}

/*
 * After a fault in the headers the tables are still inspected, but without the location of the log,
 * which the format core would assume to be valid.
 */
static void inspect_tables(struct inspection *inspection, bool log_is_sound)
{
	struct vhdx_super *super = inspection->super;
	struct table_values *values = &inspection->values;
	struct vhdx_header header = super->header;
	struct vhdx_fault fault;

	if (!log_is_sound)
		super->header.log_length = 0;
	inspection->has_tables = !vhdx_open_tables(super, &inspection->reader,
						   inspection->scratch, &fault);
	super->header = header;
	if (!inspection->has_tables) {
		add_problem(inspection, &fault);
		raw_tables_read_values(values, inspection->file);
		return;
	}
	values->known = TABLE_ALL_VALUES;
	values->block_size = super->geometry.block_size;
	values->disk_size = super->geometry.disk_size;
	values->disk_id = super->disk_id;
	values->logical_sector_size = super->geometry.logical_sector_size;
	values->physical_sector_size = super->geometry.physical_sector_size;
	values->leave_allocated = super->geometry.leave_allocated;
	values->has_parent = super->geometry.has_parent;
}

/* An unneeded locator is skipped; the format core has a warning for it. */
static void inspect_locator(struct inspection *inspection)
{
	const struct vhdx_super *super = inspection->super;
	const struct vhdx_items *items = &super->items;
	struct vhdx_fault fault;
	u32 length;
	u64 offset;

	if (!super->geometry.has_parent)
		return;
	length = items->length[VHDX_ITEM_PARENT_LOCATOR];
	offset = super->regions.metadata.offset + items->offset[VHDX_ITEM_PARENT_LOCATOR];
	inspection->locator_item = xcalloc(1, length + 1);
	if (!vhdx_read(&inspection->reader, offset, inspection->locator_item, length, &fault) &&
	    !vhdx_locator_decode(&inspection->locator, inspection->locator_item, length,
				 offset, &fault))
		inspection->has_locator = true;
	if (!inspection->has_locator)
		add_problem(inspection, &fault);
}

/**
 * inspect() - inspect an image
 * @inspection:	filled; must be freed by inspect_free()
 * @file:	open; must outlive @inspection
 * @with_blocks: read the whole BAT, which may have 513 MiB, not only its beginning
 */
void inspect(struct inspection *inspection, struct image_file *file, bool with_blocks)
{
	const struct vhdx_overlay *overlay;
	bool log_is_sound;
	unsigned int i;

	memset(inspection, 0, sizeof(*inspection));
	inspection->file = file;
	inspection->reader = file->reader;
	inspection->super = xcalloc(1, sizeof(*inspection->super));
	inspection->scratch = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);
	log_is_sound = inspect_headers(inspection);
	if (!inspection->identified)
		return;
	inspect_tables(inspection, log_is_sound);
	if (!inspection->has_tables)
		return;
	inspect_locator(inspection);
	inspection->has_blocks = with_blocks;
	overlay = inspection->replayed ? &inspection->replayed->overlay : NULL;
	if (with_blocks)
		bat_summary_count(&inspection->blocks, inspection->super, &inspection->reader,
				  overlay);
	else
		bat_summary_look(&inspection->blocks, inspection->super, &inspection->reader,
				 overlay, file->fd, BAT_SUMMARY_LOOK_MAX);
	inspection->all_blocks = inspection->blocks.complete;
	for (i = 0; i < inspection->blocks.faults; i++)
		add_problem(inspection, &inspection->blocks.fault[i]);
}

/**
 * inspect_free() - free the result of an inspection
 * @inspection:	the result
 */
void inspect_free(struct inspection *inspection)
{
	replay_memory_free(inspection->replayed);
	free(inspection->super);
	free(inspection->scratch);
	free(inspection->locator_item);
}
