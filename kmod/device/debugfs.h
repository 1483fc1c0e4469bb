/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Statistics for developers, in debugfs.
 */
#ifndef VHDX_DEVICE_DEBUGFS_H
#define VHDX_DEVICE_DEBUGFS_H

struct dentry;

struct dentry *vhdx_debugfs_init(void);
void vhdx_debugfs_exit(void);

#endif /* VHDX_DEVICE_DEBUGFS_H */
