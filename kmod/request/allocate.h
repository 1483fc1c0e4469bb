/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The steps of a change to the BAT entry of a block; see write.c.
 */
#ifndef VHDX_REQUEST_ALLOCATE_H
#define VHDX_REQUEST_ALLOCATE_H

#include <linux/types.h>

struct vhdx_cmd;
struct vhdx_map;

void vhdx_allocate_fail(struct vhdx_cmd *cmd, int error);
bool vhdx_allocate_begin(struct vhdx_cmd *cmd);
bool vhdx_allocate_lock(struct vhdx_cmd *cmd);
bool vhdx_allocate_reserve(struct vhdx_cmd *cmd);
bool vhdx_allocate_place(struct vhdx_cmd *cmd);
bool vhdx_allocate_drop_former(struct vhdx_cmd *cmd, struct vhdx_map *map);
void vhdx_allocate_edit(struct vhdx_cmd *cmd, u64 entry);
void vhdx_allocate_change(struct vhdx_cmd *cmd, u64 entry);

#endif /* VHDX_REQUEST_ALLOCATE_H */
