/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Locks and checks against other programs that use an image.
 */
#ifndef VHDX_IMAGE_LOCK_H
#define VHDX_IMAGE_LOCK_H

#include <sys/stat.h>

#include "image/write.h"

void image_warn_written(const char *path, const struct stat *status);
enum exit_code image_check_attached(const char *path, const struct stat *status);
enum exit_code image_check_no_writer(const char *path, int fd, const struct stat *status);
enum exit_code image_check_unwritten(const char *path, int fd, const struct stat *status);
enum exit_code image_check_lockable(const char *path, int fd, const struct stat *status,
				    const char *advice);
enum exit_code image_check_unchanged(const char *path, const struct stat *status);
enum exit_code image_lock_shared(const char *path, int fd, const struct stat *status);
enum exit_code image_check_same(const struct write_file *file, const struct stat *image);
enum exit_code image_open_exclusive(struct write_file *file, const char *path,
				    const char *advice);

#endif /* VHDX_IMAGE_LOCK_H */
