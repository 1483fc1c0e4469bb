// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * misaligned: direct reads into memory at odd places of a page.
 *
 * Prints "OFFSET ERROR" for each power of two from 512 to 2048, and 0 for no error. What arrives
 * is compared with what a read into a whole page gives.
 *	misaligned [-w] DEVICE		-w: writes the same bytes back first
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define LENGTH ((size_t)4096)

static const char *outcome(ssize_t result, const void *memory, const void *wanted)
{
	if (result < 0)
		return strerrorname_np(errno);
	if (result != (ssize_t)LENGTH)
		return "short";
	return memcmp(memory, wanted, LENGTH) ? "different" : "0";
}

int main(int argc, char **argv)
{
	unsigned char *wanted = aligned_memory(LENGTH), *memory = aligned_memory(2 * LENGTH);
	bool write_too = argc == 3 && !strcmp(argv[1], "-w");
	size_t at;
	int fd;

	if (argc != 2 && !write_too)
		die("usage: misaligned [-w] DEVICE");
	fd = open(argv[argc - 1], (write_too ? O_RDWR : O_RDONLY) | O_DIRECT);
	if (fd < 0)
		die_errno("%s", argv[argc - 1]);
	if (pread(fd, wanted, LENGTH, 0) != (ssize_t)LENGTH)
		die_errno("read");
	for (at = 512; at < LENGTH; at *= 2) {
		ssize_t result = LENGTH;

		memcpy(memory + at, wanted, LENGTH);
		if (write_too)
			result = pwrite(fd, memory + at, LENGTH, 0);
		if (result == (ssize_t)LENGTH)
			result = pread(fd, memory + at, LENGTH, 0);
		printf("%zu %s\n", at, outcome(result, memory + at, wanted));
	}
	return 0;
}
