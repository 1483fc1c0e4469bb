// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Environment: SEEDS, how many crashes of each writer; SEED, only that one, with each step printed,
 * and WRITER, of which writer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "recover.h"

static const struct writer writers[] = {
	{ "a writer that obeys the rules" },
	{ "a writer that reuses space the Tail on the disk covers", .reuses_early = true },
	{ "a writer whose Tail passes changes that are not flushed", .forgets_early = true },
	{ "a writer that applies entries that are not flushed", .applies_early = true },
};

static struct machine machine;

static enum verdict crash_once(const struct writer *writer, u64 seed, bool trace,
			       struct tally *tally)
{
	machine_run(&machine, writer, seed, trace);
	machine_crash(&machine);
	return recover(&machine, tally);
}

static void print_tally(const struct tally *t, const u64 found[VERDICTS])
{
	unsigned int i;

	for (i = 0; i < VERDICTS; i++)
		if (found[i])
			printf("#   %s: %llu\n", verdict_name(i), (unsigned long long)found[i]);
	printf("#   of those opened: newer than the last flush %llu, newest entries lost %llu, "
	       "over the ring's end %llu, file made longer %llu, %llu entries replayed\n",
	       (unsigned long long)t->newer, (unsigned long long)t->torn,
	       (unsigned long long)t->wrapped, (unsigned long long)t->longer,
	       (unsigned long long)t->entries);
}

/* Returns how many crashes did not end well. */
static u64 crash_many(const struct writer *writer, u64 seeds, bool print_failures)
{
	u64 found[VERDICTS] = { 0 }, seed;
	struct tally tally = { 0 };

	printf("# %s: seeds 1 to %llu\n", writer->name, (unsigned long long)seeds);
	for (seed = 1; seed <= seeds; seed++) {
		enum verdict verdict = crash_once(writer, seed, false, &tally);

		found[verdict]++;
		if (verdict && print_failures)
			printf("# SEED=%llu: %s\n", (unsigned long long)seed,
			       verdict_name(verdict));
	}
	print_tally(&tally, found);
	return seeds - found[RIGHT];
}

/* One in a hundred crashes shows what the subtlest of the broken rules does. */
#define SEEDS_OF_BROKEN 1000

static int crash_all(u64 seeds)
{
	int status = 0;
	unsigned int i;

	printf("KTAP version 1\n1..%zu\n", ARRAY_SIZE(writers));
	for (i = 0; i < ARRAY_SIZE(writers); i++) {
		u64 wrong = crash_many(&writers[i], i ? SEEDS_OF_BROKEN : seeds, !i);
		bool ok = i ? wrong > 0 : !wrong;

		printf("%sok %u - %s %s\n", ok ? "" : "not ", i + 1, writers[i].name,
		       i ? "loses something: these tests can fail" : "loses nothing");
		fflush(stdout);
		status |= !ok;
	}
	return status;
}

static u64 number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	u64 seed = number("SEED", 0), writer = number("WRITER", 0);
	struct tally tally = { 0 };
	enum verdict verdict;

	if (!seed)
		return crash_all(number("SEEDS", 3000));
	if (writer >= ARRAY_SIZE(writers))
		return 2;
	printf("KTAP version 1\n1..1\n");
	verdict = crash_once(&writers[writer], seed, true, &tally);
	printf("%sok 1 - %s, seed %llu: %s\n", verdict ? "not " : "", writers[writer].name,
	       (unsigned long long)seed, verdict_name(verdict));
	return verdict != RIGHT;
}
