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

/* Number of pages that fit into an entry, with one sector of the log to spare */
static u32 capacity_of(u32 log_length)
{
	u32 sectors = log_length / VHDX_LOG_SECTOR_SIZE - 1;
	u32 pages = sectors < BATCH_PAGES ? sectors : BATCH_PAGES;

	while (vhdx_log_entry_descriptor_sectors(pages) + pages > sectors)
		pages--;
	return pages;
}

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
	batch->update = update;
	batch->file_size = file_size;
	batch->capacity = capacity_of(update->header.log_length);
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

static void seal(u8 *entry, u32 sectors)
{
	u32 crc = vhdx_log_checksum_begin(), i;

	for (i = 0; i < sectors; i++)
		crc = vhdx_log_checksum_add(crc, entry + (size_t)i * VHDX_LOG_SECTOR_SIZE);
	vhdx_log_checksum_end(entry, crc);
}

/* The whole entry, to be freed. Sets @sectors to its length in sectors. */
static u8 *encode(const struct log_batch *batch, const struct vhdx_log_stamp *stamp, u32 *sectors)
{
	u32 area = vhdx_log_entry_descriptor_sectors(batch->count), i;
	u8 *entry = xcalloc(area + batch->count, VHDX_LOG_SECTOR_SIZE);
	u8 *data = entry + (size_t)area * VHDX_LOG_SECTOR_SIZE;

	memcpy(data, batch->pages, (size_t)batch->count * VHDX_PAGE_SIZE);
	for (i = 0; i < batch->count; i++)
		vhdx_log_encode_data(entry + vhdx_log_descriptor_sector(i) * VHDX_LOG_SECTOR_SIZE +
				     vhdx_log_descriptor_offset(i),
				     data + (size_t)i * VHDX_PAGE_SIZE, batch->offsets[i],
				     stamp->sequence);
	vhdx_log_encode_header(entry, stamp, batch->count, batch->count);
	*sectors = area + batch->count;
	seal(entry, *sectors);
	return entry;
}

/* With a new LogGuid, any sequence number is right. */
static enum exit_code write_entry(const struct log_batch *batch)
{
	const struct header_update *update = batch->update;
	struct vhdx_log_stamp stamp = {
		.sequence = 1,
		.guid = update->header.log_guid,
		.flushed_size = batch->file_size,
		.last_size = batch->file_size,
	};
	enum exit_code status;
	u32 sectors;
	u8 *entry = encode(batch, &stamp, &sectors);

	status = write_at(update->file, update->header.log_offset, entry,
			  (size_t)sectors * VHDX_LOG_SECTOR_SIZE);
	free(entry);
	return status == DONE ? write_sync(update->file) : status;
}

static enum exit_code write_pages(const struct log_batch *batch)
{
	enum exit_code status = DONE;
	u32 i;

	for (i = 0; i < batch->count && status == DONE; i++)
		status = write_at(batch->update->file, batch->offsets[i],
				  batch->pages + (size_t)i * VHDX_PAGE_SIZE, VHDX_PAGE_SIZE);
	return status == DONE ? write_sync(batch->update->file) : status;
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

	if (!batch->count)
		return DONE;
	status = header_check_updates(update, 4);
	if (status != DONE)
		return status;
	update->header.log_guid = guid_new();
	update->header.log_version = 0;
	status = write_entry(batch);
	if (status == DONE)
		status = header_update_both(update);
	if (status == DONE)
		status = write_pages(batch);
	if (status != DONE)
		return status;
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
