// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * abuse: the ioctls with every argument that is wrong.
 *
 * usage: abuse IMAGE OTHER-FILE. Prints "ok CLAIM" or "not ok CLAIM (what came instead)";
 * no disk may be attached before, and none is afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uapi/vhdx.h"
#include "util.h"

#define PAGE 4096U

#define ATTACH_FLAGS	(VHDX_ATTACH_READ_ONLY | VHDX_ATTACH_NO_PARTSCAN | \
			 VHDX_ATTACH_AUTOCLEAR | VHDX_ATTACH_BUFFERED | \
			 VHDX_ATTACH_NO_REPLAY | VHDX_ATTACH_NO_HOLES)

/* Numbers of reasons are ABI. */
enum { NOT_A_FILE = 901, UNREADABLE = 902, UNWRITABLE = 914, OPEN_FOR_WRITING = 905,
	INDEX_TAKEN = 908, FILE_COUNT = 909, IN_USE = 911, UNKNOWN_DISK = 912, FLAGS = 913,
	TOO_SMALL = 101, DUPLICATE = 706, DEPTH = 707 };

static int control;
static const char *image_path;
static __s32 image;

static const char *name_of(int error)
{
	return error ? strerrorname_np(error) : "success";
}

static void claim(bool holds, const char *what, const char *detail)
{
	if (holds)
		printf("ok %s\n", what);
	else
		printf("not ok %s (%s)\n", what, detail);
}

static void expect(int got, int wanted, const char *what)
{
	char detail[100];

	snprintf(detail, sizeof(detail), "%s instead of %s", name_of(got), name_of(wanted));
	claim(got == wanted, what, detail);
}

static int call(unsigned long command, void *arg)
{
	return ioctl(control, command, arg) ? errno : 0;
}

static struct vhdx_ioc_attach good_attach(void)
{
	return (struct vhdx_ioc_attach){
		.size = sizeof(struct vhdx_ioc_attach),
		.flags = VHDX_ATTACH_READ_ONLY | VHDX_ATTACH_NO_PARTSCAN,
		.files = (uintptr_t)&image,
		.nr_files = 1,
		.index = -1,
	};
}

static int detach(int index)
{
	struct vhdx_ioc_detach arg = { .size = sizeof(arg), .index = index };
	int tries, error = EBUSY;

	/* udev looks at every new disk for a moment */
	for (tries = 0; error == EBUSY && tries < 500; tries++) {
		error = call(VHDX_IOC_DETACH, &arg);
		if (error == EBUSY)
			usleep(10000);
	}
	return error;
}

static bool any_disk(void)
{
	struct vhdx_ioc_status arg = { .size = sizeof(arg), .next = 1 };

	return call(VHDX_IOC_STATUS, &arg) != ENODEV;
}

static void no_disk(const char *after)
{
	char what[200];

	snprintf(what, sizeof(what), "P7: no disk is left after %s", after);
	claim(!any_disk(), what, "there is one");
}

/* -- sizes and tails, the same for all -- */

struct command {
	unsigned long number;
	u32 size;
	u32 min_size;
	int good;		/* what it returns for a structure of zeros but for the size */
	const char *name;
};

static const struct command commands[] = {
	{ VHDX_IOC_VERSION, sizeof(struct vhdx_ioc_version), VHDX_VERSION_MIN_SIZE, 0, "version" },
	{ VHDX_IOC_ATTACH, sizeof(struct vhdx_ioc_attach), VHDX_ATTACH_MIN_SIZE, EINVAL, "attach" },
	{ VHDX_IOC_DETACH, sizeof(struct vhdx_ioc_detach), VHDX_DETACH_MIN_SIZE, ENODEV, "detach" },
	{ VHDX_IOC_STATUS, sizeof(struct vhdx_ioc_status), VHDX_STATUS_MIN_SIZE, ENODEV, "status" },
	{ VHDX_IOC_SNAPSHOT, sizeof(struct vhdx_ioc_snapshot), VHDX_SNAPSHOT_MIN_SIZE, ENODEV,
	  "snapshot" },
};

