/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The file of an image, opened for reading without a change of its times.
 */
#ifndef VHDX_IMAGE_FILE_H
#define VHDX_IMAGE_FILE_H

#include <sys/stat.h>

#include "lib/message.h"
#include "format/open.h"

/**
 * struct image_file - the file of an image, open for reading
 * @path:	for messages; not owned
 * @fd:		file descriptor
 * @stat:	status of @fd
 * @reader:	for the format core; its size is that of the file or block device
 * @read_error:	positive errno of the last read that failed
 */
struct image_file {
	const char *path;
	int fd;
	struct stat stat;
	struct vhdx_reader reader;
	int read_error;
};

int image_file_open_fd(const char *path);
enum exit_code image_file_open(struct image_file *file, const char *path);
int image_file_adopt(struct image_file *file, const char *path, int fd);
enum exit_code image_fail_kind(const char *path, const struct stat *status);
void image_file_close(struct image_file *file);
bool image_file_read(const struct image_file *file, u64 offset, void *buffer, u32 length);

#endif /* VHDX_IMAGE_FILE_H */
