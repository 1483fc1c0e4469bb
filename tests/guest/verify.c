// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify: does a disk show what its writer left there?
 *
 * Every byte is read, of a disk or of a raw file; with -t only each MiB that the writer touched,
 * those next to it and a sample of the others. Nothing was cut: what was completed must be
 * there. What was there before the writer is that of the model, if there is one, or zeros.
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

static void tell(const struct history_finding *f)
{
	printf("sector %" PRIu64 ": %s; wanted: generation %" PRIu64 ", it says: generation %"
	       PRIu64 " of sector %" PRIu64 "\n", f->sector, history_fault_name(f->fault),
	       f->wanted, f->stamp.generation, f->stamp.sector);
}

static bool touched_only;
static u64 nr_read;

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

static u64 verify(const struct history *history, int disk)
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
				      NEVER, &finding);
		if (wrong && all < 10)
			tell(&finding);
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

int main(int argc, char **argv)
{
	struct history history;
	u64 wrong;
	int disk;

	if (argc > 1 && !strcmp(argv[1], "-t")) {
		touched_only = true;
		argc--;
		argv++;
	}
	if (argc != 3 && argc != 4)
		die("usage: verify [-t] DISK JOURNAL [MODEL]");
	disk = open_disk(argv[1]);
	history_read(&history, argv[2]);
	if (argc == 4) {
		model_open(&model, argv[3]);
		history.base = model_shows;
	}
	if (file_size(disk) != history.bytes)
		die("%s has %" PRIu64 " bytes instead of %" PRIu64, argv[1], file_size(disk),
		    history.bytes);
	history_settle(&history);
	wrong = verify(&history, disk);
	printf("verify: %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64 " operations, seed %" PRIu64
	       ", %" PRIu64 " sectors wrong\n", nr_read, history.bytes, history.nr_ops, history.seed, wrong);
	return wrong ? 1 : 0;
}
