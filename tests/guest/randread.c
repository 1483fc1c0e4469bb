// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * randread: random reads of a disk, many at a time, compared with its model.
 *
 * Places are chosen where it hurts: anywhere, around the ends of data, across block
 * borders, at both ends of the disk. Sizes are of all magnitudes up to -b. With -x instead one
 * sector in each extent of the model, each once, in no order. -r: no reading around mapped pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model.h"

enum mode { DIRECT, BUFFERED, MAPPED };

static const char *const mode_names[] = { "direct", "buffered", "mmap" };

static struct model model;
static enum mode mode = DIRECT;
static u64 seed = 1, max_bytes = MIB, block_size = MIB, granule, count = 1000;
static u64 next_read, bytes, complaints;
static u64 nr_errors, nr_short, nr_different;
static bool each_extent, read_around_not;
static int disk;

static u64 choose_length(u64 *chance)
{
	u64 magnitudes = 1, length;

	while (granule << magnitudes <= max_bytes)
		magnitudes++;
	length = granule << random_below(chance, magnitudes);
	length += random_below(chance, length);
	length = round_down_u64(min_u64(length, max_bytes), granule);
	return min_u64(max_u64(length, granule), model.size);
}

/* Where the read is to be about. */
static u64 choose_centre(u64 *chance)
{
	const struct extent *e;

	switch (random_below(chance, 8)) {
	case 0:
		return 0;
	case 1:
		return model.size;
	case 2:
	case 3:
		return block_size * random_below(chance, model.size / block_size + 1);
	case 4:
		return random_below(chance, model.size);
	default:
		if (!model.nr_extents)
			return random_below(chance, model.size);
		e = &model.extents[random_below(chance, model.nr_extents)];
		if (random_below(chance, 2))
			return e->start + random_below(chance, e->end - e->start);
		return random_below(chance, 2) ? e->start : e->end;
	}
}

static u64 choose_start(u64 *chance, u64 length)
{
	u64 centre = choose_centre(chance), before = random_below(chance, length + 1);
	u64 start = centre > before ? centre - before : 0;

	return round_down_u64(min_u64(start, model.size - length), granule);
}

/* A sector of the extent whose turn it is: a prime larger than any count visits all. */
static u64 choose_sector(u64 serial, u64 *chance)
{
	const struct extent *e;

	e = &model.extents[(serial * 2147483647 + seed % model.nr_extents) % model.nr_extents];
	return round_down_u64(e->start + random_below(chance, e->end - e->start), granule);
}

static __thread sigjmp_buf on_bus_error;

static void bus_error(int signal)
{
	(void)signal;
	siglongjmp(on_bus_error, 1);
}

/* A page that cannot be read raises SIGBUS in the process that touches it: here it is EIO. */
static ssize_t read_mapped(u8 *to, u64 start, u64 length)
{
	u64 skip = start % 4096;
	u8 *map = mmap(NULL, length + skip, PROT_READ, MAP_SHARED, disk, (off_t)(start - skip));

	if (map == MAP_FAILED)
		return -1;
	if (read_around_not)
		madvise(map, length + skip, MADV_RANDOM);
	if (sigsetjmp(on_bus_error, 1)) {
		munmap(map, length + skip);
		errno = EIO;
		return -1;
	}
	memcpy(to, map + skip, length);
	munmap(map, length + skip);
	return (ssize_t)length;
}

static void complain(u64 *counter, u64 start, u64 length, const char *what, u64 at)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	if (__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED) < 10)
		printf("%s read of %" PRIu64 " at %" PRIu64 ": %s at %" PRIu64 "\n",
		       mode_names[mode], length, start, what, at);
}

static void one_read(u64 serial, u8 *got, u8 *scratch)
{
	u64 chance = seed * 1000003 + serial;
	u64 length, start, wrong;
	ssize_t ret;

	length = each_extent ? granule : choose_length(&chance);
	start = each_extent ? choose_sector(serial, &chance) : choose_start(&chance, length);
	memset(got, 0xbd, min_u64(length, 64));
	if (mode == MAPPED)
		ret = read_mapped(got, start, length);
	else
		ret = pread(disk, got, length, (off_t)start);
	if (ret < 0) {
		complain(&nr_errors, start, length, strerror(errno), start);
		return;
	}
	if ((u64)ret != length) {
		complain(&nr_short, start, length, "short", start + (u64)ret);
		return;
	}
	__atomic_fetch_add(&bytes, length, __ATOMIC_RELAXED);
	wrong = model_compare(&model, start, got, length, scratch);
	if (wrong != MODEL_SAME)
		complain(&nr_different, start, length, "differs", wrong);
}

static void *work(void *unused)
{
	u8 *got = aligned_memory(max_bytes + 4096), *scratch = aligned_memory(max_bytes + 4096);
	u64 serial;

	while ((serial = __atomic_fetch_add(&next_read, 1, __ATOMIC_RELAXED)) < count)
		one_read(serial, got, scratch);
	free(got);
	free(scratch);
	return unused;
}

static enum mode parse_mode(const char *name)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(name, mode_names[i]))
			return i;
	die("no such mode: %s", name);
}

static u64 parse(int argc, char **argv)
{
	u64 nr_threads = 32;
	int o;

	while ((o = getopt(argc, argv, "m:n:t:s:b:B:xr")) != -1) {
		if (o == 'm')
			mode = parse_mode(optarg);
		else if (o == 'x')
			each_extent = true;
		else if (o == 'r')
			read_around_not = true;
		else if (o == 'n')
			count = number(optarg);
		else if (o == 't')
			nr_threads = number(optarg);
		else if (o == 's')
			seed = number(optarg);
		else if (o == 'b')
			max_bytes = number(optarg);
		else if (o == 'B')
			block_size = number(optarg);
		else
			exit(2);
	}
	if (argc - optind != 2 || !nr_threads || nr_threads > 256)
		die("usage: randread [-m direct|buffered|mmap] [-n COUNT] [-t THREADS] [-s SEED] "
		    "[-b MAX-BYTES] [-B BLOCK-SIZE] [-x] [-r] DISK MODEL");
	return nr_threads;
}

int main(int argc, char **argv)
{
	u64 nr_threads = parse(argc, argv), i;
	pthread_t threads[256];

	disk = open(argv[optind], O_RDONLY | O_CLOEXEC | (mode == DIRECT ? O_DIRECT : 0));
	if (disk < 0)
		die_errno("%s", argv[optind]);
	model_open(&model, argv[optind + 1]);
	if (file_size(disk) != model.size)
		die("%s is not of the model's size", argv[optind]);
	if (each_extent)
		count = model.nr_extents;
	granule = mode == DIRECT ? sector_size(disk) : 1;
	if (mode == MAPPED)
		signal(SIGBUS, bus_error);
	for (i = 0; i < nr_threads; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			die("no thread");
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	printf("%" PRIu64 " %s reads of %" PRIu64 " bytes in all, seed %" PRIu64 ", errors=%" PRIu64
	       " short=%" PRIu64 " different=%" PRIu64 "\n", count, mode_names[mode], bytes, seed,
	       nr_errors, nr_short, nr_different);
	return complaints ? 1 : 0;
}
