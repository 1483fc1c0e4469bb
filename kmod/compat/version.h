/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Which kernel this is. The headers of this folder have every difference between kernels 6.1 and
 * 7.3 that the module meets, with the newest meaning under names of our own: stable kernels
 * backport names of newer ones, so defining those under a version check would break. No other
 * folder compares kernel versions.
 */
#ifndef VHDX_COMPAT_VERSION_H
#define VHDX_COMPAT_VERSION_H

#include <linux/version.h>

#define VHDX_KERNEL(a, b, c) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, c))

#endif /* VHDX_COMPAT_VERSION_H */
