// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A parent locator is replaced as a whole, through the log: a power cut leaves the old one or the
 * new one. It keeps its place if it fits. Otherwise it moves after all other items, and the
 * metadata table changes in the same log entry.
 *
 * The contents of the disk do not change, so the image keeps its DataWriteGuid and its children.
 */
#include "edit/relink.h"

#include <stdlib.h>

#include "edit/log_commit.h"
#include "image/guid.h"
#include "image/layer.h"
#include "lib/alloc.h"
#include "format/metadata_edit.h"

#define HEADER_UPDATES 6

/**
 * struct edit - the change of a metadata region
 * @layer:	the image
 * @item:	the new locator
 * @length:	length of @item, in bytes
 * @table:	the metadata table
 * @offset:	offset of the locator in the region, in bytes
 * @update:	header of the image
 * @batch:	changed pages
 */
struct edit {
	struct layer *layer;
	u8 *item;
	u32 length;
	u8 *table;
	u32 offset;
	struct header_update update;
	struct log_batch batch;
};

/**
 * relink_check() - check that the parent locator of an image can be changed
 * @layer:	open
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code relink_check(const struct layer *layer)
{
	if (!layer_has_parent(layer))
		return fail(EXIT_USAGE, "%s: is not a differencing image", layer->path);
	if (log_batch_possible(&layer->image.super->header))
		return DONE;
	return fail_named(EXIT_IMAGE, "NO_LOG", "%s: has no log, so it cannot be changed safely",
			  layer->path);
}

static enum exit_code find_place(struct edit *edit)
{
	struct vhdx_super *super = edit->layer->image.super;
	enum exit_code status = image_read(&edit->layer->image,
					   super->regions.metadata.offset, edit->table,
					   VHDX_METADATA_TABLE_SIZE);

	if (status != DONE)
		return status;
	edit->offset = super->items.offset[VHDX_ITEM_PARENT_LOCATOR];
	if (edit->length > super->items.length[VHDX_ITEM_PARENT_LOCATOR])
		edit->offset = vhdx_metadata_table_end(edit->table);
	if (edit->offset + (u64)edit->length > super->regions.metadata.length)
		return fail(EXIT_IMAGE, "%s: its metadata region has no room for a parent locator",
			    edit->layer->path);
	vhdx_metadata_table_move(edit->table, VHDX_ITEM_PARENT_LOCATOR, edit->offset,
				 edit->length);
	return DONE;
}

/* Add the pages of the table that change. */
static enum exit_code add_table(struct edit *edit)
{
	u64 region = edit->layer->image.super->regions.metadata.offset;
	enum exit_code status = DONE;
	u8 old[VHDX_PAGE_SIZE];
	u32 at;

	for (at = 0; at < VHDX_METADATA_TABLE_SIZE && status == DONE; at += VHDX_PAGE_SIZE) {
		status = image_read(&edit->layer->image, region + at, old, sizeof(old));
		if (status == DONE && memcmp(old, edit->table + at, sizeof(old)))
			status = log_batch_add(&edit->batch, region + at, edit->table + at);
	}
	return status;
}

static enum exit_code add_item(struct edit *edit)
{
	u64 region = edit->layer->image.super->regions.metadata.offset;
	u32 first = edit->offset - edit->offset % VHDX_PAGE_SIZE;
	u32 end = edit->offset + edit->length, at;
	enum exit_code status = DONE;
	u8 page[VHDX_PAGE_SIZE];

	for (at = first; at < end && status == DONE; at += VHDX_PAGE_SIZE) {
		u32 from = at < edit->offset ? edit->offset : at;
		u32 to = end - at < VHDX_PAGE_SIZE ? end : at + VHDX_PAGE_SIZE;

		status = image_read(&edit->layer->image, region + at, page, sizeof(page));
		memcpy(page + (from - at), edit->item + (from - edit->offset), to - from);
		if (status == DONE)
			status = log_batch_add(&edit->batch, region + at, page);
	}
	return status;
}

static enum exit_code write_all(struct edit *edit, const struct write_file *file)
{
	struct vhdx_super *super = edit->layer->image.super;
	u64 size = edit->layer->image.file.reader.size;
	enum exit_code status;

	edit->update.file = file;
	edit->update.header = super->header;
	edit->update.slot = super->header_slot;
	status = header_check_updates(&edit->update, HEADER_UPDATES);
	if (status != DONE)
		return status;
	edit->update.header.file_write_guid = guid_new();
	log_batch_init(&edit->batch, &edit->update, size - size % VHDX_MIB);
	status = header_update(&edit->update);
	if (status == DONE)
		status = add_table(edit);
	if (status == DONE)
		status = add_item(edit);
	if (status == DONE)
		status = log_batch_commit(&edit->batch);
	super->header = edit->update.header;
	super->header_slot = edit->update.slot;
	log_batch_free(&edit->batch);
	return status;
}

/**
 * relink() - replace a parent locator, durably
 * @layer:	open, passed by relink_check(), its log is empty; gets the new locator
 * @file:	the same file, opened exclusively for writing
 * @name:	paths of the parent; NULL: unchanged
 * @linkage:	DataWriteGuid of the parent
 * @linkage2:	a second DataWriteGuid that is accepted; null: none
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code relink(struct layer *layer, const struct write_file *file,
		      const struct parent_name *name, const struct vhdx_guid *linkage,
		      const struct vhdx_guid *linkage2)
{
	struct edit edit = { .layer = layer, .table = xcalloc(1, VHDX_METADATA_TABLE_SIZE) };
	struct vhdx_super *super = layer->image.super;
	struct parent_name present = { 0 };
	enum exit_code status;
	struct vhdx_fault fault;

	if (!name) {
		present.relative = layer_text(layer, &layer->locator.relative_path);
		present.absolute = layer_text(layer, &layer->locator.absolute_path);
		present.volume = layer_text(layer, &layer->locator.volume_path);
		name = &present;
	}
	edit.item = parent_name_encode(name, linkage, linkage2, &edit.length);
	status = find_place(&edit);
	if (status == DONE)
		status = write_all(&edit, file);
	if (status == DONE) {
		/* Read the new locator into the layer. */
		super->items.offset[VHDX_ITEM_PARENT_LOCATOR] = edit.offset;
		super->items.length[VHDX_ITEM_PARENT_LOCATOR] = edit.length;
		if (vhdx_open_locator(super, &layer->image.reader, layer->locator_item,
				      &layer->locator, &fault))
			status = fail(EXIT_IO, "%s: its parent locator is not what was written",
				      layer->path);
	}
	parent_name_free(&present);
	free(edit.item);
	free(edit.table);
	return status;
}