static void sized(const struct command *c, u32 size, int wanted, const char *what)
{
	u8 *arg = aligned_memory(2 * PAGE);
	char text[200];

	memset(arg, 0, 2 * PAGE);
	memcpy(arg, &size, sizeof(size));
	snprintf(text, sizeof(text), "P7: %s with %s: %s", c->name, what, name_of(wanted));
	expect(call(c->number, arg), wanted, text);
	free(arg);
}

static void with_tail(const struct command *c, u32 tail, u32 at, int wanted, const char *what)
{
	u8 *arg = aligned_memory(2 * PAGE);
	u32 size = c->size + tail;
	char text[200];

	memset(arg, 0, 2 * PAGE);
	memcpy(arg, &size, sizeof(size));
	if (at)
		arg[c->size + at - 1] = 1;
	snprintf(text, sizeof(text), "P7: %s with %s: %s", c->name, what, name_of(wanted));
	expect(call(c->number, arg), wanted, text);
	free(arg);
}

static void sizes(const struct command *c)
{
	sized(c, 0, EINVAL, "size 0");
	sized(c, 1, EINVAL, "size 1");
	sized(c, 7, EINVAL, "size 7");
	sized(c, c->min_size - 1, EINVAL, "one byte too few");
	sized(c, c->min_size, c->good, "its smallest size");
	sized(c, c->size, c->good, "its size");
	with_tail(c, 1, 0, c->good, "one zero more");
	with_tail(c, 8, 0, c->good, "a tail of zeros");
	with_tail(c, 8, 1, E2BIG, "a tail whose first byte is not zero");
	with_tail(c, 8, 8, E2BIG, "a tail whose last byte is not zero");
	sized(c, PAGE, c->good, "a page");
	with_tail(c, PAGE - c->size, PAGE - c->size, E2BIG, "a page whose last byte is not zero");
	sized(c, PAGE + 1, E2BIG, "a page and a byte");
	sized(c, 0x80000000U, E2BIG, "2 GiB");
	sized(c, 0xffffffffU, E2BIG, "the largest size");
}

/* The last bytes of a mapped page, then one that is not. */
static u8 *at_end_of_memory(u32 bytes)
{
	u8 *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		die_errno("mmap");
	munmap(map + PAGE, PAGE);
	return map + PAGE - bytes;
}

static void pointers(const struct command *c)
{
	u8 *memory = aligned_memory(2 * PAGE), *end;
	char text[200];

	snprintf(text, sizeof(text), "P7: %s with NULL: EFAULT", c->name);
	expect(call(c->number, NULL), EFAULT, text);
	snprintf(text, sizeof(text), "P7: %s at a kernel address: EFAULT", c->name);
	expect(call(c->number, (void *)0xffff888000000000UL), EFAULT, text);
	end = at_end_of_memory(4);
	memcpy(end, &c->size, sizeof(c->size));
	snprintf(text, sizeof(text), "P7: %s that ends in unmapped memory: EFAULT", c->name);
	expect(call(c->number, end), EFAULT, text);
	end = at_end_of_memory(3);
	snprintf(text, sizeof(text), "P7: %s whose size is half unmapped: EFAULT", c->name);
	expect(call(c->number, end), EFAULT, text);
	memset(memory, 0, 2 * PAGE);
	memcpy(memory + 3, &c->size, sizeof(c->size));
	snprintf(text, sizeof(text), "P7: %s at an odd address works", c->name);
	expect(call(c->number, memory + 3), c->good, text);
	free(memory);
}

/* -- growth: programs with an older and with a newer header -- */

/* What a program with another header has for a number: only the size differs */
static unsigned long resized(unsigned long number, u32 size)
{
	return _IOC(_IOC_DIR(number), _IOC_TYPE(number), _IOC_NR(number), size);
}

