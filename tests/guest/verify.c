// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * verify: does a disk show what its writer left there?
 *
 * Every byte is read, of a disk or of a raw file; with -t only each MiB that the writer touched,
 * those next to it and a sample of the others. What was there before the writer is that of the
 * model, if there is one, or zeros.
 *
 * Nothing was cut: what was completed must be there. With -c AFTER:BEFORE the power was, between
 * two marks of the journal, given by number (0: there is none): what was flushed must be there,
 * and nothing later than that; with -e it was at the end.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "model.h"

static struct model model;
static u8 scratch[STAMP_SIZE];

static bool model_shows(void *context, u64 sector, const u8 *data)
{
	(void)context;
	return model_compare(&model, sector * STAMP_SIZE, data, STAMP_SIZE, scratch) ==
	       MODEL_SAME;
}

static void print_finding(const struct history_finding *f)
{
	printf("sector %" PRIu64 ": %s; wanted: generation %" PRIu64 ", it says: generation %"
	       PRIu64 " of sector %" PRIu64 "\n", f->sector, history_fault_name(f->fault),
	       f->wanted, f->stamp.generation, f->stamp.sector);
}

static bool touched_only, cut, cut_at_end;
static u64 after, before, nr_read;

static bool is_touched(const struct history *history, u64 unit)
{
	u64 i;

	for (i = unit ? unit - 1 : 0; i <= unit + 1 && i < history->nr_units; i++)
		if (history->units[i])
			return true;
	return false;
}

static bool is_wanted(const struct history *history, u64 unit)
{
	u64 chance = history->seed + unit;

	return !touched_only || is_touched(history, unit) ||
	       random_below(&chance, history->nr_units) < 64;
}

static u64 mark_position(const struct history *history, u64 mark)
{
	if (mark > history->nr_marks)
		die("there are %" PRIu64 " marks", history->nr_marks);
	return history->marks[mark].position;
}

/* Goes on to what is required; returns the position in the journal from which on nothing was. */
static u64 require(struct history *history)
{
	if (!cut)
		history_settle(history);
	else if (cut_at_end)
		history_advance(history, history->events);
	else if (after)
		history_advance(history, mark_position(history, after));
	return before ? mark_position(history, before) : NEVER;
}

static u64 verify(const struct history *history, u64 until, int disk)
{
	u8 *piece = aligned_memory(UNIT_BYTES);
	u64 offset, length, wrong, all = 0;
	struct history_finding finding;

	for (offset = 0; offset < history->bytes; offset += length) {
		length = min_u64(UNIT_BYTES, history->bytes - offset);
		if (!is_wanted(history, offset / UNIT_BYTES))
			continue;
		if (pread(disk, piece, length, (off_t)offset) != (ssize_t)length)
			die_errno("reading %" PRIu64 " bytes at %" PRIu64, length, offset);
		nr_read += length;
		wrong = history_check(history, offset / STAMP_SIZE, piece, length / STAMP_SIZE,
				      until, &finding);
		if (wrong && all < 10)
			print_finding(&finding);
		all += wrong;
	}
	free(piece);
	return all;
}

static int open_disk(const char *path)
{
	int disk = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (disk < 0)
		disk = open(path, O_RDONLY | O_CLOEXEC);
	if (disk < 0)
		die_errno("%s", path);
	return disk;
}

static const char usage[] = "usage: verify [-t] [-c AFTER:BEFORE | -e] DISK JOURNAL [MODEL]";

static void parse(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "tc:e")) != -1) {
		if (o == 't')
			touched_only = true;
		else if (o == 'e')
			cut = cut_at_end = true;
		else if (o == 'c' && sscanf(optarg, "%" SCNu64 ":%" SCNu64, &after, &before) == 2)
			cut = true;
		else
			die("%s", usage);
	}
	if (argc - optind != 2 && argc - optind != 3)
		die("%s", usage);
}

int main(int argc, char **argv)
{
	struct history history;
	u64 wrong, until;
	int disk;

	parse(argc, argv);
	argv += optind;
	disk = open_disk(argv[0]);
	history_read(&history, argv[1]);
	if (argv[2]) {
		model_open(&model, argv[2]);
		history.base = model_shows;
	}
	if (file_size(disk) != history.bytes)
		die("%s has %" PRIu64 " bytes instead of %" PRIu64, argv[0], file_size(disk),
		    history.bytes);
	until = require(&history);
	wrong = verify(&history, until, disk);
	printf("verify: %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64 " operations, seed %" PRIu64
	       ", %" PRIu64 " sectors wrong\n",
	       nr_read, history.bytes, history.nr_ops, history.seed, wrong);
	return wrong ? 1 : 0;
}
