/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The use of each MiB of a file. All parts of a file but the header section are whole MiB.
 */
#ifndef VHDX_CHECK_USAGE_H
#define VHDX_CHECK_USAGE_H

#include "format/region.h"

/* Tracked part of a file: at most 32 MiB of bits for each kind */
#define USAGE_LIMIT (256 * VHDX_TIB)

enum usage_kind {
	USAGE_USED,		/* header section, log, region or block */
	USAGE_START,		/* a payload block starts here */
	USAGE_PAYLOAD,		/* belongs to a payload block */
	USAGE_ANCHOR,		/* former place of an unmapped block */
	USAGE_CONTESTED,	/* former place of more than one block */
	USAGE_STRAY,		/* an unused BAT entry refers to it */
	USAGE_KINDS
};

/**
 * struct usage - bits for each MiB of a file
 * @units:	number of MiB
 * @end:	end of the last payload block or sector bitmap, in bytes; beyond the end of the
 *		file if the last block is truncated
 * @bits:	one array of bits for each kind
 */
struct usage {
	u64 units;
	u64 end;
	u8 *bits[USAGE_KINDS];
};

void usage_init(struct usage *usage, u64 file_size);
void usage_free(struct usage *usage);
bool usage_any(const struct usage *usage, enum usage_kind kind, u64 offset, u64 length);
void usage_set(struct usage *usage, enum usage_kind kind, u64 offset, u64 length);
void usage_set_layout(struct usage *usage, const struct vhdx_layout *layout);

#endif /* VHDX_CHECK_USAGE_H */
