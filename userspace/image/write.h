/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Writing to a file: complete, or an error message.
 */
#ifndef VHDX_IMAGE_WRITE_H
#define VHDX_IMAGE_WRITE_H

#include <stdint.h>
#include <stddef.h>

#include "lib/message.h"

struct progress;

/**
 * struct write_file - a file that is open for writing
 * @path:	for messages; owned
 * @fd:		file descriptor; -1: not open
 */
struct write_file {
	char *path;
	int fd;
};

void write_file_name(struct write_file *file, const char *path);
int write_file_close(struct write_file *file);
enum exit_code write_at(const struct write_file *file, uint64_t offset, const void *data,
			size_t length);
enum exit_code write_zeros(const struct write_file *file, uint64_t offset, uint64_t length,
			   struct progress *progress);
enum exit_code write_allocate(const struct write_file *file, uint64_t offset, uint64_t length,
			      struct progress *progress);
enum exit_code write_set_size(const struct write_file *file, uint64_t size);
enum exit_code write_sync(const struct write_file *file);

#endif /* VHDX_IMAGE_WRITE_H */