/* Behind the smallest structure nothing is mapped, so writing one byte more is EFAULT. */
static void older_structures(void)
{
	struct vhdx_ioc_attach *attach = (void *)at_end_of_memory(VHDX_ATTACH_MIN_SIZE);
	struct vhdx_ioc_detach *out = (void *)at_end_of_memory(VHDX_DETACH_MIN_SIZE);
	struct vhdx_ioc_attach whole = good_attach();

	whole.size = VHDX_ATTACH_MIN_SIZE;
	memcpy(attach, &whole, VHDX_ATTACH_MIN_SIZE);
	expect(call(resized(VHDX_IOC_ATTACH, VHDX_ATTACH_MIN_SIZE), attach), 0,
	       "a program with an older, smaller structure attaches");
	claim(attach->diskseq && any_disk(), "and learns which disk it got", "it does not");
	memset(out, 0, VHDX_DETACH_MIN_SIZE);
	out->size = VHDX_DETACH_MIN_SIZE;
	out->index = attach->index;
	out->diskseq = attach->diskseq + 1;
	expect(call(resized(VHDX_IOC_DETACH, VHDX_DETACH_MIN_SIZE), out), ENODEV,
	       "its detach of another diskseq: ENODEV");
	claim(out->reason == UNKNOWN_DISK, "with the reason, which it knows", "another reason");
	expect(detach(attach->index), 0, "what it attached is detached");
}

static void newer_structures(void)
{
	struct {
		struct vhdx_ioc_attach known;
		u8 unknown[64];
	} arg = { .known = good_attach() };
	static const u8 zeros[sizeof(arg.unknown)];

	arg.known.size = sizeof(arg);
	expect(call(resized(VHDX_IOC_ATTACH, sizeof(arg)), &arg), 0,
	       "a program with a newer, larger structure that uses nothing new attaches");
	claim(arg.known.diskseq && !memcmp(arg.unknown, zeros, sizeof(zeros)),
	      "and what this module does not know stays zero", "it does not");
	expect(detach(arg.known.index), 0, "what it attached is detached");
	arg.known = good_attach();
	arg.known.size = sizeof(arg);
	arg.unknown[40] = 1;
	expect(call(resized(VHDX_IOC_ATTACH, sizeof(arg)), &arg), E2BIG,
	       "a structure that uses what this module does not know: E2BIG");
	no_disk("that");
}

static void unknown_commands(void)
{
	u8 arg[512] = { 0 };
	u32 number_of;

	for (number_of = sizeof(commands) / sizeof(*commands); number_of < 256; number_of++)
		if (call(_IOWR(VHDX_IOC_TYPE, number_of, arg), arg) != ENOTTY)
			break;
	claim(number_of == 256, "P7: every other ioctl of ours: ENOTTY", "one is known");
	expect(call(0, arg), ENOTTY, "P7: ioctl 0: ENOTTY");
	expect(call(0xffffffff, arg), ENOTTY, "P7: ioctl 0xffffffff: ENOTTY");
	expect(call(_IO(VHDX_IOC_TYPE, 1), arg), ENOTTY,
	       "P7: an ioctl of another direction: ENOTTY");
	expect(call(_IOWR(0xf6, 0, struct vhdx_ioc_version), arg), ENOTTY,
	       "an ioctl of LTTng's type is none of ours: ENOTTY");
	expect(call(_IO(0xf6, 0), arg), ENOTTY, "whatever its direction: ENOTTY");
}

/* -- attach -- */

static void attach_fails(struct vhdx_ioc_attach *arg, int error, u32 reason, const char *what)
{
	char detail[400];
	int got = call(VHDX_IOC_ATTACH, arg);

	snprintf(detail, sizeof(detail), "%s, reason %u, \"%.250s\" instead of %s, reason %u",
		 name_of(got), arg->reason, arg->message, name_of(error), reason);
	claim(got == error && arg->reason == reason && !arg->message[0] == !reason, what, detail);
	if (!got)
		detach(arg->index);
}

static void attach_chains(void)
{
	__s32 twice[] = { image, image }, none[] = { image, -1 };
	struct vhdx_ioc_attach arg = good_attach();

	arg.files = (uintptr_t)twice;
	arg.nr_files = 2;
	attach_fails(&arg, EOPNOTSUPP, DUPLICATE, "P7: a file as its own parent is refused");
	arg = good_attach();
	arg.files = (uintptr_t)none;
	arg.nr_files = 2;
	attach_fails(&arg, EBADF, 0, "P7: a parent that is no descriptor: EBADF");
}

