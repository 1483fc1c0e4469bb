// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * samefiles: have files stayed as they were?
 *
 * Compares each named file below one folder with that of the same name below the other:
 * size, times of access and change of contents, and every byte, without reading what is a
 * hole in both, and without leaving a time of access itself. Directly: what counts is on the
 * disk, and copying through the page cache would take several times as long. With -q contents
 * are left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define PIECE MIB

static u8 *ours, *theirs;

static int open_in(const char *folder, const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOATIME | O_DIRECT);
	if (fd < 0)
		die_errno("%s", path);
	return fd;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static const char *compare_inodes(int a, int b, u64 *size)
{
	struct stat x, y;

	if (fstat(a, &x) || fstat(b, &y))
		die_errno("stat");
	*size = (u64)x.st_size;
	if (x.st_size != y.st_size)
		return "size";
	if (!same_time(&x.st_mtim, &y.st_mtim))
		return "time of modification";
	if (!same_time(&x.st_atim, &y.st_atim))
		return "time of access";
	if (x.st_mode != y.st_mode)
		return "mode";
	return NULL;
}

/* The next byte from @from on that is data in the file; its size if there is none. */
static u64 next_data(int fd, u64 from, u64 size)
{
	off_t data = lseek(fd, (off_t)from, SEEK_DATA);

	if (data < 0 && errno == ENXIO)
		return size;
	return data < 0 ? from : (u64)data;
}

static size_t read_piece(int fd, u8 *to, u64 at, size_t length)
{
	ssize_t ret = pread(fd, to, length, (off_t)at);

	if (ret < 0)
		die_errno("read");
	return (size_t)ret;
}

static const char *compare_contents(int a, int b, u64 size)
{
	u64 at = 0;

	while (at < size) {
		size_t length, whole;

		at = min_u64(next_data(a, at, size), next_data(b, at, size));
		at = round_down_u64(at, 4096);
		if (at >= size)
			break;
		length = min_u64(PIECE, size - at);
		whole = round_up_u64(length, 4096);
		if (read_piece(a, ours, at, whole) != length ||
		    read_piece(b, theirs, at, whole) != length)
			return "length";
		if (memcmp(ours, theirs, length))
			return "contents";
		at += length;
	}
	return NULL;
}

static bool quick;

static bool same(const char *folder, const char *other, const char *name)
{
	int a = open_in(folder, name), b = open_in(other, name);
	const char *what;
	u64 size;

	what = compare_inodes(a, b, &size);
	if (!what && !quick)
		what = compare_contents(a, b, size);
	if (what)
		printf("%s: %s differs\n", name, what);
	close(a);
	close(b);
	return !what;
}

int main(int argc, char **argv)
{
	bool all_same = true;
	int i;

	if (argc > 1 && !strcmp(argv[1], "-q")) {
		quick = true;
		argv++;
		argc--;
	}
	if (argc < 4)
		die("usage: samefiles [-q] FOLDER OTHER NAME...");
	ours = aligned_memory(PIECE);
	theirs = aligned_memory(PIECE);
	for (i = 3; i < argc; i++)
		all_same &= same(argv[1], argv[2], argv[i]);
	return all_same ? 0 : 1;
}
