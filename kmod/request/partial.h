/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Partially present blocks: marking the sectors that a child has itself.
 */
#ifndef VHDX_REQUEST_PARTIAL_H
#define VHDX_REQUEST_PARTIAL_H

#include <linux/types.h>

struct vhdx_command;
struct vhdx_map;

bool vhdx_sectors_prepare(struct vhdx_command *command, const struct vhdx_map *map);
void vhdx_sectors_mark(struct vhdx_command *command, u64 first, u64 end);

#endif /* VHDX_REQUEST_PARTIAL_H */