static void attach_arguments(void)
{
	struct vhdx_ioc_attach arg = good_attach();
	u32 bit;

	for (bit = 0; bit < 32; bit++) {
		if (ATTACH_FLAGS & 1U << bit)
			continue;
		arg = good_attach();
		arg.flags |= 1U << bit;
		if (call(VHDX_IOC_ATTACH, &arg) != EINVAL || arg.reason != FLAGS)
			break;
	}
	claim(bit == 32, "P7: every unknown flag is refused with attach_flags", "one is not");
	arg = good_attach();
	arg.reserved = 1;
	attach_fails(&arg, EINVAL, FLAGS, "P7: a reserved field that is not zero is refused");
	arg = good_attach();
	arg.nr_files = 0;
	attach_fails(&arg, EINVAL, FILE_COUNT, "P7: no files are refused");
	arg = good_attach();
	arg.nr_files = VHDX_MAX_FILES + 1;
	attach_fails(&arg, EOPNOTSUPP, DEPTH, "P7: one file too many is refused");
	attach_chains();
	arg = good_attach();
	arg.nr_files = 0xffffffff;
	attach_fails(&arg, EOPNOTSUPP, DEPTH, "P7: 4294967295 files are refused");
	arg = good_attach();
	arg.flags &= ~VHDX_ATTACH_READ_ONLY;
	attach_fails(&arg, EINVAL, UNWRITABLE,
		     "P7: attaching read-write a file that is open for reading only is refused");
	arg = good_attach();
	arg.files = 0;
	attach_fails(&arg, EFAULT, 0, "P7: files at NULL: EFAULT");
	arg = good_attach();
	arg.files = (uintptr_t)at_end_of_memory(3);
	attach_fails(&arg, EFAULT, 0, "P7: files that end in unmapped memory: EFAULT");
	arg = good_attach();
	arg.files = 0xffffffffffffffffULL;
	attach_fails(&arg, EFAULT, 0, "P7: files at the last address: EFAULT");
}

/* Numbers no disk can have get an error like a number that is taken. */
static void attach_indices(void)
{
	static const int numbers[] = { 0x7fffffff, 1 << 20, 1 << 30, -2, -0x7fffffff - 1 };
	struct vhdx_ioc_attach arg;
	char text[100];
	size_t i;
	int error;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		arg = good_attach();
		arg.index = numbers[i];
		error = call(VHDX_IOC_ATTACH, &arg);
		if (!error)
			error = detach(arg.index);
		snprintf(text, sizeof(text), "P7: index %d works or is refused", numbers[i]);
		claim(!error || error == EINVAL || error == EBUSY || error == ENOMEM, text,
		      name_of(error));
	}
}

static void attach_fd(__s32 fd, int error, u32 reason, const char *what)
{
	struct vhdx_ioc_attach arg = good_attach();
	char text[200];

	arg.files = (uintptr_t)&fd;
	snprintf(text, sizeof(text), "P7: attaching %s: %s", what, name_of(error));
	attach_fails(&arg, error, reason, text);
	if (fd > 2)
		close(fd);
}

/* Which reason depends on the kernel; that there is one does not. */
static void attach_fd_somehow(__s32 fd, const char *what)
{
	struct vhdx_ioc_attach arg = good_attach();
	char text[200];
	int error;

	arg.files = (uintptr_t)&fd;
	error = call(VHDX_IOC_ATTACH, &arg);
	snprintf(text, sizeof(text), "P7: attaching %s is refused with a reason", what);
	claim(error && arg.reason && arg.message[0], text, name_of(error));
	if (!error)
		detach(arg.index);
	close(fd);
}

static __s32 opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die_errno("%s", path);
	return fd;
}

