// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Three mechanisms keep two writers apart. The kernel refuses to open the image of a read-only
 * disk, or a parent, for writing (ETXTBSY). QEMU, vhdxctl and writable disks hold open file
 * description locks. Attached images are listed in sysfs. A program that writes without a lock is
 * found by a lease.
 */
#include "image/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "attached/disk.h"
#include "attached/disk_files.h"
#include "image/file.h"

/* QEMU locks this byte while it may write. A lock of the whole file includes it. */
#define WRITER_BYTE 101

/**
 * image_check_attached() - check that a file is not attached, neither as an image nor as a parent
 * @path:	for the message
 * @status:	of the file
 *
 * Return: DONE, or EXIT_BUSY after an error message
 */
enum exit_code image_check_attached(const char *path, const struct stat *status)
{
	enum exit_code result = DONE;
	struct disk_list disks;
	size_t i;

	disk_list_all(&disks);
	for (i = 0; i < disks.count && result == DONE; i++) {
		enum disk_role role = disk_role_of_file(&disks.disk[i], status);

		if (role != DISK_UNRELATED)
			result = fail_named(EXIT_BUSY, "ATTACHED", "%s: is %s as %s; detach it first",
					    path, role == DISK_SHOWS ? "attached" :
					    "a parent of the image attached", disks.disk[i].node);
	}
	disk_list_free(&disks);
	return result;
}

/**
 * image_warn_written() - warn if an image is attached read-write while it is read
 * @path:	for the message
 * @status:	of the file
 */
void image_warn_written(const char *path, const struct stat *status)
{
	struct disk_list disks;
	size_t i;

	disk_list_all(&disks);
	for (i = 0; i < disks.count; i++)
		if (disk_is_of_file(&disks.disk[i], status) && !disk_number(&disks.disk[i], "ro"))
			warn("%s: is attached read-write as %s; it may change while it is read",
			     path, disks.disk[i].node);
	disk_list_free(&disks);
}

/* On these the server grants leases, and a refused lease does not mean a writer. */
static bool is_remote(int fd)
{
	struct statfs host;

	if (fstatfs(fd, &host))
		return true;
	switch ((uint32_t)host.f_type) {
	case NFS_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
		return true;
	}
	return false;
}

/**
 * image_check_no_writer() - check that no program without a lock has an image open for writing
 * @path:	for the message
 * @fd:		open for reading
 * @status:	of the file
 *
 * A locked file passes: the caller takes or tests the lock itself.
 *
 * The kernel refuses a read lease on a file that is open for writing. The lease is taken and
 * released at once. Only the owner of the file or CAP_LEASE can take one, and only on a file system
 * with leases; otherwise the file passes. An open for writing in between waits, and the kernel
 * sends SIGIO, which is ignored.
 *
 * Return: DONE, also if it cannot be determined; EXIT_BUSY after an error message
 */
enum exit_code image_check_no_writer(const char *path, int fd, const struct stat *status)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct sigaction old;
	bool open;

	if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		return DONE;
	if (!S_ISREG(status->st_mode) || is_remote(fd) || sigaction(SIGIO, &ignore, &old))
		return DONE;
	open = fcntl(fd, F_SETLEASE, F_RDLCK) && errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	sigaction(SIGIO, &old, NULL);
	if (!open)
		return DONE;
	return fail_named(EXIT_BUSY, "ATTACH_OPEN_FOR_WRITING", "%s: another program has it open for "
			  "writing; close it there first", path);
}

/**
 * image_check_unwritten() - check that no program may be writing to an image
 * @path:	for the message
 * @fd:		open for reading
 * @status:	of the file
 *
 * Changes neither the file nor its times.
 *
 * Return: DONE, also if it cannot be determined; EXIT_BUSY after an error message
 */
enum exit_code image_check_unwritten(const char *path, int fd, const struct stat *status)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = WRITER_BYTE, .l_len = 1 };
	enum exit_code result = DONE;
	struct disk_list disks;
	size_t i;

	disk_list_all(&disks);
	for (i = 0; i < disks.count && result == DONE; i++)
		if (disk_is_of_file(&disks.disk[i], status) && !disk_number(&disks.disk[i], "ro"))
			result = fail_named(EXIT_BUSY, "ATTACHED",
					    "%s: is attached read-write as %s; detach it first",
					    path, disks.disk[i].node);
	disk_list_free(&disks);
	if (result == DONE && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		result = fail_named(EXIT_BUSY, "LOCKED", "%s: another program may write to it; "
				    "close it there first", path);
	return result == DONE ? image_check_no_writer(path, fd, status) : result;
}

static enum exit_code fail_locked(const char *path)
{
	return fail_named(EXIT_BUSY, "LOCKED",
			  "%s: another program has locked it; close it there first", path);
}

