/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Reads.
 */
#ifndef VHDX_REQUEST_READ_H
#define VHDX_REQUEST_READ_H

#include <linux/types.h>

struct vhdx_cmd;

void vhdx_read_run(struct vhdx_cmd *cmd);
bool vhdx_read_try(struct vhdx_cmd *cmd);

#endif /* VHDX_REQUEST_READ_H */
