// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * ioctl: the control device's ioctls as they are, without vhdxctl's care.
 *
 * Prints one line, "errno=NAME reason=N ... message=TEXT", and succeeds if the ioctl did.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uapi/vhdx.h"
#include "util.h"

static const char usage[] =
	"usage: ioctl version\n"
	"       ioctl attach [-R] [-b] [-n] [-a] [-w] [-f FLAGS] [-i INDEX] [-o OPEN-FLAGS] FILE [PARENT...]\n"
	"                -R no replay, -b buffered, -n no partition scan, -a autoclear, -w not read-only\n"
	"       ioctl detach [-l] [-f] [-q DISKSEQ] INDEX\n"
	"       ioctl snapshot INDEX CHILD\n"
	"       ioctl status [-n] INDEX\n"
	"       -N COUNT, of attach, detach and snapshot: the allocation of that number fails";

static int control;
static u64 fail_nth;

/*
 * ioctl(), of which the Nth allocation fails. What is left of N afterwards is not zero if
 * there were fewer: then nothing failed.
 */
static int call(unsigned long command, void *arg)
{
	struct fault fault;
	int error;

	fault_open(&fault, fail_nth);
	fault_begin(&fault);
	error = ioctl(control, command, arg) ? errno : 0;
	fault_end(&fault);
	fault_close(&fault);
	if (fail_nth)
		printf("left=%" PRIu64 " ", fault.left);
	return error;
}

static const char *error_name(int error)
{
	return error ? strerrorname_np(error) : "0";
}

static int finish(int error, u32 reason, const char *message)
{
	printf("errno=%s reason=%u message=%s\n", error_name(error), reason, message);
	return error ? 1 : 0;
}

static int version(void)
{
	struct vhdx_ioc_version arg = { .size = sizeof(arg) };
	int error = call(VHDX_IOC_VERSION, &arg);

	printf("errno=%s abi=%u release=%.*s\n", error_name(error), arg.abi,
	       VHDX_RELEASE_SIZE, arg.release);
	return error ? 1 : 0;
}

static int attach(int argc, char **argv)
{
	struct vhdx_ioc_attach arg = { .size = sizeof(arg), .index = -1 };
	int o, error, flags = O_RDONLY;
	__s32 *fds;

	arg.flags = VHDX_ATTACH_READ_ONLY;
	while ((o = getopt(argc, argv, "Rbnawf:i:o:N:")) != -1) {
		if (o == 'R')
			arg.flags |= VHDX_ATTACH_NO_REPLAY;
		else if (o == 'b')
			arg.flags |= VHDX_ATTACH_BUFFERED;
		else if (o == 'n')
			arg.flags |= VHDX_ATTACH_NO_PARTSCAN;
		else if (o == 'a')
			arg.flags |= VHDX_ATTACH_AUTOCLEAR;
		else if (o == 'w')
			arg.flags &= ~VHDX_ATTACH_READ_ONLY;
		else if (o == 'f')
			arg.flags = (u32)number(optarg);
		else if (o == 'i')
			arg.index = atoi(optarg);
		else if (o == 'N')
			fail_nth = number(optarg);
		else if (o == 'o')
			flags = (int)number(optarg);
		else
			die("%s", usage);
	}
	if (argc - optind < 1)
		die("%s", usage);
	fds = calloc((size_t)(argc - optind), sizeof(*fds));
	if (!fds)
		die("no memory");
	/* a parent is only ever read */
	for (; optind < argc; optind++, flags = O_RDONLY) {
		int fd = open(argv[optind], flags | O_NOATIME | O_CLOEXEC);

		if (fd < 0)
			die_errno("%s", argv[optind]);
		fds[arg.nr_files++] = fd;
	}
	arg.files = (uintptr_t)fds;
	error = call(VHDX_IOC_ATTACH, &arg);
	printf("index=%d major=%u minor=%u diskseq=%llu ", arg.index, arg.major, arg.minor,
	       (unsigned long long)arg.diskseq);
	return finish(error, arg.reason, arg.message);
}

static int detach(int argc, char **argv)
{
	struct vhdx_ioc_detach arg = { .size = sizeof(arg) };
	int o, error;

	while ((o = getopt(argc, argv, "lfq:N:")) != -1) {
		if (o == 'l')
			arg.flags |= VHDX_DETACH_LAZY;
		else if (o == 'f')
			arg.flags |= VHDX_DETACH_FORCE;
		else if (o == 'q')
			arg.diskseq = number(optarg);
		else if (o == 'N')
			fail_nth = number(optarg);
		else
			die("%s", usage);
	}
	if (argc - optind != 1)
		die("%s", usage);
	arg.index = atoi(argv[optind]);
	error = call(VHDX_IOC_DETACH, &arg);
	return finish(error, arg.reason, arg.message);
}

static int snapshot(int argc, char **argv)
{
	struct vhdx_ioc_snapshot arg = { .size = sizeof(arg) };
	int o, error;

	while ((o = getopt(argc, argv, "N:")) != -1) {
		if (o != 'N')
			die("%s", usage);
		fail_nth = number(optarg);
	}
	if (argc - optind != 2)
		die("%s", usage);
	arg.index = atoi(argv[optind]);
	arg.fd = open(argv[optind + 1], O_RDWR | O_CLOEXEC);
	if (arg.fd < 0)
		die_errno("%s", argv[optind + 1]);
	error = call(VHDX_IOC_SNAPSHOT, &arg);
	return finish(error, arg.reason, arg.message);
}

static int status(int argc, char **argv)
{
	struct vhdx_ioc_status arg = { .size = sizeof(arg) };
	int o, error;

	while ((o = getopt(argc, argv, "n")) != -1) {
		if (o != 'n')
			die("%s", usage);
		arg.next = 1;
	}
	if (argc - optind != 1)
		die("%s", usage);
	arg.index = atoi(argv[optind]);
	error = call(VHDX_IOC_STATUS, &arg);
	printf("errno=%s index=%d flags=%#x type=%u nr_files=%u replayed=%u openers=%u "
	       "block_size=%u disk_size=%llu logical=%u physical=%u dev=%u:%u file=%u:%u inode=%llu "
	       "diskseq=%llu\n",
	       error_name(error), arg.index, arg.flags, arg.type, arg.nr_files, arg.replayed,
	       arg.openers, arg.block_size, (unsigned long long)arg.disk_size,
	       arg.logical_sector_size, arg.physical_sector_size, arg.major, arg.minor,
	       arg.file_major, arg.file_minor, (unsigned long long)arg.file_inode,
	       (unsigned long long)arg.diskseq);
	return error ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	control = open(VHDX_CONTROL_NODE, O_RDWR | O_CLOEXEC);
	if (control < 0)
		die_errno("%s", VHDX_CONTROL_NODE);
	if (!strcmp(verb, "version"))
		return version();
	if (!strcmp(verb, "attach"))
		return attach(argc - 1, argv + 1);
	if (!strcmp(verb, "detach"))
		return detach(argc - 1, argv + 1);
	if (!strcmp(verb, "snapshot"))
		return snapshot(argc - 1, argv + 1);
	if (!strcmp(verb, "status"))
		return status(argc - 1, argv + 1);
	die("%s", usage);
}
