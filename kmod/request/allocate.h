/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps that every change of a block's BAT entry takes; see write.c.
 */
#ifndef VHDX_REQUEST_ALLOCATE_H
#define VHDX_REQUEST_ALLOCATE_H

#include <linux/types.h>

struct vhdx_command;
struct vhdx_map;

void vhdx_step_fail(struct vhdx_command *command, int error);
bool vhdx_step_ready(struct vhdx_command *command);
bool vhdx_step_claim(struct vhdx_command *command);
bool vhdx_step_reserve(struct vhdx_command *command);
bool vhdx_step_take(struct vhdx_command *command);
bool vhdx_step_drop_former(struct vhdx_command *command, struct vhdx_map *map);
void vhdx_step_edit(struct vhdx_command *command, u64 entry);
void vhdx_step_change(struct vhdx_command *command, u64 entry);

#endif /* VHDX_REQUEST_ALLOCATE_H */
