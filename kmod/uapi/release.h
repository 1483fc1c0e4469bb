/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The release that module and tool belong to.
 */
#ifndef _UAPI_LINUX_VHDX_RELEASE_H
#define _UAPI_LINUX_VHDX_RELEASE_H

#define VHDX_RELEASE "0.1.0"

#endif
