/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/vhdx-control: attach VHDX images as block devices.
 *
 * Every structure begins with its own size, as the caller knows it. A larger structure
 * than the kernel knows is accepted if what the kernel does not know is zero (else
 * E2BIG); a smaller one is taken as if its missing end were zero, down to its
 * VHDX_*_MIN_SIZE (else EINVAL), and no more than the caller's size is written back.
 * Structures only ever grow at the end; the smallest sizes never change. A caller that has
 * no use for @message may leave it out, which is what the smallest size is where there is
 * one.
 *
 * When an ioctl fails for a reason that has a name, @reason and @message say it in
 * addition to errno. @message is a NUL-terminated sentence without a full stop.
 */
#ifndef _UAPI_LINUX_VHDX_H
#define _UAPI_LINUX_VHDX_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VHDX_CONTROL_NODE	"/dev/vhdx-control"

/* Changes only if a program written for the old one could no longer work. */
#define VHDX_ABI_VERSION	1

#define VHDX_MESSAGE_SIZE	256
#define VHDX_RELEASE_SIZE	32

/* Most files of a disk, itself and its parents; also after VHDX_IOC_SNAPSHOT. */
#define VHDX_MAX_FILES		256

/*
 * 0xD6 is free: Documentation/userspace-api/ioctl/ioctl-number.rst has nothing from 0xD0 to
 * 0xDA, nor does any header of Linux 6.12 use it without being listed there, as some do with
 * others (F2FS with 0xF5, pidfd with 0xFF). 00-1F of it are ours.
 */
#define VHDX_IOC_TYPE		0xD6

#define VHDX_VERSION_MIN_SIZE	40
#define VHDX_ATTACH_MIN_SIZE	48	/* without the message */
#define VHDX_DETACH_MIN_SIZE	24	/* without the message */
#define VHDX_STATUS_MIN_SIZE	104
#define VHDX_SNAPSHOT_MIN_SIZE	32	/* without the message */

/**
 * struct vhdx_ioc_version - which module is this?
 * @size:	in: sizeof(struct vhdx_ioc_version)
 * @abi:	out: VHDX_ABI_VERSION of the module
 * @release:	out: its MODULE_VERSION, NUL-terminated
 */
struct vhdx_ioc_version {
	__u32 size;
	__u32 abi;
	char release[VHDX_RELEASE_SIZE];
};

/* struct vhdx_ioc_attach.flags */
#define VHDX_ATTACH_READ_ONLY	(1U << 0)
#define VHDX_ATTACH_NO_PARTSCAN	(1U << 1)	/* do not look for partitions */
#define VHDX_ATTACH_AUTOCLEAR	(1U << 2)	/* detach on last close after a mount */
#define VHDX_ATTACH_BUFFERED	(1U << 3)	/* do not use direct I/O on the files */
#define VHDX_ATTACH_NO_REPLAY	(1U << 4)	/* refuse an image with a log to replay */
#define VHDX_ATTACH_NO_HOLES	(1U << 5)	/* make no holes in the file */

/**
 * struct vhdx_ioc_attach - make a disk of an image
 * @size:	in: sizeof(struct vhdx_ioc_attach)
 * @flags:	in: VHDX_ATTACH_*
 * @files:	in: address of an array of @nr_files file descriptors (__s32), the image
 *		itself first, then its parent, the parent's parent and so on
 * @nr_files:	in: how many; 1 for an image without a parent
 * @index:	in: which /dev/vhdxN to make, or -1 for the first that is free; out: N
 * @major:	out: device number of the disk
 * @minor:	out: device number of the disk
 * @diskseq:	out: sequence number that no other disk has had since boot
 * @reason:	out: on failure, a stable number for the cause, or 0
 * @reserved:	in: zero
 * @message:	out: on failure, the cause in words, or empty
 *
 * Errors: EPERM without CAP_SYS_ADMIN; EINVAL, E2BIG, EFAULT for the structure; EBADF for
 * a descriptor; EBUSY, ETXTBSY if the file or the index is in use; ENODEV if the disk was
 * detached by force while it was being attached; EINTR; EINVAL if it is no
 * VHDX; EUCLEAN if it is damaged; EOPNOTSUPP if it needs what this module has not;
 * EROFS if its log must be replayed and that was not wanted; EIO; ENOMEM.
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

/* struct vhdx_ioc_detach.flags; without any, a disk that is open is left alone: EBUSY */
#define VHDX_DETACH_LAZY	(1U << 0)	/* detach when the last opener closes it */
#define VHDX_DETACH_FORCE	(1U << 1)	/* fail its I/O from now on and detach */

