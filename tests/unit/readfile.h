/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image files through the core: opened, with the log replayed in memory if there is one to
 * replay, and read as a guest would.
 */
#ifndef VHDX_TEST_READFILE_H
#define VHDX_TEST_READFILE_H

#include "format/open.h"
#include "format/overlay.h"

struct image_file {
	int fd;
	struct vhdx_reader reader;	/* of the file as it is */
	struct vhdx_reader replayed;	/* of the file after replay */
	struct vhdx_overlay overlay;	/* with pages only if the log is dirty */
	struct vhdx_overlay_reader over;
	u64 page[VHDX_PAGE_SIZE / sizeof(u64)];
	struct vhdx_super super;
	struct vhdx_fault fault;
	u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];
};

/* False if there is no such file; then errno says why. Close it in any case but that. */
bool image_file_open(struct image_file *file, const char *path);
void image_file_close(struct image_file *file);

/* As an attach does it: headers, replay, tables; and what it has to say about a parent */
enum vhdx_reason image_file_judge(struct image_file *file);

/* The BAT entry at @index, checked, also whether the log would change its block. */
enum vhdx_reason image_file_entry(struct image_file *file, u64 index, u64 *entry);

/* Bytes of the virtual disk, within one block. */
enum vhdx_reason image_file_read(struct image_file *file, u64 offset, void *buffer, u32 length);

#endif /* VHDX_TEST_READFILE_H */
