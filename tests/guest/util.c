// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void complain(const char *format, va_list args, const char *why)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	if (why)
		fprintf(stderr, ": %s", why);
	fputc('\n', stderr);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args, NULL);
	exit(2);
}

void die_errno(const char *format, ...)
{
	const char *why = strerror(errno);
	va_list args;

	va_start(args, format);
	complain(format, args, why);
	exit(2);
}

u64 number(const char *text)
{
	char *end;
	u64 value = strtoull(text, &end, 0);

	if (!*text || *end)
		die("%s is no number", text);
	return value;
}

void *aligned_memory(size_t length)
{
	void *memory;

	if (posix_memalign(&memory, 4096, length))
		die("no memory");
	return memory;
}

/* Of a file or a block device. */
u64 file_size(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0)
		die_errno("size");
	return (u64)size;
}

/* What direct reads must be multiples of. */
u32 sector_size(int fd)
{
	int size;

	return ioctl(fd, BLKSSZGET, &size) ? 512 : (u32)size;
}

/* splitmix64: any seed is a good one */
u64 random_u64(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

u64 random_below(u64 *state, u64 limit)
{
	return limit ? random_u64(state) % limit : 0;
}

/*
 * Allocations count from fault_begin() to fault_end(); what is left then is not 0 unless one
 * failed. By the thread that opened it only. Without a kernel that can do that, dies.
 */
void fault_open(struct fault *fault, u64 nth)
{
	fault->left = nth;
	fault->file = -1;
	if (!nth)
		return;
	fault->file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fault->file < 0)
		die_errno("fail-nth");
}

void fault_begin(struct fault *fault)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%" PRIu64, fault->left);

	if (fault->left && pwrite(fault->file, text, (size_t)length, 0) != length)
		die_errno("fail-nth");
}

void fault_end(struct fault *fault)
{
	int error = errno;
	char text[24] = "";

	if (!fault->left)
		return;
	if (pread(fault->file, text, sizeof(text) - 1, 0) <= 0 ||
	    pwrite(fault->file, "0", 1, 0) != 1)
		die_errno("fail-nth");
	fault->left = strtoull(text, NULL, 10);
	errno = error;
}

void fault_close(struct fault *fault)
{
	if (fault->file >= 0)
		close(fault->file);
}
