/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Image files through the core: opened, with the log replayed in memory if there is one to
 * replay, and read as a guest would, with all their parents.
 */
#ifndef VHDX_TEST_READFILE_H
#define VHDX_TEST_READFILE_H

#include "format/chain.h"
#include "format/open.h"
#include "format/overlay.h"

struct image_file {
	int fd;
	struct image_file *parent;	/* set before the file is judged; the caller closes it */
	struct vhdx_reader reader;	/* of the file as it is */
	struct vhdx_reader replayed;	/* of the file after replay */
	struct vhdx_overlay overlay;	/* with pages only if the log is dirty */
	struct vhdx_overlay_reader over;
	u64 page[VHDX_PAGE_SIZE / sizeof(u64)];
	u64 bits_at;			/* the page of a bitmap that was read last; 0: none */
	__le64 bits[VHDX_PAGE_SIZE / sizeof(u64)];
	struct vhdx_super super;
	struct vhdx_locator locator;	/* if it has a parent */
	struct vhdx_fault fault;
	u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];
};

/* False if there is no such file; then errno says why. Close it in any case but that. */
bool image_file_open(struct image_file *file, const char *path);
void image_file_close(struct image_file *file);

/* As an attach does it: headers, replay, tables, locator; then whether @parent is the one */
enum vhdx_reason image_file_judge(struct image_file *file);

/* A file and its parents, the child first. One more than a chain may have can be opened. */
struct image_chain {
	struct image_file *files[VHDX_CHAIN_MAX_FILES + 1];
	unsigned int count;
	struct vhdx_fault fault;
};

/* False if one of them is not there, see errno. Close it in any case but that. */
bool image_chain_open(struct image_chain *chain, const char *const *paths, unsigned int count);
void image_chain_close(struct image_chain *chain);

/* All files and their links; @fault is that of the file which is to blame. */
enum vhdx_reason image_chain_judge(struct image_chain *chain);

/* The BAT entry at @index, checked, also whether the log would change its block. */
enum vhdx_reason image_file_entry(struct image_file *file, u64 index, u64 *entry);

/* Bytes of the virtual disk, all of them inside it; the fault may be a parent's. */
enum vhdx_reason image_file_read(struct image_file *file, u64 offset, void *buffer, u32 length);

#endif /* VHDX_TEST_READFILE_H */
