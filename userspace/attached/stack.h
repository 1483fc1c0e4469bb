/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file is on, device below device, as sysfs and the mount table show it.
 */
#ifndef VHDX_ATTACHED_STACK_H
#define VHDX_ATTACHED_STACK_H

#include "attached/disk.h"

char *stack_on_disk(const struct disk *disk, const char *path);

#endif /* VHDX_ATTACHED_STACK_H */
