/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a disk or one of its partitions: mounts, swap, disks built on it.
 */
#ifndef VHDX_ATTACHED_HOLDERS_H
#define VHDX_ATTACHED_HOLDERS_H

#include "attached/disk.h"

/**
 * struct holders - who uses a disk, for people
 * @uses:	a list; NULL if nothing is known
 * @commands:	what lets go, in that order, as a line for a shell; NULL as well then
 */
struct holders {
	char *uses;
	char *commands;
};

void holders_mounts(const struct disk *disk, void (*each)(void *context, const char *where),
		    void *context);
void holders_find(struct holders *holders, const struct disk *disk);
void holders_free(struct holders *holders);

#endif /* VHDX_ATTACHED_HOLDERS_H */
