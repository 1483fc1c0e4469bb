/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes and flushes.
 */
#ifndef VHDX_REQUEST_WRITE_H
#define VHDX_REQUEST_WRITE_H

struct vhdx_command;

void vhdx_write_run(struct vhdx_command *command);
void vhdx_flush_run(struct vhdx_command *command);

#endif /* VHDX_REQUEST_WRITE_H */
