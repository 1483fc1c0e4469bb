/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Sectors that say how they were written: where to, in which operation of which run.
 */
#ifndef VHDX_TESTS_STAMP_H
#define VHDX_TESTS_STAMP_H

#include "util.h"

/* The smallest unit that a power cut leaves whole, whatever the disk calls a sector. */
#define STAMP_SIZE 512U
#define STAMP_WORDS (STAMP_SIZE / sizeof(u64))

enum stamp_kind {
	STAMP_RIGHT,		/* of this run, for this sector */
	STAMP_ZEROS,
	STAMP_ELSEWHERE,	/* whole, but of another sector */
	STAMP_OTHER_RUN,	/* whole, of another seed */
	STAMP_FILLED,		/* one byte all over */
	STAMP_TORN,		/* begins like a stamp and is not whole */
	STAMP_NONE,
};

/**
 * struct stamp - what a sector says of itself
 * @seed:	which run
 * @sector:	where it was written to, in units of STAMP_SIZE
 * @generation:	by which operation, from 1
 */
struct stamp {
	u64 seed;
	u64 sector;
	u64 generation;
};

void stamp_make(u8 *to, const struct stamp *stamp);
void stamp_make_range(u8 *to, struct stamp stamp, u64 sectors);
enum stamp_kind stamp_read(const u8 *from, u64 seed, u64 sector, struct stamp *stamp);

#endif /* VHDX_TESTS_STAMP_H */
