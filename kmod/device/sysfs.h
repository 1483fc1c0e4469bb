/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
#ifndef VHDX_DEVICE_SYSFS_H
#define VHDX_DEVICE_SYSFS_H

struct attribute_group;

/* /sys/block/vhdxN/vhdx/, there from the first uevent on */
extern const struct attribute_group *vhdx_sysfs_groups[];

#endif /* VHDX_DEVICE_SYSFS_H */
