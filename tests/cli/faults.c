// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * For LD_PRELOAD: a file system that cannot do everything, a program that dies in the
 * middle, and a record of what was written in which order.
 *
 *	NO_FALLOCATE	fallocate() is not supported
 *	NO_TMPFILE	O_TMPFILE is not supported
 *	NO_LINK		linkat() fails with EINVAL
 *	CLONE		FICLONERANGE is supported, and counts as one write; without it, it is not
 *	DIE_AT=N	the program ends right before its N-th change of a file
 *	INTERRUPT_AT=N	it gets a SIGINT right before that
 *	COMMAND_AT=N	the shell command COMMAND runs right before that
 *	COMMAND_FROM=N	and before each change from that on
 *	RECORD=FILE	append to FILE a line for each change: "w OFFSET LENGTH",
 *			"z OFFSET LENGTH" for space allocated or zeroed, "t SIZE", "f" for a flush
 *	RECORD_DATA	and behind each "w" the bytes and a newline
 *	RECORD_FILES	and at the end of each line the inode number of the file; and a line
 *			"u PATH" for each name that is removed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static FILE *record(void)
{
	const char *name = getenv("RECORD");

	return name ? fopen(name, "ae") : NULL;
}

static void end_line(FILE *to, int fd)
{
	struct stat status;

	if (getenv("RECORD_FILES") && !fstat(fd, &status))
		fprintf(to, " %llu", (unsigned long long)status.st_ino);
	fputc('\n', to);
}

static void count(void)
{
	static long changes;
	const char *last = getenv("DIE_AT");
	const char *interrupt = getenv("INTERRUPT_AT");
	const char *command = getenv("COMMAND_AT");
	const char *commands = getenv("COMMAND_FROM");

	changes++;
	if ((command && changes == atol(command)) || (commands && changes >= atol(commands))) {
		unsetenv("LD_PRELOAD");
		if (system(getenv("COMMAND")))
			_exit(98);
	}
	if (interrupt && changes == atol(interrupt))
		raise(SIGINT);
	if (last && changes == atol(last))
		_exit(99);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
	int (*real)(int, int, off64_t, off64_t) = next("fallocate64");
	FILE *to;

	if (getenv("NO_FALLOCATE")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	count();
	to = record();
	if (to) {
		fprintf(to, "z %lld %lld", (long long)offset, (long long)length);
		end_line(to, fd);
		fclose(to);
	}
	return real(fd, mode, offset, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = next("pwrite64");
	FILE *to;

	count();
	to = record();
	if (to) {
		fprintf(to, "w %lld %zu", (long long)offset, length);
		end_line(to, fd);
		if (getenv("RECORD_DATA")) {
			fwrite(data, length, 1, to);
			fputc('\n', to);
		}
		fclose(to);
	}
	return real(fd, data, length, offset);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = next("ioctl");
	int (*punch)(int, int, off64_t, off64_t) = next("fallocate64");
	struct file_clone_range *range;
	ssize_t done = -1;
	va_list args;
	void *data;
	off_t begin, end;

	va_start(args, request);
	range = va_arg(args, void *);
	va_end(args);
	if (request != FICLONERANGE)
		return real(fd, request, range);
	if (!getenv("CLONE")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if ((range->src_offset | range->src_length | range->dest_offset) % 4096) {
		errno = EINVAL;
		return -1;
	}
	data = malloc(range->src_length);
	if (data)
		done = pread((int)range->src_fd, data, range->src_length, (off_t)range->src_offset);
	/* a range that ends behind the file cannot be cloned */
	if (done == (ssize_t)range->src_length)
		done = pwrite64(fd, data, range->src_length, (off64_t)range->dest_offset);
	else
		errno = EINVAL;
	free(data);
	if (done != (ssize_t)range->src_length)
		return -1;
	/* a clone of a hole is a hole */
	end = (off_t)(range->src_offset + range->src_length);
	begin = lseek((int)range->src_fd, (off_t)range->src_offset, SEEK_DATA);
	if (begin < 0 ? errno == ENXIO : begin >= end)
		punch(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off64_t)range->dest_offset,
		      (off64_t)range->src_length);
	return 0;
}

int ftruncate64(int fd, off64_t size)
{
	int (*real)(int, off64_t) = next("ftruncate64");
	FILE *to;

	count();
	to = record();
	if (to) {
		fprintf(to, "t %lld", (long long)size);
		end_line(to, fd);
		fclose(to);
	}
	return real(fd, size);
}

int fsync(int fd)
{
	int (*real)(int) = next("fsync");
	FILE *to;

	count();
	to = record();
	if (to) {
		fputc('f', to);
		end_line(to, fd);
		fclose(to);
	}
	return real(fd);
}

int unlink(const char *path)
{
	int (*real)(const char *) = next("unlink");
	FILE *to;

	count();
	to = getenv("RECORD_FILES") ? record() : NULL;
	if (to) {
		fprintf(to, "u %s\n", path);
		fclose(to);
	}
	return real(path);
}

/* A lock is no change, but what is done before it may be. */
int fcntl64(int fd, int command, ...)
{
	int (*real)(int, int, ...) = next("fcntl64");
	void *argument;
	va_list args;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	if (command == F_OFD_SETLK)
		count();
	return real(fd, command, argument);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	int (*real)(int, const char *, int, const char *, int) = next("linkat");

	if (getenv("NO_LINK")) {
		errno = EINVAL;
		return -1;
	}
	return real(from, old, to, new, flags);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	int (*real)(int, const char *, int, const char *, unsigned int) = next("renameat2");

	count();
	return real(from, old, to, new, flags);
}

int open64(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = next("open64");
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	if (getenv("NO_TMPFILE") && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return real(path, flags, mode);
}
