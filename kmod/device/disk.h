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
struct dentry;
struct file;
struct gendisk;
struct vhdx_image_options;

/**
 * struct vhdx_disk - from attach to the last close after detach
 * @refs:	of the registry's table, of jobs, of processes that wait, of the gendisk
 * @life:	what may be done with it
 * @make:	the job that makes it
 * @remove:	the job that removes it
 * @mark:	the job that tells the block layer that it is dead
 * @plugged:	@mark may be started; under @life's lock
 * @marked:	it was, or the same was done without it; likewise
 * @marking:	and is not over; likewise
 * @held:	requests are not dispatched; likewise
 * @held_since:	when that began, in ns
 * @held_ns:	how long requests were not dispatched during a snapshot; likewise
 * @index:	N of /dev/vhdxN
 * @flags:	VHDX_ATTACH_* as asked for
 * @files:	the image and its parents, until they are opened
 * @nr_files:	how many
 * @made:	0, or why it could not be made; valid when no longer COMING
 * @removed:	0, or what was lost; valid when GONE
 * @fault:	the reason for @made
 * @image:	what it shows; NULL once removed; changes by vhdx_snapshot_disk()
 * @image_lock:	held for reading by what looks at @image from outside, as sysfs does; for
 *		writing while that changes, which takes no I/O
 * @writable:	the image was, when it was attached
 * @noted:	what is shown of it; under @life's lock
 * @devt:	device number; valid when no longer COMING
 * @queues:	how requests get there
 * @gendisk:	what the rest of the kernel sees
 * @wwn:	NAA identifier; kept here because it may be asked for after the image is gone
 * @failure:	what could not be written, or NULL
 * @debugfs:	its directory there; see debugfs.c
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
	bool writable;
	struct vhdx_ioc_status noted;
	dev_t devt;
	struct vhdx_queues queues;
	struct gendisk *gendisk;
	u8 wwn[16];
	const char *failure;
	struct dentry *debugfs;
};

struct vhdx_disk *vhdx_disk_alloc(struct file *const *files, unsigned int nr, u32 flags,
				  void (*end)(struct vhdx_life *life));
void vhdx_disk_get(struct vhdx_disk *disk);
void vhdx_disk_put(struct vhdx_disk *disk);

int vhdx_disk_make(struct vhdx_disk *disk, const struct attribute_group **groups);
void vhdx_disk_kill(struct vhdx_disk *disk);
int vhdx_disk_remove(struct vhdx_disk *disk);

void vhdx_disk_stop(struct vhdx_disk *disk);
void vhdx_disk_hold(struct vhdx_disk *disk);
void vhdx_disk_let_go(struct vhdx_disk *disk);

u64 vhdx_disk_seq(struct vhdx_disk *disk);
void vhdx_disk_note(struct vhdx_disk *disk);
void vhdx_disk_status(struct vhdx_disk *disk, struct vhdx_ioc_status *status);
void vhdx_disk_image_options(struct vhdx_disk *disk, struct vhdx_image_options *options);

#endif /* VHDX_DEVICE_DISK_H */
