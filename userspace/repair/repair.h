/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Repairs of what a check finds, as far as that needs no guessing.
 */
#ifndef VHDX_REPAIR_REPAIR_H
#define VHDX_REPAIR_REPAIR_H

#include "check/check.h"
#include "edit/log_commit.h"

enum repair_mode {
	REPAIR_NOTHING,
	REPAIR_LEAKS,		/* leaks, after a replay of the log */
	REPAIR_ALL,
};

/**
 * struct repair - the repair of an image
 * @mode:	what may be repaired
 * @file:	opened exclusively for writing; NULL: only list the repairs
 * @done:	repairs that were made, or would be
 * @check:	completed check of the image, without errors; its log is replayed
 * @update:	header of the image
 * @batch:	changes of metadata for the next log entry
 * @begun:	repair_begin() has updated the header
 */
struct repair {
	enum repair_mode mode;
	const struct write_file *file;
	struct findings done;
	struct check *check;
	struct header_update update;
	struct log_batch batch;
	bool begun;
};

bool repair_is_possible(const struct check *check);
enum exit_code repair_log(struct repair *repair, const struct check *check);
enum exit_code repair_image(struct repair *repair, struct check *check);

enum exit_code repair_page(struct repair *repair, u64 offset, const void *page);
enum exit_code repair_begin(struct repair *repair);
enum exit_code repair_bat(struct repair *repair);
enum exit_code repair_size(struct repair *repair);
enum exit_code repair_leaks(struct repair *repair);

#endif /* VHDX_REPAIR_REPAIR_H */
