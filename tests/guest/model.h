/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What a disk must show: a sparse raw file, or a list of extents and their packed data as
 * the image builder writes them for disks that are too large for a file.
 */
#ifndef VHDX_TESTS_MODEL_H
#define VHDX_TESTS_MODEL_H

#include "util.h"

struct extent {
	u64 start;
	u64 end;
	u64 position;		/* of its data in the model's file */
};

struct model {
	int fd;
	u64 size;
	struct extent *extents;	/* sorted, disjoint; zeros between them */
	size_t nr_extents;
};

/* Nothing differs. */
#define MODEL_SAME UINT64_MAX

void model_open(struct model *model, const char *name);
u64 model_compare(const struct model *model, u64 offset, const u8 *got, size_t length,
		  u8 *scratch);

#endif /* VHDX_TESTS_MODEL_H */
