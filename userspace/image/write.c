// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/interrupt.h"
#include "lib/progress.h"

#define ZEROS_BYTES (1U << 20)
#define ALLOCATE_BYTES (256ULL << 20)

/**
 * write_file_name() - set the path for messages
 * @file:	zero, or with a path, which is freed
 * @path:	copied
 */
void write_file_name(struct write_file *file, const char *path)
{
	char *copy = xstrdup(path);

	free(file->path);
	file->path = copy;
}

/**
 * write_file_close() - close a file, if it is open, and free its path
 * @file:	its fd is -1 afterwards
 *
 * Return: 0, or a positive errno of close()
 */
int write_file_close(struct write_file *file)
{
	int error = file->fd >= 0 && close(file->fd) ? errno : 0;

	free(file->path);
	file->path = NULL;
	file->fd = -1;
	return error;
}

/**
 * write_at() - write a range
 * @file:	open
 * @offset:	in bytes
 * @data:	data to write
 * @length:	in bytes
 *
 * Signals do not interrupt it.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code write_at(const struct write_file *file, uint64_t offset, const void *data,
			size_t length)
{
	const char *from = data;

	while (length) {
		ssize_t put = pwrite(file->fd, from, length, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail_errno(file->path, "cannot write", put ? errno : EIO);
		from += put;
		offset += (uint64_t)put;
		length -= (size_t)put;
	}
	return DONE;
}

/* Between two pieces of a long task: report progress, test for a signal. */
static enum exit_code step(const struct write_file *file, struct progress *progress,
			   uint64_t bytes)
{
	if (!progress)
		return DONE;
	progress_add(progress, bytes);
	if (interrupted())
		return fail(EXIT_INTERRUPTED, "%s: interrupted", file->path);
	return DONE;
}

/**
 * write_zeros() - write zeros, without holes
 * @file:	open
 * @offset:	in bytes
 * @length:	in bytes
 * @progress:	counts each piece; NULL: no progress, and signals do not interrupt it
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code write_zeros(const struct write_file *file, uint64_t offset, uint64_t length,
			   struct progress *progress)
{
	static const char zeros[ZEROS_BYTES];
	enum exit_code status = DONE;

	while (length && status == DONE) {
		size_t piece = length < sizeof(zeros) ? (size_t)length : sizeof(zeros);

		status = write_at(file, offset, zeros, piece);
		if (status == DONE)
			status = step(file, progress, piece);
		offset += piece;
		length -= piece;
	}
	return status;
}

/**
 * write_allocate() - allocate space, which reads as zeros
 * @file:	open; the range was never written
 * @offset:	in bytes
 * @length:	in bytes
 * @progress:	counts each piece
 *
 * Writes zeros if the file system has no fallocate().
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code write_allocate(const struct write_file *file, uint64_t offset, uint64_t length,
			      struct progress *progress)
{
	enum exit_code status = DONE;

	while (length && status == DONE) {
		uint64_t piece = length < ALLOCATE_BYTES ? length : ALLOCATE_BYTES;

		if (!fallocate(file->fd, 0, (off_t)offset, (off_t)piece)) {
			status = step(file, progress, piece);
			offset += piece;
			length -= piece;
		} else if (errno == EINTR) {
			status = step(file, progress, 0);
		} else if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ||
			   errno == ENODEV) {
			return write_zeros(file, offset, length, progress);
		} else {
			status = fail_errno(file->path, "cannot allocate space", errno);
		}
	}
	return status;
}

/**
 * write_set_size() - set the size of a file
 * @file:	open
 * @size:	in bytes; may be smaller or larger than before
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code write_set_size(const struct write_file *file, uint64_t size)
{
	if (ftruncate(file->fd, (off_t)size))
		return fail_errno(file->path, "cannot set its size", errno);
	return DONE;
}

/**
 * write_sync() - make data and size of a file durable
 * @file:	open
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code write_sync(const struct write_file *file)
{
	if (fsync(file->fd))
		return fail_errno(file->path, "cannot flush", errno);
	return DONE;
}
