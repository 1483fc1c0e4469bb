/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The devices below a file: see stack.c.
 */
#ifndef VHDX_DEVICE_STACK_H
#define VHDX_DEVICE_STACK_H

struct file;
struct vhdx_disk;
struct vhdx_fault;

int vhdx_stack_check(struct vhdx_disk *disk, struct file *file, struct vhdx_fault *fault);

#endif /* VHDX_DEVICE_STACK_H */
