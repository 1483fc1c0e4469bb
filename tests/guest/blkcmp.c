// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * blkcmp: does a disk show what its model says?
 *
 * Reads with direct I/O, each thread the next piece. The model's holes are known, but the
 * disk is read all the same: every byte of it, or with -q all data and samples of the
 * zeros between, or with -n so many pieces, all over the disk. With -N, memory runs out while a
 * thread reads: the kernel's allocation of that number fails, and how many threads had so many is
 * printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define PIECE		(2 * MIB)
#define SMALL_PIECE	(64 * KIB)
#define EDGE		(256 * KIB)
#define SAMPLE		(64 * KIB)
#define MAX_COMPLAINTS	10

struct piece {
	u64 start;
	u64 end;
};

static struct model model;
static struct piece *pieces;
static size_t nr_pieces, room;
static size_t next_piece, complaints;
static u64 bytes;
static u32 sector;
static int disk;
static u64 fail_nth;
static size_t faults;

static void add_range(u64 start, u64 end)
{
	start = round_down_u64(start, sector);
	end = min_u64(round_up_u64(end, sector), model.size);
	while (start < end) {
		u64 stop = min_u64(end, round_down_u64(start, PIECE) + PIECE);

		if (nr_pieces == room) {
			room = room ? 2 * room : 1024;
			pieces = realloc(pieces, room * sizeof(*pieces));
			if (!pieces)
				die("no memory");
		}
		pieces[nr_pieces++] = (struct piece){ start, stop };
		start = stop;
	}
}

/* Both ends of a hole, and places in it. */
static void add_hole(u64 start, u64 end, u64 *seed)
{
	u64 step = max_u64(256 * MIB, model.size / 512), at;

	if (end - start <= 2 * EDGE) {
		add_range(start, end);
		return;
	}
	add_range(start, start + EDGE);
	for (at = start; at + SAMPLE < end; at += step) {
		u64 place = at + random_below(seed, min_u64(step, end - at - SAMPLE));

		add_range(place, place + SAMPLE);
	}
	add_range(end - EDGE, end);
}

static void add_samples(u64 seed)
{
	u64 end = 0;
	size_t i;

	for (i = 0; i < model.nr_extents; i++) {
		const struct extent *e = &model.extents[i];

		if (end < e->start)
			add_hole(end, e->start, &seed);
		add_range(e->start, e->end);
		end = e->end;
	}
	if (end < model.size)
		add_hole(end, model.size, &seed);
}

static void add_few(u64 nr)
{
	u64 step = max_u64(model.size / nr, SMALL_PIECE), at;

	for (at = 0; at < model.size; at += step)
		add_range(at, at + SMALL_PIECE);
}

static void complain(u64 at, const char *what)
{
	if (__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED) < MAX_COMPLAINTS)
		printf("byte %" PRIu64 ": %s\n", at, what);
}

/* So that a read that leaves the memory alone cannot look right. */
static void poison(u8 *memory, size_t length)
{
	size_t i;

	for (i = 0; i < length; i += 512)
		memset(memory + i, 0xbd, 8);
}

static void check(const struct piece *piece, u8 *got, u8 *scratch, struct fault *fault)
{
	size_t length = piece->end - piece->start;
	ssize_t ret;
	u64 wrong;

	poison(got, length);
	fault_begin(fault);
	ret = pread(disk, got, length, (off_t)piece->start);
	fault_end(fault);
	if (ret < 0) {
		complain(piece->start, strerror(errno));
		return;
	}
	__atomic_fetch_add(&bytes, (u64)ret, __ATOMIC_RELAXED);
	if ((size_t)ret != length) {
		complain(piece->start + (u64)ret, "short read");
		return;
	}
	wrong = model_compare(&model, piece->start, got, length, scratch);
	if (wrong != MODEL_SAME)
		complain(wrong, "is not what it should be");
}

static void *work(void *unused)
{
	u8 *got = aligned_memory(PIECE), *scratch = aligned_memory(PIECE);
	struct fault fault;
	size_t i;

	fault_open(&fault, fail_nth);
	while ((i = __atomic_fetch_add(&next_piece, 1, __ATOMIC_RELAXED)) < nr_pieces)
		check(&pieces[i], got, scratch, &fault);
	if (fail_nth && !fault.left)
		__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
	fault_close(&fault);
	free(got);
	free(scratch);
	return unused;
}

static void run(unsigned int nr_threads)
{
	pthread_t threads[64];
	unsigned int i;

	for (i = 0; i < nr_threads; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			die("no thread");
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	u64 seed = 1, nr_threads = 4, few = 0;
	bool quick = false;
	int o;

	while ((o = getopt(argc, argv, "qj:s:n:N:")) != -1) {
		if (o == 'q')
			quick = true;
		else if (o == 'j')
			nr_threads = number(optarg);
		else if (o == 's')
			seed = number(optarg);
		else if (o == 'n')
			few = number(optarg);
		else if (o == 'N')
			fail_nth = number(optarg);
		else
			return 2;
	}
	if (argc - optind != 2 || !nr_threads || nr_threads > 64)
		die("usage: blkcmp [-q] [-j THREADS] [-s SEED] [-n PIECES] [-N COUNT] DISK MODEL");
	disk = open(argv[optind], O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		die_errno("%s", argv[optind]);
	model_open(&model, argv[optind + 1]);
	sector = sector_size(disk);
	if (file_size(disk) != model.size)
		die("%s has %" PRIu64 " bytes instead of %" PRIu64, argv[optind],
		    file_size(disk), model.size);
	if (few)
		add_few(few);
	else if (quick)
		add_samples(seed);
	else
		add_range(0, model.size);
	run((unsigned int)nr_threads);
	printf("%" PRIu64 " of %" PRIu64 " bytes compared, seed %" PRIu64 ", %zu complaints\n",
	       bytes, model.size, seed, complaints);
	if (fail_nth)
		printf("faults=%zu\n", faults);
	return complaints ? 1 : 0;
}
