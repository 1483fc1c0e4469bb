/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The check of an image, which does not stop at the first fault.
 */
#ifndef VHDX_CHECK_CHECK_H
#define VHDX_CHECK_CHECK_H

#include "check/findings.h"
#include "check/usage.h"
#include "image/file.h"
#include "lib/progress.h"
#include "format/bat.h"

/**
 * struct check - one check
 * @file:	file of the image
 * @progress:	initialized by progress_init()
 * @super:	as far as it can be read
 * @replayed:	the log replayed in memory; NULL: no replay
 * @reader:	reads the image with the log replayed
 * @usage:	use of the space in the file
 * @findings:	the result
 * @log_known:	the location of the log is valid
 * @log_failed:	the log must be replayed, but cannot be
 */
struct check {
	struct image_file file;
	struct progress progress;
	struct vhdx_super *super;
	struct replay_memory *replayed;
	struct vhdx_reader reader;
	struct usage usage;
	struct findings findings;
	bool log_known;
	bool log_failed;
};

enum exit_code check_image(struct check *check);
enum exit_code check_bat(struct check *check);
void check_leaks(struct check *check);
bool check_stray(const struct vhdx_bat_rules *rules, u64 entry, u64 *offset, u64 *length);
bool check_owns_anchor(const struct check *check, const struct vhdx_bat_rules *rules, u64 entry);
u64 check_end_of_use(const struct usage *usage);
bool check_is_used(const struct usage *usage, u64 offset);
void check_each_leak(struct check *check, void (*visit)(void *context, u64 offset, u64 length),
		     void *context);
void check_free(struct check *check);

#endif /* VHDX_CHECK_CHECK_H */
