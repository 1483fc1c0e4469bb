/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Discards and zeroing.
 */
#ifndef VHDX_REQUEST_DISCARD_H
#define VHDX_REQUEST_DISCARD_H

struct vhdx_command;

void vhdx_trim_run(struct vhdx_command *command);

#endif /* VHDX_REQUEST_DISCARD_H */
