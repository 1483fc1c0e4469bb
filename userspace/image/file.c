// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/reason.h"

/* Reads exactly @length bytes; the format core checks that they are inside the file. */
static int read_exactly(void *context, u64 offset, void *buffer, u32 length)
{
	struct image_file *file = context;
	u8 *to = buffer;

	while (length) {
		ssize_t got = pread(file->fd, to, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {		/* zero: truncated after it was opened */
			file->read_error = got ? errno : ENODATA;
			return -file->read_error;
		}
		to += got;
		offset += (u64)got;
		length -= (u32)got;
	}
	return 0;
}

/**
 * image_file_read() - read a range, inside the file or not
 * @file:	open
 * @offset:	in bytes
 * @buffer:	filled on success
 * @length:	in bytes
 *
 * Return: false if the range is not inside the file or cannot be read
 */
bool image_file_read(const struct image_file *file, u64 offset, void *buffer, u32 length)
{
	return offset <= file->reader.size && length <= file->reader.size - offset &&
	       !file->reader.read(file->reader.context, offset, buffer, length);
}

/**
 * image_file_open_fd() - open a file for reading, if possible without a change of its atime
 * @path:	of the file
 *
 * Only the owner and root may use O_NOATIME; for other users the file is opened without it.
 * O_NONBLOCK keeps the open of a FIFO from blocking; it has no effect on regular files and block
 * devices.
 *
 * Return: a file descriptor, or a negative errno
 */
int image_file_open_fd(const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

/**
 * image_file_adopt() - make an image_file of a file descriptor, without messages
 * @file:	filled; must not be moved afterwards
 * @path:	for messages; must outlive @file
 * @fd:		from image_file_open_fd() or safe_open(); @file owns it even on failure
 *
 * Return: 0; EISDIR; EMEDIUMTYPE if it is neither a regular file nor a block device; or another
 * positive errno
 */
int image_file_adopt(struct image_file *file, const char *path, int fd)
{
	off_t size;

	memset(file, 0, sizeof(*file));
	file->path = path;
	file->fd = fd;
	file->reader.read = read_exactly;
	file->reader.context = file;
	if (fstat(fd, &file->stat))
		return errno;
	if (S_ISDIR(file->stat.st_mode))
		return EISDIR;
	if (!S_ISREG(file->stat.st_mode) && !S_ISBLK(file->stat.st_mode))
		return EMEDIUMTYPE;
	size = lseek(fd, 0, SEEK_END);	/* unlike st_size, right for a block device too */
	if (size < 0)
		return errno;
	file->reader.size = (u64)size;
	return 0;
}

/**
 * image_fail_kind() - print an error message for what is neither a regular file nor a block device
 * @path:	of the file
 * @status:	of the file
 *
 * Return: EXIT_USAGE
 */
enum exit_code image_fail_kind(const char *path, const struct stat *status)
{
	const char *what = "not a regular file";
	enum exit_code code;
	char *text;

	if (S_ISDIR(status->st_mode))
		return fail(EXIT_USAGE, "%s: is a directory; name an image in it", path);
	if (S_ISCHR(status->st_mode))
		what = "a character device";
	else if (S_ISFIFO(status->st_mode))
		what = "a pipe";
	else if (S_ISSOCK(status->st_mode))
		what = "a socket";
	text = xasprintf("is %s; an image is a regular file or a block device", what);
	code = fail_reason_text(path, VHDX_REASON_attach_not_a_file, text);
	free(text);
	return code;
}

/**
 * image_file_open() - open the file of an image, valid or not, for reading
 * @file:	filled; must not be moved afterwards
 * @path:	must outlive @file
 *
 * Return: DONE, or another exit code after an error message; then there is nothing to close
 */
enum exit_code image_file_open(struct image_file *file, const char *path)
{
	int fd = image_file_open_fd(path);
	int error;

	if (fd < 0)
		return fail_errno(path, "cannot open", -fd);
	error = image_file_adopt(file, path, fd);
	if (!error)
		return DONE;
	image_file_close(file);
	if (error == EISDIR || error == EMEDIUMTYPE)
		return image_fail_kind(path, &file->stat);
	return fail_errno(path, "cannot determine its size", error);
}

/**
 * image_file_close() - close the file of an image
 * @file:	opened
 */
void image_file_close(struct image_file *file)
{
	close(file->fd);
	file->fd = -1;
}
