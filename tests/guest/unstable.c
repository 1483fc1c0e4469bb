// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * unstable: writes memory that changes while it is written, as a virtual machine's may.
 *
 * It is unknown which contents arrive, but they must be readable: a file system that computed its
 * checksum of other contents finds them damaged.
 *	unstable [-n WRITES] DEVICE
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "util.h"

#define LENGTH ((size_t)256 << 10)

static unsigned char *memory;
static volatile bool stop;

/* One byte of each page, again and again */
static void *change(void *unused)
{
	size_t at;

	(void)unused;
	while (!stop)
		for (at = 0; at < LENGTH && !stop; at += 4096)
			(*(volatile unsigned char *)(memory + at))++;
	return NULL;
}

static void write_all(int fd, u64 writes, u64 places)
{
	u64 i;

	for (i = 0; i < writes; i++)
		if (pwrite(fd, memory, LENGTH, i % places * LENGTH) != (ssize_t)LENGTH)
			die_errno("write");
	if (fsync(fd))
		die_errno("fsync");
}

int main(int argc, char **argv)
{
	u64 writes = 256, size;
	pthread_t thread;
	int o, fd;

	while ((o = getopt(argc, argv, "n:")) != -1)
		if (o == 'n')
			writes = number(optarg);
	if (argc - optind != 1)
		die("usage: unstable [-n WRITES] DEVICE");
	fd = open(argv[optind], O_RDWR | O_DIRECT);
	if (fd < 0)
		die_errno("%s", argv[optind]);
	size = file_size(fd);
	memory = aligned_memory(LENGTH);
	if (pthread_create(&thread, NULL, change, NULL))
		die("no thread");
	write_all(fd, writes, size / LENGTH);
	stop = true;
	pthread_join(thread, NULL);
	printf("%" PRIu64 " writes of %zu KiB that changed meanwhile\n", writes, LENGTH >> 10);
	return 0;
}
