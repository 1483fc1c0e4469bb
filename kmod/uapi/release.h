/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The release that module and tool belong to.
 */
#ifndef _UAPI_LINUX_VHDX_RELEASE_H
#define _UAPI_LINUX_VHDX_RELEASE_H

#define VHDX_RELEASE "0.1.0"

#endif
