/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image files through the core: opened, and read as a guest would.
 */
#ifndef VHDX_TEST_READFILE_H
#define VHDX_TEST_READFILE_H

#include "format/open.h"

struct image_file {
	int fd;
	struct vhdx_reader reader;
	struct vhdx_super super;
	struct vhdx_fault fault;
	u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];
};

/* False if there is no such file; then errno says why. Close it in any case but that. */
bool image_file_open(struct image_file *file, const char *path);
void image_file_close(struct image_file *file);

/* vhdx_open(), and what attach has to say about an image with parent */
enum vhdx_reason image_file_judge(struct image_file *file);

/* The BAT entry at @index, checked. */
enum vhdx_reason image_file_entry(struct image_file *file, u64 index, u64 *entry);

/* Bytes of the virtual disk, within one block. */
enum vhdx_reason image_file_read(struct image_file *file, u64 offset, void *buffer, u32 length);

#endif /* VHDX_TEST_READFILE_H */
