/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Partially present blocks: the sector bitmap of a child.
 */
#ifndef VHDX_REQUEST_PARTIAL_H
#define VHDX_REQUEST_PARTIAL_H

#include <linux/types.h>

struct vhdx_cmd;
struct vhdx_map;

bool vhdx_partial_prepare(struct vhdx_cmd *cmd, const struct vhdx_map *map);
void vhdx_partial_mark(struct vhdx_cmd *cmd, u64 first, u64 end);

#endif /* VHDX_REQUEST_PARTIAL_H */
