// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Files of many extents.
 *	fragment FILE COUNT BYTES	COUNT pieces of BYTES, with holes as long between them
 *	fragment -c FROM TO OTHER	a copy in pieces of 64 KiB that lie apart, since every other
 *					one goes to OTHER meanwhile
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

static int open_or_die(const char *name, int flags)
{
	int fd = open(name, flags, 0600);

	if (fd < 0)
		err(2, "%s", name);
	return fd;
}

static void write_or_die(int fd, const void *data, size_t length, off_t offset)
{
	if (pwrite(fd, data, length, offset) != (ssize_t)length)
		err(2, "write");
}

static void pieces(const char *name, long count, size_t bytes)
{
	int fd = open_or_die(name, O_RDWR | O_CREAT);
	char *data = malloc(bytes);
	long i;

	if (!data)
		err(2, "malloc");
	memset(data, 'x', bytes);
	for (i = 0; i < count; i++)
		write_or_die(fd, data, bytes, (off_t)i * 2 * bytes);
	if (fsync(fd))
		err(2, "fsync");
	free(data);
}

/* One half of the pieces of @from, and after each of them one of @other */
static void half(int from, int to, int other, off_t first)
{
	static char data[PIECE];
	off_t at, end = lseek(from, 0, SEEK_END);
	ssize_t got;

	for (at = first; at < end; at += 2 * PIECE) {
		got = pread(from, data, PIECE, at);
		if (got < 0)
			err(2, "read");
		write_or_die(to, data, got, at);
		fdatasync(to);
		if (other < 0)
			continue;
		write_or_die(other, data, got, at / 2);
		fdatasync(other);
	}
}

static void copy(const char *from_name, const char *to_name, const char *other_name)
{
	int from = open_or_die(from_name, O_RDONLY);
	int to = open_or_die(to_name, O_RDWR | O_CREAT);
	int other = open_or_die(other_name, O_RDWR | O_CREAT);

	half(from, to, other, 0);
	half(from, to, -1, PIECE);
	if (fsync(to))
		err(2, "fsync");
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "-c"))
		copy(argv[2], argv[3], argv[4]);
	else if (argc == 4)
		pieces(argv[1], atol(argv[2]), atol(argv[3]));
	else
		errx(2, "usage: fragment FILE COUNT BYTES | fragment -c FROM TO OTHER");
	return 0;
}
