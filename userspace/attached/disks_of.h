/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The disks that an argument stands for: a device, or an image.
 */
#ifndef VHDX_ATTACHED_DISKS_OF_H
#define VHDX_ATTACHED_DISKS_OF_H

#include "attached/disk.h"
#include "lib/message.h"

/**
 * struct disks_of - the disks of an argument
 * @showing:	the device itself; or disks that show the image, temporary ones included
 * @needing:	disks of which the image is a parent
 */
struct disks_of {
	struct disk_list showing;
	struct disk_list needing;
};

void disks_of_find(struct disks_of *disks, const char *argument, int control);
void disks_of_free(struct disks_of *disks);
enum exit_code disks_of_none(const char *argument);

#endif /* VHDX_ATTACHED_DISKS_OF_H */