static void attach_descriptors(const char *other)
{
	int fds[2], fd;

	attach_fd(-1, EBADF, 0, "descriptor -1");
	attach_fd(-0x7fffffff, EBADF, 0, "descriptor -2147483647");
	attach_fd(0x7fffffff, EBADF, 0, "descriptor 2147483647");
	fd = opened(image_path, O_RDONLY);
	close(fd);
	attach_fd(fd, EBADF, 0, "a closed descriptor");
	if (pipe(fds))
		die_errno("pipe");
	attach_fd(fds[0], EINVAL, NOT_A_FILE, "the end of a pipe that is read");
	attach_fd(fds[1], EINVAL, NOT_A_FILE, "the end of a pipe that is written");
	attach_fd(socket(AF_UNIX, SOCK_STREAM, 0), EINVAL, NOT_A_FILE, "a socket");
	attach_fd(opened("/tmp", O_RDONLY | O_DIRECTORY), EINVAL, NOT_A_FILE, "a directory");
	attach_fd(opened("/dev/null", O_RDWR), EINVAL, NOT_A_FILE, "/dev/null");
	attach_fd(opened("/dev/zero", O_RDONLY), EINVAL, NOT_A_FILE, "/dev/zero");
	attach_fd(opened(VHDX_CONTROL_NODE, O_RDWR), EINVAL, NOT_A_FILE, "the control device");
	attach_fd(eventfd(0, 0), EINVAL, NOT_A_FILE, "an eventfd");
	attach_fd(opened(image_path, O_PATH), EBADF, 0, "a file opened with O_PATH");
	attach_fd(opened(other, O_WRONLY), EINVAL, UNREADABLE, "a file open for writing only");
	attach_fd(opened(other, O_RDWR), ETXTBSY, OPEN_FOR_WRITING, "a file open for writing");
	fd = memfd_create("empty", 0);
	attach_fd_somehow(fd, "a memfd");
	attach_fd_somehow(opened("/proc/self/status", O_RDONLY), "a file of /proc");
	attach_fd_somehow(opened("/sys/kernel/uevent_seqnum", O_RDONLY), "a file of /sys");
}

/* The result has nowhere to go: then there must be no disk. */
static void attach_into_read_only_memory(void)
{
	struct vhdx_ioc_attach *arg = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (arg == MAP_FAILED)
		die_errno("mmap");
	*arg = good_attach();
	if (mprotect(arg, PAGE, PROT_READ))
		die_errno("mprotect");
	expect(call(VHDX_IOC_ATTACH, arg), EFAULT, "P7: attach into read-only memory: EFAULT");
	no_disk("an attach into read-only memory");
	munmap(arg, PAGE);
}

static void attach_twice(void)
{
	struct vhdx_ioc_attach first = good_attach(), second = good_attach(), taken;

	expect(call(VHDX_IOC_ATTACH, &first), 0, "attach works");
	expect(call(VHDX_IOC_ATTACH, &second), 0, "P6: a file can be attached twice read-only");
	claim(first.index == 0 && second.index == 1, "the first free numbers are chosen",
	      "others were");
	claim(first.diskseq && second.diskseq > first.diskseq, "every disk has a new diskseq",
	      "it has not");
	taken = good_attach();
	taken.index = second.index;
	attach_fails(&taken, EBUSY, INDEX_TAKEN, "an index that is taken is refused");
	expect(detach(first.index), 0, "detach works");
	first = good_attach();
	call(VHDX_IOC_ATTACH, &first);
	claim(first.index == 0, "a number that was given back is chosen again", "it is not");
	detach(first.index);
	detach(second.index);
}

/* -- detach and status -- */

static void detach_fails(struct vhdx_ioc_detach arg, int error, u32 reason, const char *what)
{
	char detail[300];
	int got;

	arg.size = sizeof(arg);
	got = call(VHDX_IOC_DETACH, &arg);
	snprintf(detail, sizeof(detail), "%s, reason %u instead of %s, reason %u",
		 name_of(got), arg.reason, name_of(error), reason);
	claim(got == error && arg.reason == reason && !arg.message[0] == !reason, what, detail);
}

static void detach_arguments(void)
{
	struct vhdx_ioc_attach arg = good_attach();
	struct vhdx_ioc_detach out = { .size = sizeof(out) };
	u32 bit;

	detach_fails((struct vhdx_ioc_detach){ .index = 7 }, ENODEV, UNKNOWN_DISK,
		     "P7: detach of a disk that is not there: ENODEV");
	detach_fails((struct vhdx_ioc_detach){ .index = -1 }, ENODEV, UNKNOWN_DISK,
		     "P7: detach of disk -1: ENODEV");
	detach_fails((struct vhdx_ioc_detach){ .index = 0x7fffffff }, ENODEV, UNKNOWN_DISK,
		     "P7: detach of disk 2147483647: ENODEV");
	call(VHDX_IOC_ATTACH, &arg);
	out.index = arg.index;
	for (bit = 2; bit < 32; bit++) {
		out.flags = 1U << bit;
		if (call(VHDX_IOC_DETACH, &out) != EINVAL)
			break;
	}
	claim(bit == 32, "P7: every unknown flag of detach: EINVAL", "one is known");
	out.flags = VHDX_DETACH_LAZY | VHDX_DETACH_FORCE;
	expect(call(VHDX_IOC_DETACH, &out), EINVAL, "P7: detach lazily and by force: EINVAL");
	detach_fails((struct vhdx_ioc_detach){ .index = arg.index, .diskseq = arg.diskseq + 1 },
		     ENODEV, UNKNOWN_DISK, "detach of another diskseq: ENODEV");
	claim(any_disk(), "and the disk is still there", "it is gone");
	detach(arg.index);
	detach_fails((struct vhdx_ioc_detach){ .index = arg.index, .diskseq = arg.diskseq },
		     ENODEV, UNKNOWN_DISK, "detach of a disk that is gone: ENODEV");
}

