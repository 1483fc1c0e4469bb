/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Statistics for developers, in debugfs.
 */
#ifndef VHDX_DEVICE_DEBUGFS_H
#define VHDX_DEVICE_DEBUGFS_H

struct dentry;
struct vhdx_disk;

struct dentry *vhdx_debugfs_init(void);
void vhdx_debugfs_exit(void);

void vhdx_debugfs_add(struct vhdx_disk *disk);
void vhdx_debugfs_remove(struct vhdx_disk *disk);

#endif /* VHDX_DEVICE_DEBUGFS_H */
