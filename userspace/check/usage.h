/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses which MiB of a file: everything in it but its header section is whole MiB.
 */
#ifndef VHDX_CHECK_USAGE_H
#define VHDX_CHECK_USAGE_H

#include "format/region.h"

/* How far into a file is kept book: 32 MiB of bits for each kind, of what is used of them. */
#define CLAIMS_LIMIT (256 * VHDX_TIB)

enum claim {
	CLAIM_USED,		/* header section, log, region or block */
	CLAIM_START,		/* a payload block starts here */
	CLAIM_PAYLOAD,		/* belongs to a payload block */
	CLAIM_ANCHOR,		/* former place of an unmapped block */
	CLAIM_CONTESTED,	/* former place of more than one */
	CLAIM_STRAY,		/* named by an entry that is not in use */
	CLAIM_KINDS
};

/**
 * struct claims - bits for each MiB of a file
 * @units:	how many MiB
 * @end:	of the last payload block or sector bitmap, in bytes; behind the end of the file
 *		if the last block was cut short
 * @bits:	one array for each kind
 */
struct claims {
	u64 units;
	u64 end;
	u8 *bits[CLAIM_KINDS];
};

void claims_init(struct claims *claims, u64 file_size);
void claims_free(struct claims *claims);
bool claims_any(const struct claims *claims, enum claim kind, u64 offset, u64 length);
void claims_set(struct claims *claims, enum claim kind, u64 offset, u64 length);
void claims_set_layout(struct claims *claims, const struct vhdx_layout *layout);

#endif /* VHDX_CHECK_USAGE_H */
