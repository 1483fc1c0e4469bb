/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Live snapshots: replacing the image of a disk in use.
 */
#ifndef VHDX_DEVICE_SNAPSHOT_H
#define VHDX_DEVICE_SNAPSHOT_H

#include <linux/types.h>

struct file;
struct vhdx_disk;
struct vhdx_fault;

int vhdx_snapshot_disk(struct vhdx_disk *disk, struct file *file, u64 *held_ns,
		       struct vhdx_fault *fault);

#endif /* VHDX_DEVICE_SNAPSHOT_H */
