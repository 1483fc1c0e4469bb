// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A commit writes one entry at the start of the log, which is empty before and after. After each of
 * these steps a power cut leaves the old state or the new one:
 *
 *	1. Write the entry, with a LogGuid that no header has yet. Flush.
 *	2. Header, both copies: this LogGuid. From here on the new state counts. Flush after each.
 *	3. Checkpoint: write the pages to their places. Flush.
 *	4. Header, both copies: null LogGuid. Flush after each.
 *
 * The entry is durable before a header names it, so no header ever names a log without a valid
 * entry, and no empty entry is needed first.
 */
#include "edit/log_commit.h"

#include <stdlib.h>

#include "image/guid.h"
#include "lib/alloc.h"
#include "format/log_encode.h"
#include "format/log_scan.h"

/* Limits the memory; a log of 1 MiB holds fewer. */
#define BATCH_PAGES 1024U

/**
 * log_batch_possible() - test whether an image has a usable log
 * @header:	its current header, checked
 *
 * Return: true if it has one
 */
bool log_batch_possible(const struct vhdx_header *header)
{
	return header->log_length && header->log_length <= VHDX_LOG_MAX_LENGTH;
}

/**
 * log_batch_init() - begin a batch without pages
 * @batch:	filled; must be freed by log_batch_free()
 * @update:	the current header; its log is empty, and log_batch_possible() is true
 * @file_size:	size of the file, in bytes, which stays the same
 */
void log_batch_init(struct log_batch *batch, struct header_update *update, u64 file_size)
{
	u32 sectors = update->header.log_length / VHDX_LOG_SECTOR_SIZE - 1;
	u32 pages = sectors < BATCH_PAGES ? sectors : BATCH_PAGES;

	/* So many pages fit into an entry, with one sector of the log to spare. */
	while (vhdx_log_entry_descriptor_sectors(pages) + pages > sectors)
		pages--;
	batch->update = update;
	batch->file_size = file_size;
	batch->capacity = pages;
	batch->count = 0;
	batch->offsets = xcalloc(batch->capacity, sizeof(*batch->offsets));
	batch->pages = xcalloc(batch->capacity, VHDX_PAGE_SIZE);
}

/**
 * log_batch_add() - add a page
 * @batch:	the batch; if it is full, it is committed first
 * @offset:	of the page in the file, in bytes; metadata, and not in @batch yet
 * @page:	new contents, VHDX_PAGE_SIZE bytes; copied
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code log_batch_add(struct log_batch *batch, u64 offset, const void *page)
{
	enum exit_code status = DONE;

	if (batch->count == batch->capacity)
		status = log_batch_commit(batch);
	if (status != DONE)
		return status;
	batch->offsets[batch->count] = offset;
	memcpy(batch->pages + (size_t)batch->count * VHDX_PAGE_SIZE, page, VHDX_PAGE_SIZE);
	batch->count++;
	return DONE;
}

/*
 * The whole entry, to be freed. Sets @sectors to its length in sectors. With a new LogGuid, any
 * sequence number is right.
 */
static u8 *encode(const struct log_batch *batch, u32 *sectors)
{
	const struct vhdx_log_stamp stamp = {
		.sequence = 1,
		.guid = batch->update->header.log_guid,
		.flushed_size = batch->file_size,
		.last_size = batch->file_size,
	};
	u32 area = vhdx_log_entry_descriptor_sectors(batch->count), crc, i;
	u8 *entry = xcalloc(area + batch->count, VHDX_LOG_SECTOR_SIZE);
	u8 *data = entry + (size_t)area * VHDX_LOG_SECTOR_SIZE;

	*sectors = area + batch->count;
	memcpy(data, batch->pages, (size_t)batch->count * VHDX_PAGE_SIZE);
	for (i = 0; i < batch->count; i++)
		vhdx_log_encode_data(entry + vhdx_log_descriptor_sector(i) * VHDX_LOG_SECTOR_SIZE +
				     vhdx_log_descriptor_offset(i),
				     data + (size_t)i * VHDX_PAGE_SIZE, batch->offsets[i],
				     stamp.sequence);
	vhdx_log_encode_header(entry, &stamp, batch->count, batch->count);
	crc = vhdx_log_checksum_begin();
	for (i = 0; i < *sectors; i++)
		crc = vhdx_log_checksum_add(crc, entry + (size_t)i * VHDX_LOG_SECTOR_SIZE);
	vhdx_log_checksum_end(entry, crc);
	return entry;
}

/**
 * log_batch_commit() - change all pages of a batch, durably
 * @batch:	empty after success
 *
 * Return: DONE, or another exit code after an error message; then the log holds all
 * changes, or none
 */
enum exit_code log_batch_commit(struct log_batch *batch)
{
	struct header_update *update = batch->update;
	enum exit_code status;
	u32 sectors, i;
	u8 *entry;

	if (!batch->count)
		return DONE;
	status = header_check_updates(update, 4);
	if (status != DONE)
		return status;
	/* Step 1: the entry */
	update->header.log_guid = guid_new();
	update->header.log_version = 0;
	entry = encode(batch, &sectors);
	status = write_at(update->file, update->header.log_offset, entry,
			  (size_t)sectors * VHDX_LOG_SECTOR_SIZE);
	free(entry);
	if (status == DONE)
		status = write_sync(update->file);
	/* Step 2: the headers name it */
	if (status == DONE)
		status = header_update_both(update);
	/* Step 3: the pages */
	for (i = 0; i < batch->count && status == DONE; i++)
		status = write_at(update->file, batch->offsets[i],
				  batch->pages + (size_t)i * VHDX_PAGE_SIZE, VHDX_PAGE_SIZE);
	if (status == DONE)
		status = write_sync(update->file);
	if (status != DONE)
		return status;
	/* Step 4: the log is empty */
	memset(&update->header.log_guid, 0, sizeof(update->header.log_guid));
	batch->count = 0;
	return header_update_both(update);
}

/**
 * log_batch_free() - free a batch, committed or not
 * @batch:	the batch
 */
void log_batch_free(struct log_batch *batch)
{
	free(batch->offsets);
	free(batch->pages);
}
