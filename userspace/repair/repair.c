// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Repairs need no guessing: they use a redundant copy, or clear fields without meaning. None of
 * them changes what the disk shows.
 *
 *	damaged header			rewritten from the other copy
 *	damaged region table		rewritten from the other copy, through the log
 *	junk in BAT entries		cleared, through the log; see bat.c
 *	odd file size, leaks		see space.c
 *
 * An image with errors is not changed at all: an error means that data are lost, and a rescue needs
 * the rest of the file in its original state.
 *
 * The order is that of any writer: replay the log; give the header a new FileWriteGuid; set the
 * size of the file; change tables through the log; shorten the file when the log is empty again.
 */
#include "repair/repair.h"

#include <stdlib.h>

#include "edit/replay_file.h"
#include "image/fault.h"
#include "image/replay_memory.h"
#include "lib/alloc.h"

/**
 * repair_is_possible() - test whether an image may be repaired
 * @check:	completed
 *
 * Return: false if it has errors or unsupported features
 */
bool repair_is_possible(const struct check *check)
{
	return !check->findings.count[SEVERITY_ERROR] &&
	       !check->findings.count[SEVERITY_UNSUPPORTED];
}

/**
 * repair_log() - replay the log into the file, if it must be replayed
 * @repair:	@file and @done are used
 * @check:	completed, without errors; must be repeated if the log was replayed
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_log(struct repair *repair, const struct check *check)
{
	struct progress progress = check->progress;

	if (!check->replayed)
		return DONE;
	findings_add_repair(&repair->done, vhdx_reason_name(VHDX_REASON_log_dirty),
			    check->super->header.log_offset, NO_ENTRY, "log: %u entries replayed",
			    check->replayed->overlay.entries);
	return repair->file ? replay_file(check->file.path, repair->file, &progress) : DONE;
}

/* repair_begin() rewrites both copies. */
static enum exit_code repair_headers(struct repair *repair)
{
	u32 warnings = repair->check->super->warnings;
	bool first = warnings & (1U << VHDX_WARNING_header_1_damaged);

	if (!first && !(warnings & (1U << VHDX_WARNING_header_2_damaged)))
		return DONE;
	findings_add_repair(&repair->done,
			    vhdx_warning_name(first ? VHDX_WARNING_header_1_damaged :
					      VHDX_WARNING_header_2_damaged),
			    first ? VHDX_HEADER_1_OFFSET : VHDX_HEADER_2_OFFSET, NO_ENTRY,
			    "header: rewritten from copy %d", first ? 2 : 1);
	return repair_begin(repair);
}

/* Table 1 counts if it is valid, as in the check. */
static enum exit_code repair_regions(struct repair *repair)
{
	static const enum vhdx_warning kinds[] = {
		VHDX_WARNING_region_1_damaged, VHDX_WARNING_region_2_damaged,
		VHDX_WARNING_region_differ,
	};
	const struct vhdx_reader *reader = &repair->check->reader;
	u8 good[VHDX_PAGE_SIZE], bad[VHDX_PAGE_SIZE];
	enum exit_code status = DONE;
	struct vhdx_fault fault;
	unsigned int i = 0;
	u64 from, to;
	u32 at;

	while (i < ARRAY_SIZE(kinds) && !(repair->check->super->warnings & (1U << kinds[i])))
		i++;
	if (i == ARRAY_SIZE(kinds))
		return DONE;
	from = i ? VHDX_REGION_TABLE_1_OFFSET : VHDX_REGION_TABLE_2_OFFSET;
	to = i ? VHDX_REGION_TABLE_2_OFFSET : VHDX_REGION_TABLE_1_OFFSET;
	findings_add_repair(&repair->done, vhdx_warning_name(kinds[i]), to, NO_ENTRY,
			    "region table: copy %d rewritten from copy %d", i ? 2 : 1, i ? 1 : 2);
	for (at = 0; at < VHDX_REGION_TABLE_SIZE && status == DONE; at += VHDX_PAGE_SIZE) {
		if (vhdx_read(reader, from + at, good, sizeof(good), &fault) ||
		    vhdx_read(reader, to + at, bad, sizeof(bad), &fault))
			return fail_fault(&repair->check->file, &fault);
		if (memcmp(good, bad, sizeof(good)))
			status = repair_page(repair, to + at, good);
	}
	return status;
}

static enum exit_code repair_tables(struct repair *repair)
{
	enum exit_code status;

	if (!log_batch_possible(&repair->check->super->header)) {
		warn("%s: its tables are not repaired, because it has no usable log",
		     repair->check->file.path);
		return DONE;
	}
	status = repair_regions(repair);
	if (status == DONE)
		status = repair_bat(repair);
	if (status == DONE && repair->batch.pages)
		status = log_batch_commit(&repair->batch);
	return status;
}

/**
 * repair_image() - repair an image
 * @repair:	@mode and @file are set; @done gets the repairs
 * @check:	completed, without errors; must be repeated if @done has repairs
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code repair_image(struct repair *repair, struct check *check)
{
	enum exit_code status = DONE;

	repair->check = check;
	if (repair->mode == REPAIR_ALL) {
		status = repair_headers(repair);
		if (status == DONE)
			status = repair_size(repair);
		if (status == DONE)
			status = repair_tables(repair);
	}
	if (status == DONE)
		status = repair_leaks(repair);
	if (status == DONE && repair->begun)
		status = write_sync(repair->file);
	log_batch_free(&repair->batch);
	return status;
}
