// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The writes of a repair: the header is updated before the first one, tables change through the
 * log.
 */
#include "image/guid.h"
#include "repair/repair.h"

/**
 * repair_begin() - update the header before the first write
 * @repair:	does nothing if it has begun already, or only lists repairs
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_begin(struct repair *repair)
{
	enum exit_code status;

	if (repair->begun || !repair->file)
		return DONE;
	repair->update.file = repair->file;
	repair->update.header = repair->check->super->header;
	repair->update.slot = repair->check->super->header_slot;
	status = header_check_updates(&repair->update, 6);
	if (status != DONE)
		return status;
	repair->begun = true;
	repair->update.header.file_write_guid = guid_new();
	return header_update_both(&repair->update);
}

/**
 * repair_page() - change a page of metadata, through the log
 * @repair:	the repair
 * @offset:	of the page in the file, in bytes
 * @page:	new contents, VHDX_PAGE_SIZE bytes
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_page(struct repair *repair, u64 offset, const void *page)
{
	enum exit_code status = repair_begin(repair);
	u64 size = repair->check->reader.size;

	if (status != DONE || !repair->file)
		return status;
	if (!repair->batch.pages)
		log_batch_init(&repair->batch, &repair->update, size - size % VHDX_MIB);
	return log_batch_add(&repair->batch, offset, page);
}