/**
 * struct vhdx_ioc_detach - remove a disk
 * @size:	in: sizeof(struct vhdx_ioc_detach)
 * @flags:	in: at most one of VHDX_DETACH_*
 * @index:	in: N of /dev/vhdxN
 * @reason:	out: on failure, a stable number for the cause, or 0
 * @diskseq:	in: if not 0, only if the disk still has this sequence number
 * @message:	out: on failure, the cause in words, or empty
 *
 * When it returns 0 without VHDX_DETACH_LAZY, the disk is gone and its files are closed.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT as for attach; ENODEV if there is no such disk;
 * EBUSY if it is open, or just being attached; EIO if it is gone, but not all that was
 * written after its last flush could be made durable; EINPROGRESS if it was to be detached
 * by force, and is dead, but its backing file does not answer: its files will be closed, and
 * its number be free, when that does; EINTR if a signal ended the wait, but not the detach.
 *
 * By force, it also ends a disk that is being attached or detached, and whatever waits for
 * it.
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

/* struct vhdx_ioc_status.flags besides VHDX_ATTACH_* as in force */
#define VHDX_STATUS_DIRECT_IO	(1U << 16)

/**
 * struct vhdx_ioc_status - what is attached?
 * @size:	in: sizeof(struct vhdx_ioc_status)
 * @index:	in: the disk wanted, or with @next the first number to look at; out: N
 * @next:	in: 0, or 1 to find the first disk with a number of at least @index
 * @flags:	out: VHDX_ATTACH_* and VHDX_STATUS_*
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
 * struct vhdx_ioc_snapshot - let a disk go on in a new child of its image
 * @size:	in: sizeof(struct vhdx_ioc_snapshot)
 * @index:	in: N of /dev/vhdxN
 * @diskseq:	in: if not 0, only if the disk still has this sequence number
 * @fd:		in: the child, empty, open for reading and writing; its parent locator names
 *		the DataWriteGuid that the disk has now
 * @reason:	out: on failure, a stable number for the cause, or 0
 * @held_ns:	out: for how long I/O was held, in nanoseconds
 * @message:	out: on failure, the cause in words, or empty
 *
 * What was completed before is in the file that the disk had until now, which is closed as
 * by detach and is the child's parent from here on; what comes later goes to the child.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF as for attach; ENODEV if there is no such disk;
 * EBUSY if a snapshot is being made; EOPNOTSUPP if the disk has VHDX_MAX_FILES already; EINTR if
 * a signal ended the wait, but not the snapshot; EAGAIN if the disk was written to for the first
 * time meanwhile, so that the child is to be made anew; others as for attach, about the child.
 * After any of them but EIO the disk goes on as before. After EINTR, and after ENODEV with a
 * reason, the snapshot may have been made all the same: then the child has what was written last.
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
 * The number has the size that the structure has in the program's own header, for programs
 * that decode ioctls. The kernel ignores it: the same number with any size is the same ioctl,
 * and the structure's @size is the size that counts.
 */
#define VHDX_IOC_VERSION	_IOWR(VHDX_IOC_TYPE, 0x00, struct vhdx_ioc_version)
#define VHDX_IOC_ATTACH		_IOWR(VHDX_IOC_TYPE, 0x01, struct vhdx_ioc_attach)
#define VHDX_IOC_DETACH		_IOWR(VHDX_IOC_TYPE, 0x02, struct vhdx_ioc_detach)
#define VHDX_IOC_STATUS		_IOWR(VHDX_IOC_TYPE, 0x03, struct vhdx_ioc_status)
#define VHDX_IOC_SNAPSHOT	_IOWR(VHDX_IOC_TYPE, 0x04, struct vhdx_ioc_snapshot)

#endif /* _UAPI_LINUX_VHDX_H */
