// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * memhog: needs more memory than there is, and looks whether it keeps its contents.
 *
 * Fills MIB of memory with numbered pages, then goes through them -r times as
 * chance has it, checking and changing each. Whatever was swapped out came back, or it dies.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

#define WORDS (4096 / sizeof(u64))

static u64 seed = 1, rounds = 2;

/* What page @page holds in round @round: no page is like another, and none compresses. */
static u64 word_of(u64 page, u64 round, u64 i)
{
	u64 state = (seed << 40) ^ (page << 12) ^ (round << 4) ^ i << 52;

	return random_u64(&state);
}

static void fill(u64 *memory, u64 page, u64 round)
{
	u64 i;

	for (i = 0; i < WORDS; i++)
		memory[page * WORDS + i] = word_of(page, round, i);
}

static bool is_right(const u64 *memory, u64 page, u64 round)
{
	u64 i;

	for (i = 0; i < WORDS; i++)
		if (memory[page * WORDS + i] != word_of(page, round, i))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	u64 pages, round, i, at, wrong = 0, *memory;
	int o;

	while ((o = getopt(argc, argv, "s:r:")) != -1) {
		if (o == 's')
			seed = number(optarg);
		else if (o == 'r')
			rounds = number(optarg);
	}
	if (argc - optind != 1)
		die("usage: memhog [-s SEED] [-r ROUNDS] MIB");
	pages = number(argv[optind]) * MIB / 4096;
	memory = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die_errno("memory");
	for (i = 0; i < pages; i++)
		fill(memory, i, 0);
	for (round = 0; round < rounds; round++)
		/* a prime larger than any count visits all, far from each other */
		for (i = 0, at = seed % pages; i < pages; i++, at = (at + 2147483647) % pages) {
			wrong += !is_right(memory, at, round);
			fill(memory, at, round + 1);
		}
	printf("memhog: %" PRIu64 " pages, %" PRIu64 " rounds, seed %" PRIu64 ", %" PRIu64
	       " wrong\n", pages, rounds, seed, wrong);
	return wrong ? 1 : 0;
}
