/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Discards and write-zeroes.
 */
#ifndef VHDX_REQUEST_DISCARD_H
#define VHDX_REQUEST_DISCARD_H

struct vhdx_cmd;

void vhdx_discard_run(struct vhdx_cmd *cmd);

#endif /* VHDX_REQUEST_DISCARD_H */
