/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Writes and flushes.
 */
#ifndef VHDX_REQUEST_WRITE_H
#define VHDX_REQUEST_WRITE_H

struct vhdx_cmd;

void vhdx_write_run(struct vhdx_cmd *cmd);
void vhdx_write_flush(struct vhdx_cmd *cmd);

#endif /* VHDX_REQUEST_WRITE_H */
