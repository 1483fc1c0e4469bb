// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The layout is that of Windows:
 *
 *	0	header section: identifier, two headers, two region tables
 *	1M	log
 *	+	metadata region, 1M
 *	+	BAT region, with room for the bitmap slots of a differencing image
 *	+	the blocks of a fixed image, in their order
 *
 * The file type identifier is written last, after a flush: until then the file is not a VHDX.
 */
#include "edit/create.h"

#include <stdlib.h>

#include "image/guid.h"
#include "lib/alloc.h"
#include "lib/progress.h"
#include "format/bat.h"
#include "format/header.h"
#include "uapi/release.h"

#define METADATA_REGION_SIZE VHDX_MIB
#define BAT_PIECE_ENTRIES (1U << 17)	/* 1 MiB of them */

/**
 * create_plan() - make the layout of a new image
 * @plan:	filled except for the disk id and the locator
 * @raw:	requested sizes
 * @log_length:	in bytes, a multiple of 1 MiB
 * @fault:	filled on failure
 *
 * Return: VHDX_OK, or the reason why there is no such disk
 */
enum vhdx_reason create_plan(struct create_plan *plan, const struct vhdx_geometry_raw *raw,
			     u32 log_length, struct vhdx_fault *fault)
{
	struct vhdx_geometry *g = &plan->geometry;
	enum vhdx_reason reason;

	memset(plan, 0, sizeof(*plan));
	plan->raw = *raw;
	reason = vhdx_geometry_make(g, raw, fault);
	if (reason)
		return reason;
	plan->log.offset = VHDX_HEADER_SECTION_SIZE;
	plan->log.length = log_length;
	plan->regions.metadata.offset = plan->log.offset + log_length;
	plan->regions.metadata.length = METADATA_REGION_SIZE;
	plan->regions.bat.offset = plan->regions.metadata.offset + METADATA_REGION_SIZE;
	plan->regions.bat.length = vhdx_bat_region_length(g);
	plan->blocks_offset = plan->regions.bat.offset + plan->regions.bat.length;
	plan->file_size = plan->blocks_offset;
	if (g->leave_allocated)
		plan->file_size += g->payload_blocks << g->block_shift;
	return VHDX_OK;
}

static enum exit_code write_metadata(const struct create_plan *plan,
				     const struct write_file *file)
{
	size_t values = VHDX_METADATA_TABLE_SIZE + VHDX_ITEMS_MANDATORY_SIZE;
	u8 *region = xcalloc(1, values + plan->locator_length);
	struct vhdx_items items;
	enum exit_code status;

	vhdx_items_place(&items, plan->locator_length);
	vhdx_metadata_table_encode(region, &items);
	vhdx_metadata_values_encode(region + VHDX_METADATA_TABLE_SIZE, &plan->raw,
				    &plan->disk_id);
	if (plan->locator_length)
		memcpy(region + items.offset[VHDX_ITEM_PARENT_LOCATOR], plan->locator,
		       plan->locator_length);
	status = write_at(file, plan->regions.metadata.offset, region,
			  values + plan->locator_length);
	free(region);
	return status;
}

/* All entries of a dynamic image are zero: not present. */
static enum exit_code write_bat(const struct create_plan *plan, const struct write_file *file)
{
	const struct vhdx_geometry *g = &plan->geometry;
	u64 total = g->leave_allocated ? g->bat_entries : 0;
	__le64 *entries = xcalloc(BAT_PIECE_ENTRIES, sizeof(*entries));
	enum exit_code status = DONE;
	u64 first, count, block, i;

	for (first = 0; first < total && status == DONE; first += count) {
		count = total - first < BAT_PIECE_ENTRIES ? total - first : BAT_PIECE_ENTRIES;
		for (i = 0; i < count; i++) {
			bool bitmap = vhdx_index_is_bitmap(g, (u32)(first + i), &block);
			u64 offset = plan->blocks_offset + (block << g->block_shift);
			u64 entry = vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, offset);

			entries[i] = bitmap ? 0 : cpu_to_le64(entry);
		}
		status = write_at(file, plan->regions.bat.offset + first * sizeof(*entries),
				  entries, count * sizeof(*entries));
	}
	free(entries);
	return status;
}

/* Both region tables, and both headers; not the file type identifier */
static enum exit_code write_header_section(const struct create_plan *plan,
					   const struct write_file *file)
{
	struct vhdx_header header = {
		.file_write_guid = guid_new(),
		.data_write_guid = guid_new(),
		.version = 1,
		.log_offset = plan->log.offset,
		.log_length = (u32)plan->log.length,
	};
	struct vhdx_disk_header *raw = xcalloc(1, sizeof(*raw));
	void *table = xcalloc(1, VHDX_REGION_TABLE_SIZE);
	unsigned int slot = 1, i;
	enum exit_code status;

	vhdx_region_table_encode(table, &plan->regions);
	status = write_at(file, VHDX_REGION_TABLE_1_OFFSET, table, VHDX_REGION_TABLE_SIZE);
	if (status == DONE)
		status = write_at(file, VHDX_REGION_TABLE_2_OFFSET, table,
				  VHDX_REGION_TABLE_SIZE);
	for (i = 0; i < 2 && status == DONE; i++) {
		u64 offset = vhdx_header_next(raw, &header, &slot);

		status = write_at(file, offset, raw, sizeof(*raw));
	}
	free(table);
	free(raw);
	return status;
}

/**
 * create_write() - write a new image
 * @plan:	complete
 * @file:	empty
 * @progress:	initialized by progress_init()
 *
 * All space of a fixed image is allocated. For other images, log and metadata are allocated, so
 * that later writes to them do not fail for lack of space; the BAT stays a hole.
 *
 * Makes everything but the file type identifier durable; the caller flushes the file at the end.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code create_write(const struct create_plan *plan, const struct write_file *file,
			    struct progress *progress)
{
	u64 end = plan->geometry.leave_allocated ? plan->file_size : plan->regions.bat.offset;
	enum exit_code status = write_set_size(file, plan->file_size);
	struct vhdx_disk_identifier identifier;

	if (status == DONE) {
		progress_begin(progress, "create", end);
		status = write_allocate(file, 0, end, progress);
		progress_end(progress);
	}
	if (status == DONE)
		status = write_metadata(plan, file);
	if (status == DONE)
		status = write_bat(plan, file);
	if (status == DONE)
		status = write_header_section(plan, file);
	if (status == DONE)
		status = write_sync(file);
	if (status == DONE) {
		vhdx_identifier_encode(&identifier, "vhdxctl " VHDX_RELEASE);
		status = write_at(file, 0, &identifier, sizeof(identifier));
	}
	return status;
}
