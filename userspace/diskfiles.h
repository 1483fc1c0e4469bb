/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that an attached disk is made of, by the names sysfs has for them.
 */
#ifndef VHDXCTL_DISKFILES_H
#define VHDXCTL_DISKFILES_H

#include <stdbool.h>

struct disk;

bool disk_is_temporary(const struct disk *disk);
char *disk_image(const struct disk *disk);
char **disk_parents(const struct disk *disk);

#endif /* VHDXCTL_DISKFILES_H */
