/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a disk or one of its partitions: mounts, swap, disks built on it.
 */
#ifndef VHDXCTL_HOLDERS_H
#define VHDXCTL_HOLDERS_H

#include "disk.h"

void holders_mounts(const struct disk *disk, void (*each)(void *context, const char *where),
		    void *context);
char *holders_text(const struct disk *disk);

#endif /* VHDXCTL_HOLDERS_H */
