/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The users of a disk or of its partitions: mounts, swap, block devices built on it.
 */
#ifndef VHDX_ATTACHED_HOLDERS_H
#define VHDX_ATTACHED_HOLDERS_H

#include "attached/disk.h"

/**
 * struct holders - the users of a disk, as text
 * @uses:	list of the users; NULL: none is known
 * @commands:	commands that release the disk, in order, as one shell line; NULL: none
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
