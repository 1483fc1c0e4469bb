// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * nthfail: a block device over a file, the Nth change of which fails.
 *
 * Serves FILE as the network block device DEVICE of this machine, in this process. Writes,
 * discards, zeroes and flushes are counted from the start; number -n fails with EIO, or all
 * from there on with -f, or it does nothing and says that all is well with -q (then a test
 * must fail). Reads work. On SIGTERM the device goes; how many changes there were is printed.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util.h"

static u64 nth, changes;
static bool from_then_on, quietly;
static int file, device, ours;

/* -- serving -- */

static bool get(void *buffer, size_t length)
{
	ssize_t got;

	for (; length; buffer = (u8 *)buffer + got, length -= (size_t)got) {
		got = read(ours, buffer, length);
		if (got <= 0)
			return false;
	}
	return true;
}

static void put(const void *buffer, size_t length)
{
	ssize_t done;

	for (; length; buffer = (const u8 *)buffer + done, length -= (size_t)done) {
		done = write(ours, buffer, length);
		if (done <= 0)
			die_errno("answering");
	}
}

/* Whether this change is to be made; if not, what to answer */
static bool may_happen(int *error)
{
	u64 number = __atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);

	*error = 0;
	if (!nth || number < nth || (number > nth && !from_then_on))
		return true;
	*error = quietly ? 0 : EIO;
	return false;
}

static int punch(u64 offset, u64 length)
{
	return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			 (off_t)length) ? errno : 0;
}

static int do_change(u32 type, u64 offset, u64 length, const u8 *data)
{
	switch (type) {
	case NBD_CMD_WRITE:
		return pwrite(file, data, length, (off_t)offset) == (ssize_t)length ? 0 : EIO;
	case NBD_CMD_TRIM:
		return punch(offset, length);
	case NBD_CMD_FLUSH:
		return 0;
	default:
		return EINVAL;
	}
}

/* A reader that is left when the test ends would wait for ever. */
static void linger(void)
{
	const struct timeval moment = { .tv_usec = 200000 };

	setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
}

static void serve(u8 *buffer)
{
	struct nbd_request request;
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };

	while (get(&request, sizeof(request))) {
		u32 type = ntohl(request.type) & 0xffff, length = ntohl(request.len);
		u64 offset = be64toh(request.from);
		int error = 0;

		if (type == NBD_CMD_DISC) {
			linger();
			continue;
		}
		if (length > 32 * MIB && type != NBD_CMD_TRIM)
			die("a request of %u bytes", length);
		if (type == NBD_CMD_WRITE && !get(buffer, length))
			return;
		if (type == NBD_CMD_READ)
			error = pread(file, buffer, length, (off_t)offset) != (ssize_t)length ?
				EIO : 0;
		else if (may_happen(&error))
			error = do_change(type, offset, length, buffer);
		memcpy(reply.handle, request.handle, sizeof(reply.handle));
		reply.error = htonl((u32)error);
		put(&reply, sizeof(reply));
		if (type == NBD_CMD_READ && !error)
			put(buffer, length);
	}
}

/* -- the device -- */

static void *be_the_device(void *unused)
{
	(void)unused;
	ioctl(device, NBD_DO_IT);
	ioctl(device, NBD_CLEAR_QUE);
	ioctl(device, NBD_CLEAR_SOCK);
	return NULL;
}

static void make_device(const char *path)
{
	unsigned long flags = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_TRIM;
	int pair[2];

	device = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0)
		die_errno("%s", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die_errno("a socket");
	ours = pair[1];
	if (ioctl(device, NBD_SET_BLKSIZE, 512UL) ||
	    ioctl(device, NBD_SET_SIZE_BLOCKS, (unsigned long)(file_size(file) / 512)) ||
	    ioctl(device, NBD_SET_SOCK, pair[0]) || ioctl(device, NBD_SET_FLAGS, flags))
		die_errno("%s", path);
}

static void *wait_for_end(void *signals)
{
	int number;

	sigwait(signals, &number);
	ioctl(device, NBD_DISCONNECT);
	return NULL;
}

static const char usage[] = "usage: nthfail [-n N] [-f | -q] FILE DEVICE";

static void parse(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "n:fq")) != -1) {
		switch (o) {
		case 'n': nth = number(optarg); break;
		case 'f': from_then_on = true; break;
		case 'q': quietly = true; break;
		default: die("%s", usage);
		}
	}
	if (argc - optind != 2)
		die("%s", usage);
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	sigset_t signals;

	parse(argc, argv);
	file = open(argv[optind], O_RDWR | O_CLOEXEC);
	if (file < 0)
		die_errno("%s", argv[optind]);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	make_device(argv[optind + 1]);
	if (pthread_create(&threads[0], NULL, be_the_device, NULL) ||
	    pthread_create(&threads[1], NULL, wait_for_end, &signals))
		die("no thread");
	serve(aligned_memory(32 * MIB));
	shutdown(ours, SHUT_RDWR);
	pthread_join(threads[0], NULL);
	printf("%" PRIu64 "\n", changes);
	return 0;
}
