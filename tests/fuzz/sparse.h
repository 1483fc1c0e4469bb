/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A whole image, sparse, as the targets image and check take it. Input:
 *
 *	1 byte	bits 0 to 3: leave the checksum of header 1, 2, region table 1, 2 alone
 *	8 bytes	file size
 *	then pages: number of the page in the file (4 bytes), length (2 bytes, up to 4096),
 *	contents; what is not given is zero
 *
 * Checksums are put right, else the fuzzer would never get past the headers.
 */
#ifndef VHDX_FUZZ_SPARSE_H
#define VHDX_FUZZ_SPARSE_H

#include "harness.h"

#define SPARSE_MAX_PAGES 256
#define SPARSE_PATCHES 4

struct sparse_page {
	u32 number;
	u32 length;
	const u8 *bytes;
};

extern struct sparse_page sparse_pages[SPARSE_MAX_PAGES];
extern u32 sparse_page_count;
extern u64 sparse_file_size;

void sparse_take(struct input *input);

/* For a struct vhdx_reader */
int sparse_read(void *context, u64 offset, void *buffer, u32 length);

/* All that was given, in order: what comes later lies over what came before. */
void sparse_each(void (*visit)(void *context, u64 offset, const void *bytes, u32 length),
		 void *context);

#endif /* VHDX_FUZZ_SPARSE_H */
