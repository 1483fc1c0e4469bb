/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Replay of a log into the file.
 */
#ifndef VHDX_EDIT_REPLAY_FILE_H
#define VHDX_EDIT_REPLAY_FILE_H

#include "image/image.h"
#include "image/write.h"
#include "format/log_scan.h"

struct progress;

/**
 * struct replay_size - size of a replay
 * @changes:	number of changes
 * @bytes:	bytes that are written, zeros included
 */
struct replay_size {
	u64 changes;
	u64 bytes;
};

enum exit_code replay_measure(struct image *image, struct replay_size *size);
enum exit_code replay_check(struct image *image);
enum exit_code replay_to_disk(struct image *image, const struct write_file *file,
			      const struct replay_size *size, struct progress *progress,
			      u64 *file_size);
enum exit_code replay_file(const char *path, const struct write_file *file,
			   struct progress *progress);

enum exit_code replay_walk(struct image *image, vhdx_log_visit visit, void *context);

#endif /* VHDX_EDIT_REPLAY_FILE_H */
