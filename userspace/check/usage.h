/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses which MiB of a file: everything in it but its header section is whole MiB.
 */
#ifndef VHDX_CHECK_USAGE_H
#define VHDX_CHECK_USAGE_H

#include "format/region.h"

/* How far into a file is kept book: 32 MiB of bits for each kind, of what is used of them. */
#define USAGE_LIMIT (256 * VHDX_TIB)

enum usage_kind {
	USAGE_USED,		/* header section, log, region or block */
	USAGE_START,		/* a payload block starts here */
	USAGE_PAYLOAD,		/* belongs to a payload block */
	USAGE_ANCHOR,		/* former place of an unmapped block */
	USAGE_CONTESTED,	/* former place of more than one */
	USAGE_STRAY,		/* named by an entry that is not in use */
	USAGE_KINDS
};

/**
 * struct usage - bits for each MiB of a file
 * @units:	how many MiB
 * @end:	of the last payload block or sector bitmap, in bytes; behind the end of the file
 *		if the last block was cut short
 * @bits:	one array for each kind
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
