// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three things keep two writers apart: the module lets nobody open an attached image for
 * writing (ETXTBSY); other programs that know of such things, QEMU among them, hold open file
 * description locks; and what is attached is listed in sysfs. Programs that write without a lock
 * are found by a lease.
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

/* The byte that QEMU locks while it may write; whoever locks all has locked it, too. */
#define WRITER_BYTE 101

/**
 * image_check_attached() - is a file attached?
 * @path:	for the message
 * @status:	of the file
 *
 * As the image of a disk, or as one of its parents.
 *
 * Return: DONE if not, EXIT_BUSY after an error message otherwise
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
 * image_warn_written() - warn a reader of what changes while it is read
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

/* There a lease is a matter of the server, and a refusal says nothing of writers. */
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

/*
 * A file that a process has open for writing gets no lease for reading. A lease is asked for and
 * given back at once. It takes the owner of the file or CAP_LEASE, and a file system with
 * leases; else nothing is known. A writer that comes in between waits, and SIGIO is sent.
 */
static bool is_open_for_writing(int fd, const struct stat *status)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;
	bool open;

	if (!S_ISREG(status->st_mode) || is_remote(fd) || sigaction(SIGIO, &ignore, &old))
		return false;
	open = fcntl(fd, F_SETLEASE, F_RDLCK) && errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	sigaction(SIGIO, &old, NULL);
	return open;
}

/**
 * image_check_no_writer() - does a program that takes no locks have an image open for writing?
 * @path:	for the message
 * @fd:		open for reading
 * @status:	of the file
 *
 * A file that is locked is left to those who ask for the lock.
 *
 * Return: DONE if not, or if that cannot be known; EXIT_BUSY after an error message otherwise
 */
enum exit_code image_check_no_writer(const char *path, int fd, const struct stat *status)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (!fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK)
		return DONE;
	if (!is_open_for_writing(fd, status))
		return DONE;
	return fail_named(EXIT_BUSY, "ATTACH_OPEN_FOR_WRITING", "%s: another program has it open for "
			  "writing; close it there first", path);
}

/**
 * image_check_unwritten() - does anybody write to an image, as far as that can be known?
 * @path:	for the message
 * @fd:		open for reading
 * @status:	of the file
 *
 * Changes nothing, neither the file nor its times.
 *
 * Return: DONE if not, EXIT_BUSY after an error message otherwise
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
					    "%s: is attached read-write as %s; detach it first", path,
					    disks.disk[i].node);
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

/* The list of attached disks tells more than ETXTBSY does. */
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
	/* a lease of another program, which does not give it back in time */
	if (error == EWOULDBLOCK)
		return fail_locked(path);
	return fail_errno(path, "cannot open for writing", error);
}

/**
 * image_check_lockable() - could image_open_exclusive() open a file?
 * @path:	of the file
 * @fd:		open for reading
 * @status:	of the file
 * @advice:	as for that
 *
 * Takes no lock, and opens nothing for writing. Users that only lack the permission are not told
 * so: the question is about root.
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

static enum exit_code lock_whole(const struct write_file *file)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (!fcntl(file->fd, F_OFD_SETLK, &lock))
		return DONE;
	if (errno == EAGAIN || errno == EACCES)
		return fail_locked(file->path);
	return fail_errno(file->path, "cannot lock", errno);
}

static enum exit_code check_file(const struct write_file *file)
{
	struct stat status;

	if (fstat(file->fd, &status))
		return fail_errno(file->path, "cannot stat", errno);
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return image_fail_kind(file->path, &status);
	return image_check_attached(file->path, &status);
}

/**
 * image_open_exclusive() - open an image for reading and writing, for us alone
 * @file:	filled; to be closed with write_file_close()
 * @path:	of the file
 * @advice:	what to do instead if its file system is read-only; NULL: nothing
 *
 * A block device is opened exclusively: not if it is mounted or held otherwise.
 *
 * Return: DONE, or another exit code after an error message; then there is nothing to close
 */
enum exit_code image_open_exclusive(struct write_file *file, const char *path,
				    const char *advice)
{
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
	status = check_file(file);
	if (status == DONE)
		status = lock_whole(file);
	if (status != DONE)
		write_file_close(file);
	return status;
}

/**
 * image_check_unchanged() - is an image still what was opened by this name?
 * @path:	of the file
 * @status:	of it, when it was opened
 *
 * Of a block device that is not known.
 *
 * Return: DONE, or EXIT_BUSY having said that it is not
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
 * image_lock_shared() - let nobody replace, merge or change an image that gets a child
 * @path:	for the message
 * @fd:		open for reading; the lock goes with it
 * @status:	of it, when it was opened: so it must still be
 *
 * Several may hold this lock. It leaves out the byte by which writers are known. Where there are no
 * locks there is none.
 *
 * Return: DONE, or EXIT_BUSY having said that it is locked or was changed
 */
enum exit_code image_lock_shared(const char *path, int fd, const struct stat *status)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };

	if (fcntl(fd, F_OFD_SETLK, &lock) && (errno == EAGAIN || errno == EACCES))
		return fail_locked(path);
	return image_check_unchanged(path, status);
}

/**
 * image_check_same() - was an image opened by name for reading the one that we locked?
 * @file:	by image_open_exclusive()
 * @image:	status of what was opened for reading
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
