// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * damage: change an image in one place, attach it, read some of it, detach it, put it right
 * again; as often as wanted.
 *
 * Places are where the structures of an ordinary image of the builder are. An attach may work
 * or fail, but a failure has a reason, and a disk gives data or EIO and goes away again.
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

/* Where structures begin, and how far they are dense with meaning. */
static const struct {
	u64 start;
	u64 length;
} places[] = {
	{ 0, 520 },			/* identifier */
	{ 64 * KIB, 80 },		/* header 1 */
	{ 128 * KIB, 80 },		/* header 2 */
	{ 192 * KIB, 80 },		/* region table 1 */
	{ 256 * KIB, 80 },		/* region table 2 */
	{ 2 * MIB, 256 },		/* metadata table */
	{ 2 * MIB + 64 * KIB, 64 },	/* metadata items */
	{ 3 * MIB, 512 },		/* BAT */
};

static int control;
static u64 attached, refused, complaints;

static void complain(u64 place, const char *what)
{
	printf("byte %" PRIu64 " changed: %s\n", place, what);
	complaints++;
}

static void read_some(u64 place, const char *disk)
{
	u8 *memory = aligned_memory(MIB);
	int fd = open(disk, O_RDONLY | O_DIRECT | O_CLOEXEC);
	u64 at, size;

	if (fd < 0) {
		complain(place, "the disk cannot be opened");
	} else {
		size = file_size(fd);
		for (at = 0; at < min_u64(size, 8 * MIB); at += MIB)
			if (pread(fd, memory, 64 * KIB, (off_t)at) < 0 && errno != EIO)
				complain(place, strerror(errno));
		close(fd);
	}
	free(memory);
}

static void detach(u64 place, int index)
{
	struct vhdx_ioc_detach arg = {
		.size = sizeof(arg),
		.index = index,
		.flags = VHDX_DETACH_FORCE,
	};

	if (ioctl(control, VHDX_IOC_DETACH, &arg))
		complain(place, "detach failed");
}

static void attach(const char *path, u64 place)
{
	struct vhdx_ioc_attach arg = {
		.size = sizeof(arg),
		.flags = VHDX_ATTACH_READ_ONLY | VHDX_ATTACH_NO_PARTSCAN,
		.nr_files = 1,
		.index = -1,
	};
	__s32 fd = open(path, O_RDONLY | O_CLOEXEC);
	char disk[32];

	if (fd < 0)
		die_errno("%s", path);
	arg.files = (uintptr_t)&fd;
	if (ioctl(control, VHDX_IOC_ATTACH, &arg)) {
		refused++;
		if (!arg.reason || !arg.message[0])
			complain(place, "refused without a reason");
	} else {
		attached++;
		snprintf(disk, sizeof(disk), "/dev/vhdx%d", arg.index);
		read_some(place, disk);
		detach(place, arg.index);
	}
	close(fd);
}

static void change(const char *path, u64 place, u32 add, size_t length)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	u32 word = 0;

	if (fd < 0 || pread(fd, &word, length, (off_t)place) != (ssize_t)length)
		die_errno("%s", path);
	word += add;
	if (pwrite(fd, &word, length, (off_t)place) != (ssize_t)length)
		die_errno("%s", path);
	close(fd);
}

int main(int argc, char **argv)
{
	u64 count, chance, i, which, place;
	size_t length;
	u32 add;

	if (argc != 4)
		die("usage: damage IMAGE COUNT SEED");
	count = number(argv[2]);
	chance = number(argv[3]);
	control = open(VHDX_CONTROL_NODE, O_RDWR | O_CLOEXEC);
	if (control < 0)
		die_errno("%s", VHDX_CONTROL_NODE);
	for (i = 0; i < count; i++) {
		which = random_below(&chance, sizeof(places) / sizeof(*places));
		place = places[which].start + random_below(&chance, places[which].length);
		length = 1 + random_below(&chance, 4);
		add = (u32)random_u64(&chance) | 1;
		change(argv[1], place, add, length);
		attach(argv[1], place);
		change(argv[1], place, -add, length);
	}
	printf("%" PRIu64 " damaged images, seed %s: %" PRIu64 " refused, %" PRIu64
	       " attached, %" PRIu64 " complaints\n",
	       count, argv[3], refused, attached, complaints);
	return complaints ? 1 : 0;
}
