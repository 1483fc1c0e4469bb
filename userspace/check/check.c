// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The steps are those of an open, but after a fault the check continues where it can. If the log
 * cannot be replayed, everything after the headers may be stale and is not checked. Without a valid
 * region table and metadata there is no BAT to check. Leaks are searched only in an image without
 * errors, because a damaged entry may be the one that refers to the space.
 */
#include "check/check.h"

#include <stdlib.h>

#include "image/fault.h"
#include "image/replay_memory.h"
#include "lib/alloc.h"
#include "format/locator.h"

static bool is_about_image(enum vhdx_reason reason)
{
	enum vhdx_class class = vhdx_reason_class(reason);

	return class != VHDX_CLASS_NOT_VHDX && class != VHDX_CLASS_IO;
}

/* The header section: file type identifier, current header, location of the log */
static enum exit_code check_headers(struct check *check, void *scratch)
{
	struct vhdx_super *super = check->super;
	struct vhdx_fault fault;
	enum vhdx_reason reason = vhdx_open_headers(super, &check->reader, scratch, &fault);

	check->log_known = !reason;
	if (!reason) {
		if (super->header.sequence_number == UINT64_MAX)
			findings_add_warning(&check->findings, "header_sequence_max",
					     VHDX_HEADER_1_OFFSET, NO_ENTRY,
					     "header: sequence number is at its maximum; the "
					     "image cannot be written");
		return DONE;
	}
	if (!is_about_image(reason))
		return fail_fault(&check->file, &fault);
	findings_add_fault(&check->findings, &fault, NO_ENTRY);
	super->header.log_length = 0;	/* the length is not valid */
	check->log_failed = vhdx_header_log_dirty(&super->header) &&
			    reason != VHDX_REASON_header_none_valid &&
			    reason != VHDX_REASON_header_tie;
	return DONE;
}

static enum exit_code check_log(struct check *check)
{
	const struct vhdx_header *header = &check->super->header;
	struct vhdx_fault fault;

	if (!check->log_known || !vhdx_header_log_dirty(header))
		return DONE;
	check->replayed = replay_memory_new(&check->file.reader, header, &fault);
	if (!check->replayed) {
		check->log_failed = true;
		if (!is_about_image(fault.reason))
			return fail_fault(&check->file, &fault);
		findings_add_fault(&check->findings, &fault, NO_ENTRY);
		return DONE;
	}
	replay_memory_reader(check->replayed, &check->reader);
	findings_add_warning(&check->findings, vhdx_reason_name(VHDX_REASON_log_dirty),
			     header->log_offset, NO_ENTRY,
			     "log: must be replayed (entries: %u); checked as after the replay",
			     check->replayed->overlay.entries);
	return DONE;
}

static enum exit_code check_locator(struct check *check)
{
	const struct vhdx_super *super = check->super;
	u32 length = super->items.length[VHDX_ITEM_PARENT_LOCATOR];
	u64 offset = super->regions.metadata.offset +
		     super->items.offset[VHDX_ITEM_PARENT_LOCATOR];
	enum exit_code status = DONE;
	struct vhdx_locator locator;
	struct vhdx_fault fault;
	u8 *item;

	if (!super->geometry.has_parent ||
	    !vhdx_item_present(&super->items, VHDX_ITEM_PARENT_LOCATOR))
		return DONE;
	item = xcalloc(1, length + 1);
	if (vhdx_read(&check->reader, offset, item, length, &fault))
		status = fail_fault(&check->file, &fault);
	else if (vhdx_locator_decode(&locator, item, length, offset, &fault))
		findings_add_fault(&check->findings, &fault, NO_ENTRY);
	free(item);
	return status;
}

static enum exit_code check_tables(struct check *check, void *scratch)
{
	struct vhdx_fault fault;
	enum vhdx_reason reason = vhdx_open_tables(check->super, &check->reader, scratch,
						   &fault);
	/* The reason says how far vhdx_open_tables() has come. */
	const bool layout_is_known = !reason || reason >= VHDX_REASON_metadata_signature;
	const bool geometry_is_known = !reason || reason == VHDX_REASON_locator_missing ||
				       reason == VHDX_REASON_bat_too_small;
	enum exit_code status = DONE;

	if (reason && !is_about_image(reason))
		return fail_fault(&check->file, &fault);
	if (reason)
		findings_add_fault(&check->findings, &fault, NO_ENTRY);
	if (layout_is_known)
		usage_set_layout(&check->usage, &check->super->layout);
	if (geometry_is_known) {
		status = check_locator(check);
		if (status == DONE)
			status = check_bat(check);
	}
	return status;
}

/**
 * check_image() - check an image
 * @check:	@file is open, @progress is initialized, the rest is zero; must be freed by
 *		check_free() even on failure
 *
 * Return: DONE if the check was completed, with findings or without; another exit code after an
 * error message if it was not, or if the file is not a VHDX
 */
enum exit_code check_image(struct check *check)
{
	void *scratch = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);
	enum exit_code status;
	unsigned int i;

	check->super = xcalloc(1, sizeof(*check->super));
	check->reader = check->file.reader;
	status = check_headers(check, scratch);
	if (status == DONE)
		status = check_log(check);
	if (status == DONE) {
		usage_init(&check->usage, check->reader.size);
		status = check->log_failed ? DONE : check_tables(check, scratch);
		for (i = 0; i < VHDX_WARNING_COUNT; i++)
			if (check->super->warnings & (1U << i))
				findings_add_warning(&check->findings, vhdx_warning_name(i), 0,
						     NO_ENTRY, "%s", vhdx_warning_text(i));
	}
	if (status == DONE && check->log_known && !check->findings.count[SEVERITY_ERROR] &&
	    !check->findings.count[SEVERITY_UNSUPPORTED])
		check_leaks(check);
	free(scratch);
	return status;
}

/**
 * check_free() - free the result of a check
 * @check:	the check; its file stays open
 */
void check_free(struct check *check)
{
	findings_free(&check->findings);
	usage_free(&check->usage);
	replay_memory_free(check->replayed);
	free(check->super);
}
