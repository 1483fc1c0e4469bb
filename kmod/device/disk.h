/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A block device made of an image: /dev/vhdxN.
 */
#ifndef VHDX_DEVICE_DISK_H
#define VHDX_DEVICE_DISK_H

#include <linux/refcount.h>
#include <linux/rwsem.h>

#include "device/job.h"
#include "device/life.h"
#include "request/queue.h"
#include "format/reason.h"
#include "uapi/vhdx.h"

struct attribute_group;
struct file;
struct gendisk;
struct vhdx_image_options;

/**
 * struct vhdx_disk - from attach to the last close after detach
 * @refs:	of the registry's table, of jobs, of waiting processes, of the gendisk
 * @life:	its state, and what ends it
 * @make:	the job that makes it
 * @remove:	the job that removes it
 * @mark:	the job that marks the gendisk dead (K3)
 * @plugged:	a kill may start @mark; under @life's lock
 * @marked:	K3 has begun, in @mark or in @remove; likewise
 * @marking:	K3 is under way; likewise
 * @held:	requests are not dispatched; likewise
 * @held_since:	when that began, in ns
 * @held_ns:	for how long requests were not dispatched during a snapshot; likewise
 * @index:	N of /dev/vhdxN
 * @flags:	VHDX_ATTACH_* of its attach
 * @files:	the image and its parents, until they are opened
 * @nr_files:	number of @files
 * @made:	0, or why it could not be made; valid when no longer COMING
 * @removed:	0, or an error of vhdx_image_close(); valid when GONE
 * @fault:	the reason for @made
 * @image:	from vhdx_disk_make() to vhdx_disk_remove(), then NULL; a snapshot replaces it
 * @image_lock:	held for reading by code outside the request path that uses @image, such as sysfs
 *		and debugfs; held for writing while @image changes, which does no I/O
 * @noted:	status as of the last vhdx_disk_note(); under @life's lock
 * @devt:	device number; valid when no longer COMING
 * @queues:	hardware queues and their threads
 * @gendisk:	NULL until the image is open
 * @wwn:	NAA identifier; a copy, because it is used after the image is closed, too
 * @failure:	which write failed and made the disk read-only, or NULL
 */
struct vhdx_disk {
	refcount_t refs;
	struct vhdx_life life;
	struct vhdx_job make;
	struct vhdx_job remove;
	struct vhdx_job mark;
	bool plugged;
	bool marked;
	bool marking;
	bool held;
	u64 held_since;
	u64 held_ns;
	int index;
	u32 flags;
	struct file **files;
	unsigned int nr_files;
	int made;
	int removed;
	struct vhdx_fault fault;
	struct vhdx_image *image;
	struct rw_semaphore image_lock;
	struct vhdx_ioc_status noted;
	dev_t devt;
	struct vhdx_queues queues;
	struct gendisk *gendisk;
	u8 wwn[16];
	const char *failure;
};

struct vhdx_disk *vhdx_disk_alloc(struct file *const *files, unsigned int nr, u32 flags,
				  void (*end)(struct vhdx_life *life));
void vhdx_disk_get(struct vhdx_disk *disk);
void vhdx_disk_put(struct vhdx_disk *disk);

/* disk_status.c */
u64 vhdx_disk_seq(struct vhdx_disk *disk);
void vhdx_disk_note(struct vhdx_disk *disk);
void vhdx_disk_status(struct vhdx_disk *disk, struct vhdx_ioc_status *status);

/* disk_kill.c */
void vhdx_disk_unplug(struct vhdx_disk *disk);
void vhdx_disk_stop(struct vhdx_disk *disk);
void vhdx_disk_hold(struct vhdx_disk *disk);
void vhdx_disk_resume(struct vhdx_disk *disk);
void vhdx_disk_mark_dead(struct vhdx_disk *disk);
void vhdx_disk_kill(struct vhdx_disk *disk);

/* disk_block.c */
void vhdx_disk_plug(struct vhdx_disk *disk);
int vhdx_disk_alloc_gendisk(struct vhdx_disk *disk);

/* disk_make.c */
void vhdx_disk_image_options(struct vhdx_disk *disk, struct vhdx_image_options *options);
int vhdx_disk_make(struct vhdx_disk *disk, const struct attribute_group **groups);
int vhdx_disk_remove(struct vhdx_disk *disk);

/*
 * May the disk be made writable? An attach that is not read-only opens the image for writing or
 * fails, so the flag is as good as the image, and is still there when the image is closed.
 */
static inline bool vhdx_disk_may_write(const struct vhdx_disk *disk)
{
	return !(disk->flags & VHDX_ATTACH_READ_ONLY) && !READ_ONCE(disk->failure);
}

#endif /* VHDX_DEVICE_DISK_H */
