/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * /dev/vhdx-control: attach VHDX images as block devices.
 *
 * Each structure begins with its own size, as the caller's header has it. Structures grow at
 * their end only. A structure that is larger than the module's is accepted if the end that the
 * module does not know is zero (else E2BIG). The missing end of a smaller one counts as zero; its
 * size must be VHDX_*_MIN_SIZE at least (else EINVAL), which never changes. No more than the
 * caller's size is written back. The smallest size leaves out @message, where there is one.
 *
 * When an ioctl fails and the reason has a number, @reason is that number and @message the reason
 * in words: a NUL-terminated sentence without a full stop.
 *
 * Documentation/ioctl.rst has all errors and an example.
 */
#ifndef _UAPI_LINUX_VHDX_H
#define _UAPI_LINUX_VHDX_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VHDX_CONTROL_NODE	"/dev/vhdx-control"

/* Changes only if existing programs can no longer work. */
#define VHDX_ABI_VERSION	1

#define VHDX_MESSAGE_SIZE	256
#define VHDX_RELEASE_SIZE	32

/* Limit of the files of a disk: the image and its parents */
#define VHDX_MAX_FILES		256

/*
 * Documentation/userspace-api/ioctl/ioctl-number.rst has nothing from 0xD0 to 0xDA, and no header
 * of Linux 6.12 uses 0xD6 without being listed there, as F2FS does with 0xF5 and pidfd with 0xFF.
 * This module has 00-1F.
 */
#define VHDX_IOC_TYPE		0xD6

#define VHDX_VERSION_MIN_SIZE	40
#define VHDX_ATTACH_MIN_SIZE	48	/* without the message */
#define VHDX_DETACH_MIN_SIZE	24	/* without the message */
#define VHDX_STATUS_MIN_SIZE	104
#define VHDX_SNAPSHOT_MIN_SIZE	32	/* without the message */

/**
 * struct vhdx_ioc_version - version of the interface
 * @size:	in: sizeof(struct vhdx_ioc_version)
 * @abi:	out: VHDX_ABI_VERSION of the module
 * @release:	out: MODULE_VERSION, NUL-terminated
 */
struct vhdx_ioc_version {
	__u32 size;
	__u32 abi;
	char release[VHDX_RELEASE_SIZE];
};

/* struct vhdx_ioc_attach.flags */
#define VHDX_ATTACH_READ_ONLY	(1U << 0)
#define VHDX_ATTACH_NO_PARTSCAN	(1U << 1)	/* no scan for partitions */
#define VHDX_ATTACH_AUTOCLEAR	(1U << 2)	/* last close after an exclusive open detaches */
#define VHDX_ATTACH_BUFFERED	(1U << 3)	/* buffered I/O */
#define VHDX_ATTACH_NO_REPLAY	(1U << 4)	/* refuse a log that must be replayed */
#define VHDX_ATTACH_NO_HOLES	(1U << 5)	/* make no holes in the image */

/**
 * struct vhdx_ioc_attach - make a disk of an image
 * @size:	in: sizeof(struct vhdx_ioc_attach)
 * @flags:	in: VHDX_ATTACH_*
 * @files:	in: address of an array of @nr_files file descriptors (__s32), the image
 *		itself first, then its parent, the parent's parent and so on
 * @nr_files:	in: how many; 1 for an image without a parent
 * @index:	in: N of /dev/vhdxN, or negative for the first that is free; out: N
 * @major:	out: device number of the disk
 * @minor:	out: device number of the disk
 * @diskseq:	out: sequence number that no other disk has had since boot
 * @reason:	out: on failure, a stable number for the cause, or 0
 * @reserved:	in: zero
 * @message:	out: on failure, the cause in words, or empty
 *
 * Errors: EPERM without CAP_SYS_ADMIN; EINVAL, E2BIG, EFAULT for the structure; EBADF for
 * a descriptor; EBUSY, ETXTBSY if a file or the index is in use; ENODEV if the disk was
 * detached by force while it was attached; EINTR; EINVAL if a file is no VHDX; EUCLEAN if
 * it is damaged; EOPNOTSUPP if it needs something that this module does not have; EROFS if
 * a log must be replayed and VHDX_ATTACH_NO_REPLAY is set; EIO; ENOMEM.
 */
struct vhdx_ioc_attach {
	__u32 size;
	__u32 flags;
	__aligned_u64 files;
	__u32 nr_files;
	__s32 index;
	__u32 major;
	__u32 minor;
	__aligned_u64 diskseq;
	__u32 reason;
	__u32 reserved;			/* zero */
	char message[VHDX_MESSAGE_SIZE];
};

/* struct vhdx_ioc_detach.flags; without a flag, a disk that is open is left alone: EBUSY */
#define VHDX_DETACH_LAZY	(1U << 0)	/* detach on the last close */
#define VHDX_DETACH_FORCE	(1U << 1)	/* fail I/O from now on, and detach */

