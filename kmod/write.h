/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes and flushes.
 */
#ifndef VHDX_WRITE_H
#define VHDX_WRITE_H

#include <linux/types.h>

struct vhdx_command;

bool vhdx_write_ready(struct vhdx_command *command);
bool vhdx_write_claim(struct vhdx_command *command);
bool vhdx_write_reserve(struct vhdx_command *command);
bool vhdx_write_take(struct vhdx_command *command);
void vhdx_write_change(struct vhdx_command *command, u64 entry);

void vhdx_write_run(struct vhdx_command *command);
void vhdx_flush_run(struct vhdx_command *command);

#endif /* VHDX_WRITE_H */
