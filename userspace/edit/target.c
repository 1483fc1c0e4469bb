// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Order: write the data of new blocks; flush; change the BAT entries that refer to them, through
 * the log. A power cut may leave blocks that nothing refers to, never an entry that refers to
 * missing data.
 */
#include "edit/target.h"

#include "image/guid.h"
#include "image/image.h"

/* Each commit makes four updates. This many sequence numbers must be left. */
#define HEADER_UPDATES 1000000U

/**
 * target_init() - initialize a target
 * @target:	filled; must be freed by target_free()
 * @file:	opened exclusively for writing
 * @image:	the same file, open for reading, its log empty
 * @end:	end of the space in use, in bytes; a multiple of 1 MiB
 */
void target_init(struct target *target, const struct write_file *file, struct image *image,
		 u64 end)
{
	memset(target, 0, sizeof(*target));
	target->file = file;
	target->image = image;
	target->end = end;
	target->size = image->file.reader.size;
	target->update.file = file;
	target->update.header = image->super->header;
	target->update.slot = image->super->header_slot;
	log_batch_init(&target->batch, &target->update, target->size - target->size % VHDX_MIB);
}

/**
 * target_free() - free a target
 * @target:	initialized
 */
void target_free(struct target *target)
{
	log_batch_free(&target->batch);
}

/**
 * target_set_guids() - give the image new GUIDs before it changes
 * @target:	the image
 * @data_guid:	its new DataWriteGuid
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code target_set_guids(struct target *target, const struct vhdx_guid *data_guid)
{
	enum exit_code status = header_check_updates(&target->update, HEADER_UPDATES);

	if (status != DONE)
		return status;
	target->update.header.file_write_guid = guid_new();
	target->update.header.data_write_guid = *data_guid;
	return header_update_both(&target->update);
}

static enum exit_code set_size(struct target *target, u64 size)
{
	target->size = size;
	target->batch.file_size = size - size % VHDX_MIB;
	return write_set_size(target->file, size);
}

/**
 * target_trim() - cut off unused space at the end of the file
 * @target:	the image
 *
 * An interrupted merge may have left data there. Space that is allocated later reads as zeros.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code target_trim(struct target *target)
{
	return target->size > target->end ? set_size(target, target->end) : DONE;
}

/**
 * target_allocate() - allocate a block at the end, outside of all regions, known or unknown
 * @target:	the image
 * @offset:	set to the offset of the block in the file, in bytes; it reads as zeros
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code target_allocate(struct target *target, u64 *offset)
{
	u32 length = target->image->super->geometry.block_size;
	u64 start = vhdx_layout_find_free(&target->image->super->layout, target->end, length);
	u64 end = start + length;
	enum exit_code status = target_trim(target);

	if (status == DONE)
		status = set_size(target, end);
	*offset = start;
	if (status == DONE)
		target->end = end;
	return status;
}

/**
 * target_set_entry() - change a BAT entry, at the next commit
 * @target:	the image; committed first if too many changes are pending
 * @index:	BAT index; greater than that of the last call
 * @entry:	new value
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code target_set_entry(struct target *target, u64 index, u64 entry)
{
	enum exit_code status = DONE;

	if (target->pending == TARGET_MAX_PENDING)
		status = target_commit(target);
	if (status != DONE)
		return status;
	target->index[target->pending] = index;
	target->entry[target->pending++] = entry;
	return DONE;
}

/**
 * target_commit() - make the written blocks durable, then the changed BAT entries
 * @target:	the image
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code target_commit(struct target *target)
{
	u64 bat = target->image->super->regions.bat.offset;
	enum exit_code status = write_sync(target->file);
	__le64 page[VHDX_BAT_ENTRIES_PER_PAGE];
	u32 i = 0;

	while (status == DONE && i < target->pending) {
		u64 first = target->index[i] - target->index[i] % VHDX_BAT_ENTRIES_PER_PAGE;
		u64 offset = bat + first * VHDX_BAT_ENTRY_SIZE;

		status = image_read(target->image, offset, page, sizeof(page));
		for (; i < target->pending && target->index[i] - first < ARRAY_SIZE(page); i++)
			page[target->index[i] - first] = cpu_to_le64(target->entry[i]);
		if (status == DONE)
			status = log_batch_add(&target->batch, offset, page);
	}
	if (status == DONE)
		status = log_batch_commit(&target->batch);
	target->pending = 0;
	return status;
}