/* For ETXTBSY, the message names the attached disk. */
static enum exit_code fail_open(const char *path, int error, const char *advice)
{
	struct stat status;

	if (error == EISDIR && !stat(path, &status))
		return image_fail_kind(path, &status);
	if (error == EROFS)
		return fail_read_only(path, "cannot open for writing", advice);
	if (error == ETXTBSY && !stat(path, &status) &&
	    image_check_attached(path, &status) != DONE)
		return EXIT_BUSY;
	/* another program has a lease and does not release it in time */
	if (error == EWOULDBLOCK)
		return fail_locked(path);
	return fail_errno(path, "cannot open for writing", error);
}

/**
 * image_check_lockable() - check that image_open_exclusive() can open a file
 * @path:	of the file
 * @fd:		open for reading
 * @status:	of the file
 * @advice:	as for image_open_exclusive()
 *
 * Takes no lock, and does not open the file for writing. A missing permission is no error: the
 * check is for a later call by root.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code image_check_lockable(const char *path, int fd, const struct stat *status,
				    const char *advice)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	enum exit_code result = image_check_attached(path, status);

	if (result != DONE)
		return result;
	if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		return fail_locked(path);
	if (!faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) || errno == EACCES)
		return DONE;
	return fail_open(path, errno, advice);
}

/**
 * image_open_exclusive() - open an image for reading and writing, and lock it
 * @file:	filled; must be closed by write_file_close()
 * @path:	of the file
 * @advice:	alternative for the user if the file system is read-only; NULL: none
 *
 * Fails if the image is attached or locked. A block device is opened with O_EXCL, which fails if it
 * is mounted or has another exclusive user.
 *
 * Return: DONE, or another exit code after an error message; then there is nothing to close
 */
enum exit_code image_open_exclusive(struct write_file *file, const char *path,
				    const char *advice)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	enum exit_code status;
	struct stat what;

	if (!stat(path, &what) && S_ISBLK(what.st_mode))
		flags |= O_EXCL;
	file->path = NULL;
	file->fd = open(path, flags);
	if (file->fd < 0)
		return fail_open(path, errno, advice);
	write_file_name(file, path);
	if (fstat(file->fd, &what))
		status = fail_errno(path, "cannot stat", errno);
	else if (!S_ISREG(what.st_mode) && !S_ISBLK(what.st_mode))
		status = image_fail_kind(path, &what);
	else
		status = image_check_attached(path, &what);
	if (status == DONE && fcntl(file->fd, F_OFD_SETLK, &lock))
		status = errno == EAGAIN || errno == EACCES ? fail_locked(path) :
			 fail_errno(path, "cannot lock", errno);
	if (status != DONE)
		write_file_close(file);
	return status;
}

/**
 * image_check_unchanged() - check that a file was neither replaced nor written to
 * @path:	of the file
 * @status:	of the file, when it was opened
 *
 * Compares inode, size and time of modification. Block devices pass.
 *
 * Return: DONE, or EXIT_BUSY after an error message
 */
enum exit_code image_check_unchanged(const char *path, const struct stat *status)
{
	struct stat now;

	if (!S_ISREG(status->st_mode))
		return DONE;
	if (!stat(path, &now) && now.st_dev == status->st_dev && now.st_ino == status->st_ino &&
	    now.st_size == status->st_size && now.st_mtim.tv_sec == status->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == status->st_mtim.tv_nsec)
		return DONE;
	return fail(EXIT_BUSY, "%s: was replaced or written to meanwhile; try again", path);
}

/**
 * image_lock_shared() - lock an image that gets a child against replace, merge and change
 * @path:	for the message
 * @fd:		open for reading; the lock ends when it is closed
 * @status:	of the file, when it was opened; the file must not have changed since
 *
 * Several processes may hold this lock. It excludes WRITER_BYTE. It has no effect on a file system
 * without locks.
 *
 * Return: DONE, or EXIT_BUSY after an error message
 */
enum exit_code image_lock_shared(const char *path, int fd, const struct stat *status)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };

	if (fcntl(fd, F_OFD_SETLK, &lock) && (errno == EAGAIN || errno == EACCES))
		return fail_locked(path);
	return image_check_unchanged(path, status);
}

/**
 * image_check_same() - check that the locked file is the one that was opened for reading
 * @file:	opened by image_open_exclusive()
 * @image:	status of the file that was opened for reading
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code image_check_same(const struct write_file *file, const struct stat *image)
{
	struct stat status;

	if (fstat(file->fd, &status))
		return fail_errno(file->path, "cannot stat", errno);
	if (status.st_dev == image->st_dev && status.st_ino == image->st_ino)
		return DONE;
	return fail(EXIT_BUSY, "%s: was replaced meanwhile; try again", file->path);
}
