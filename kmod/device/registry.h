/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The table of disks: their numbers; attach, detach, snapshot and status.
 */
#ifndef VHDX_DEVICE_REGISTRY_H
#define VHDX_DEVICE_REGISTRY_H

#include <linux/types.h>

struct file;
struct vhdx_disk;
struct vhdx_fault;
struct vhdx_ioc_status;

/**
 * struct vhdx_attached - identification of a disk that was just attached
 * @index:	N of /dev/vhdxN
 * @devt:	device number
 * @diskseq:	sequence number
 */
struct vhdx_attached {
	int index;
	dev_t devt;
	u64 diskseq;
};

int vhdx_registry_attach(struct file *const *files, unsigned int nr, u32 flags, int index,
			 struct vhdx_attached *attached, struct vhdx_fault *fault);
int vhdx_registry_detach(int index, u64 diskseq, u32 flags, struct vhdx_fault *fault);

int vhdx_registry_snapshot(int index, u64 diskseq, struct file *file, u64 *held_ns,
			   struct vhdx_fault *fault);

int vhdx_registry_status(int index, bool or_next, struct vhdx_ioc_status *status);
void vhdx_registry_visit(void (*visit)(struct vhdx_disk *disk, void *context), void *context);

void vhdx_registry_exit(void);

#endif /* VHDX_DEVICE_REGISTRY_H */