static int status(int index, u32 next, struct vhdx_ioc_status *out)
{
	*out = (struct vhdx_ioc_status){ .size = sizeof(*out), .index = index, .next = next };
	return call(VHDX_IOC_STATUS, out);
}

static void status_iterates(void)
{
	static const int numbers[] = { 2, 5, 900 };
	struct vhdx_ioc_attach arg;
	struct vhdx_ioc_status out;
	int i, at = 0;

	for (i = 0; i < 3; i++) {
		arg = good_attach();
		arg.index = numbers[i];
		call(VHDX_IOC_ATTACH, &arg);
	}
	for (i = 0; !status(at, 1, &out); i++) {
		if (i >= 3 || out.index != numbers[i])
			break;
		at = out.index + 1;
	}
	claim(i == 3, "status with next visits every disk once, in order", "it does not");
	expect(status(5, 0, &out), 0, "status finds a disk by its number");
	expect(status(3, 0, &out), ENODEV, "status without next does not find the next one");
	expect(status(0, 2, &out), EINVAL, "P7: status with next 2: EINVAL");
	expect(status(-1, 1, &out), EINVAL, "P7: status of disk -1: EINVAL");
	for (i = 0; i < 3; i++)
		detach(numbers[i]);
}

/* -- permissions -- */

static void as_nobody(void)
{
	struct vhdx_ioc_attach arg = good_attach();
	struct vhdx_ioc_version release = { .size = sizeof(release) };
	int fd;

	if (setgid(65534) || setuid(65534))
		die_errno("setuid");
	fd = open(VHDX_CONTROL_NODE, O_RDWR);
	expect(fd < 0 ? errno : 0, EACCES, "the user nobody may not open the control device");
	expect(call(VHDX_IOC_ATTACH, &arg), EPERM,
	       "attach through a descriptor that root opened: EPERM");
	expect(call(VHDX_IOC_VERSION, &release), EPERM, "and version too: EPERM");
}

/* Root in its own user name space is not root. */
static void as_root_of_a_namespace(void)
{
	struct vhdx_ioc_attach arg = good_attach();

	if (unshare(CLONE_NEWUSER)) {
		printf("ok no user name spaces here\n");
		return;
	}
	expect(call(VHDX_IOC_ATTACH, &arg), EPERM, "attach by root of a user name space: EPERM");
}

static void in_child(void (*act)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		die_errno("fork");
	if (!child) {
		act();
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 3)
		die("usage: abuse IMAGE OTHER-FILE");
	image_path = argv[1];
	control = open(VHDX_CONTROL_NODE, O_RDWR | O_CLOEXEC);
	if (control < 0)
		die_errno("%s", VHDX_CONTROL_NODE);
	image = open(image_path, O_RDONLY | O_NOATIME | O_CLOEXEC);
	if (image < 0)
		die_errno("%s", image_path);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		sizes(&commands[i]);
		pointers(&commands[i]);
	}
	unknown_commands();
	older_structures();
	newer_structures();
	attach_arguments();
	attach_indices();
	attach_descriptors(argv[2]);
	no_disk("all that was refused");
	attach_into_read_only_memory();
	attach_twice();
	detach_arguments();
	status_iterates();
	in_child(as_nobody);
	in_child(as_root_of_a_namespace);
	no_disk("all of this");
	return 0;
}
