// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The image has no name until it is complete, so the order of writes is free. Blocks that read as
 * zeros are left out.
 */
#include "merge/flatten.h"

#include <stdlib.h>

#include "edit/create.h"
#include "edit/new_file.h"
#include "image/chain.h"
#include "image/lock.h"
#include "lib/alloc.h"
#include "lib/interrupt.h"
#include "lib/progress.h"
#include "merge/copy.h"

/**
 * struct flat - the new image
 * @map:	map of the whole chain
 * @plan:	layout of the new image
 * @new_file:	file of the new image
 * @progress:	initialized by progress_init()
 * @end:	offset of the next block in the new file, in bytes
 */
struct flat {
	struct chain_map map;
	struct create_plan plan;
	struct new_file new_file;
	struct progress *progress;
	u64 end;
};

/*
 * Append the block at @start to the new file, and enter it in the BAT, unless it reads as zeros.
 * Sets @length to the length of the block.
 */
static enum exit_code copy_block(struct flat *flat, u64 start, u64 *length)
{
	const struct vhdx_geometry *g = &flat->plan.geometry;
	u64 block = start >> g->block_shift, offset = flat->end;
	__le64 entry = cpu_to_le64(vhdx_bat_entry(VHDX_BLOCK_FULLY_PRESENT, offset));
	u64 at = flat->plan.regions.bat.offset + vhdx_payload_index(g, block) * sizeof(entry);
	enum exit_code status;
	bool zero;

	*length = vhdx_block_used(g, block);
	status = copy_is_zero(&flat->map, start, *length, &zero);
	if (status != DONE || zero)
		return status;
	flat->end += g->block_size;
	status = write_set_size(&flat->new_file.file, flat->end);
	if (status == DONE)
		status = copy_range(&flat->map, block << g->block_shift, *length,
				    &flat->new_file.file, offset, COPY_FRESH);
	if (status == DONE)
		status = write_at(&flat->new_file.file, at, &entry, sizeof(entry));
	return status;
}

static enum exit_code write_image(struct flat *flat)
{
	const struct vhdx_geometry *g = &flat->plan.geometry;
	struct progress quiet = *flat->progress;
	struct disk_extent extent;
	enum exit_code status;
	u64 start, length;

	quiet.mode = PROGRESS_NONE;
	status = create_write(&flat->plan, &flat->new_file.file, &quiet);
	if (status != DONE)
		return status;
	progress_begin(flat->progress, "merge", g->disk_size);
	for (start = 0; start < g->disk_size && status == DONE; start += length) {
		/*
		 * A large disk consists mostly of ranges that are zeros by their state, so these
		 * are not tested block by block.
		 */
		status = chain_map_find(&flat->map, start, g->disk_size - start, &extent);
		length = status == DONE && extent.kind != EXTENT_DATA &&
			 extent.kind != EXTENT_BAD ? extent.length : 0;
		if (start + length < g->disk_size)
			length &= ~((u64)g->block_size - 1);
		if (status == DONE && !length)
			status = copy_block(flat, start, &length);
		progress_add(flat->progress, length);
		if (status == DONE && interrupted())
			status = fail(EXIT_INTERRUPTED, "%s: interrupted; nothing was changed",
				      flat->new_file.file.path);
	}
	progress_end(flat->progress);
	return status == DONE ? new_file_commit(&flat->new_file) : status;
}

/* The new file must not replace a file of the chain. */
static enum exit_code check_path(const struct chain *chain, const char *path)
{
	struct stat status;
	unsigned int i;

	for (i = 0; !stat(path, &status) && i < chain->count; i++)
		if (layer_is_file(chain->layer[i], &status))
			return fail(EXIT_USAGE, i ? "%s: is itself in the chain; to merge into it, "
				    "use --into" : "%s: is the image that is merged; name another "
				    "file", path);
	for (i = 0; i < chain->count; i++) {
		const struct image_file *file = &chain->layer[i]->image.file;
		enum exit_code result = image_check_unwritten(file->path, file->fd, &file->stat);

		if (result != DONE)
			return result;
	}
	return DONE;
}

/**
 * flatten() - merge a chain into a new image
 * @chain:	complete
 * @path:	of the new image
 * @replace:	replace an existing file
 * @progress:	initialized by progress_init()
 *
 * Return: DONE, or another exit code after an error message; then there is no new image
 */
enum exit_code flatten(const struct chain *chain, const char *path, bool replace,
		       struct progress *progress)
{
	const struct vhdx_super *super = chain->layer[0]->image.super;
	const struct vhdx_geometry_raw raw = {
		.block_size = super->geometry.block_size,
		.disk_size = super->geometry.disk_size,
		.logical_sector_size = super->geometry.logical_sector_size,
		.physical_sector_size = super->geometry.physical_sector_size,
	};
	struct flat flat = { .progress = progress };
	enum exit_code status = check_path(chain, path);
	struct vhdx_fault fault;

	if (status != DONE)
		return status;
	if (create_plan(&flat.plan, &raw, VHDX_MIB, &fault))
		return fail(EXIT_USAGE, "merge: %s (%llu)", vhdx_reason_text(fault.reason),
			    (unsigned long long)fault.value);
	flat.plan.disk_id = super->disk_id;
	flat.end = flat.plan.file_size;
	chain_map_init(&flat.map, chain, 0, chain->count);
	status = new_file_open(&flat.new_file, path, replace);
	if (status == DONE)
		status = write_image(&flat);
	new_file_close(&flat.new_file);
	chain_map_free(&flat.map);
	return status;
}
