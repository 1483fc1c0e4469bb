/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block device made of an image: /dev/vhdxN.
 */
#ifndef VHDX_DISK_H
#define VHDX_DISK_H

#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include "queue.h"

struct attribute_group;
struct file;
struct gendisk;
struct vhdx_fault;
struct vhdx_image_options;

/**
 * struct vhdx_disk - from attach to the last close after detach
 * @index:	N of /dev/vhdxN
 * @flags:	VHDX_ATTACH_* as asked for
 * @image:	what it shows; gone once detached; changes by vhdx_swap_snapshot()
 * @swap:	held for reading by who looks at @image from outside; for writing while it
 *		changes
 * @busy:	a snapshot is being made; under the registry's lock
 * @queues:	how requests get there
 * @gendisk:	what the rest of the kernel sees
 * @wwn:	NAA identifier; kept here because it may be asked for after the image is gone
 * @failure:	what could not be written, or NULL
 * @closing:	no new openers; under gendisk->open_mutex
 * @autoclear:	detach when the last opener goes; under gendisk->open_mutex
 * @last_close:	runs @on_last_close, which cannot run under open_mutex
 */
struct vhdx_disk {
	int index;
	u32 flags;
	struct vhdx_image *image;
	struct rw_semaphore swap;
	bool busy;
	struct vhdx_queues queues;
	struct gendisk *gendisk;
	u8 wwn[16];
	const char *failure;
	bool closing;
	bool autoclear;
	struct work_struct last_close;
};

struct vhdx_disk *vhdx_disk_create(struct file *const *files, unsigned int nr, u32 flags,
				   int index, work_func_t on_last_close,
				   struct vhdx_fault *fault);
int vhdx_disk_add(struct vhdx_disk *disk, const struct attribute_group **groups);
bool vhdx_disk_close(struct vhdx_disk *disk, bool force);
bool vhdx_disk_close_lazily(struct vhdx_disk *disk);
void vhdx_disk_closed(struct vhdx_disk *disk);
int vhdx_disk_remove(struct vhdx_disk *disk, bool force);
void vhdx_disk_discard(struct vhdx_disk *disk);

void vhdx_disk_image_options(struct vhdx_disk *disk, struct vhdx_image_options *options);

int vhdx_disk_init(void);
void vhdx_disk_exit(void);

#endif /* VHDX_DISK_H */