/**
 * struct vhdx_ioc_detach - remove a disk
 * @size:	in: sizeof(struct vhdx_ioc_detach)
 * @flags:	in: at most one of VHDX_DETACH_*
 * @index:	in: N of /dev/vhdxN
 * @reason:	out: on failure, a stable number for the cause, or 0
 * @diskseq:	in: if not 0, only if the disk still has this sequence number
 * @message:	out: on failure, the cause in words, or empty
 *
 * After 0 without VHDX_DETACH_LAZY, the disk is gone and its files are closed.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT as for attach; ENODEV if there is no such disk;
 * EBUSY if it is open or being attached, or if a snapshot of it is being made; EIO if it is
 * gone, but not all data that was written after its last flush could be made durable in its
 * place; EINPROGRESS if it was detached by force and is dead, but its backing file does not
 * respond: the files are closed and the number is free when it does; EINTR if a signal ended
 * the wait, but not the detach.
 *
 * VHDX_DETACH_FORCE also ends a disk that is being attached or detached, and all waits for it.
 */
struct vhdx_ioc_detach {
	__u32 size;
	__u32 flags;
	__s32 index;
	__u32 reason;
	__aligned_u64 diskseq;
	char message[VHDX_MESSAGE_SIZE];
};

/* struct vhdx_ioc_status.type */
#define VHDX_TYPE_DYNAMIC	1
#define VHDX_TYPE_FIXED		2
#define VHDX_TYPE_DIFFERENCING	3

/* struct vhdx_ioc_status.flags besides VHDX_ATTACH_* */
#define VHDX_STATUS_DIRECT_IO	(1U << 16)

/**
 * struct vhdx_ioc_status - describe a disk
 * @size:	in: sizeof(struct vhdx_ioc_status)
 * @index:	in: N of /dev/vhdxN; out: N
 * @next:	in: 0, or 1 to find the first disk with a number of at least @index
 * @flags:	out: VHDX_ATTACH_* as given at attach, and VHDX_STATUS_*
 * @type:	out: VHDX_TYPE_*
 * @nr_files:	out: files of the chain
 * @openers:	out: how often the disk and its partitions are open
 * @block_size:	out: bytes of a payload block
 * @disk_size:	out: bytes
 * @logical_sector_size: out: bytes
 * @physical_sector_size: out: bytes
 * @major:	out: device number of the disk
 * @minor:	out: device number of the disk
 * @file_major:	out: device of the file system that holds the image
 * @file_minor:	out: device of the file system that holds the image
 * @file_inode:	out: inode number of the image
 * @diskseq:	out: sequence number of the disk
 * @disk_id:	out: Virtual Disk ID as stored, mixed-endian
 * @replayed:	out: log entries replayed, in memory or into the file
 * @reserved:	zero
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT as for attach; ENODEV if there is no such disk.
 */
struct vhdx_ioc_status {
	__u32 size;
	__s32 index;
	__u32 next;
	__u32 flags;
	__u32 type;
	__u32 nr_files;
	__u32 openers;
	__u32 block_size;
	__aligned_u64 disk_size;
	__u32 logical_sector_size;
	__u32 physical_sector_size;
	__u32 major;
	__u32 minor;
	__u32 file_major;
	__u32 file_minor;
	__aligned_u64 file_inode;
	__aligned_u64 diskseq;
	__u8 disk_id[16];
	__u32 replayed;
	__u32 reserved;
};

/**
 * struct vhdx_ioc_snapshot - make a disk go on in a new child of its image
 * @size:	in: sizeof(struct vhdx_ioc_snapshot)
 * @index:	in: N of /dev/vhdxN
 * @diskseq:	in: if not 0, only if the disk still has this sequence number
 * @fd:		in: the child, empty, open for reading and writing; its parent locator names
 *		the DataWriteGuid that the disk has now
 * @reason:	out: on failure, a stable number for the cause, or 0
 * @held_ns:	out: for how long I/O was held, in nanoseconds
 * @message:	out: on failure, the cause in words, or empty
 *
 * The former image has the data of all completed requests. It is closed as by a detach, and is the
 * parent of the child from then on. Later writes go to the child.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF as for attach; ENODEV if there is no such disk;
 * EBUSY if a snapshot is being made; EOPNOTSUPP if the disk has VHDX_MAX_FILES already; EINTR if
 * a signal ended the wait, but not the snapshot; EAGAIN if the disk was written to for the first
 * time meanwhile: the child must be created again; others as for attach, about the child.
 * After any of them but EIO the disk goes on as before. After EINTR, and after ENODEV for a disk
 * that was detached by force meanwhile, the snapshot may have been made: the child may have the
 * data that was written last.
 */
struct vhdx_ioc_snapshot {
	__u32 size;
	__s32 index;
	__aligned_u64 diskseq;
	__s32 fd;
	__u32 reason;
	__aligned_u64 held_ns;
	char message[VHDX_MESSAGE_SIZE];
};

/*
 * The number encodes the size that the structure has in the program's own header, for programs
 * that decode ioctls. The module ignores it and goes by the structure's @size.
 */
#define VHDX_IOC_VERSION	_IOWR(VHDX_IOC_TYPE, 0x00, struct vhdx_ioc_version)
#define VHDX_IOC_ATTACH		_IOWR(VHDX_IOC_TYPE, 0x01, struct vhdx_ioc_attach)
#define VHDX_IOC_DETACH		_IOWR(VHDX_IOC_TYPE, 0x02, struct vhdx_ioc_detach)
#define VHDX_IOC_STATUS		_IOWR(VHDX_IOC_TYPE, 0x03, struct vhdx_ioc_status)
#define VHDX_IOC_SNAPSHOT	_IOWR(VHDX_IOC_TYPE, 0x04, struct vhdx_ioc_snapshot)

#endif /* _UAPI_LINUX_VHDX_H */
