/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The devices below a file, from sysfs and the mount table.
 */
#ifndef VHDX_ATTACHED_STACK_H
#define VHDX_ATTACHED_STACK_H

#include "attached/disk.h"

char *stack_on_disk(const struct disk *disk, const char *path);

#endif /* VHDX_ATTACHED_STACK_H */
