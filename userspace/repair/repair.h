/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairing what check found, as far as that needs no guessing.
 */
#ifndef VHDX_REPAIR_REPAIR_H
#define VHDX_REPAIR_REPAIR_H

#include "check/check.h"
#include "edit/log_commit.h"

enum repair_mode {
	REPAIR_NOTHING,
	REPAIR_LEAKS,		/* space that nothing refers to, and what that needs */
	REPAIR_ALL,
};

/**
 * struct repair - repairs being made
 * @mode:	what may be repaired
 * @file:	opened exclusively for writing; NULL: only list what would be done
 * @done:	what was, or would be done
 * @check:	what is repaired: checked, without errors; its log is replayed
 * @update:	its header
 * @batch:	changes of its tables on their way
 * @begun:	the file has been written to
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
