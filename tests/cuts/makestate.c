// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * makestate: make the state that a power cut may have left, of any device.
 *
 * Without a state: prints how many entries there are; with -m, which of them is the mark of that
 * text. With a state: writes it to a file, and prints the numbers of the last mark before the cut
 * and of the first after it, 0 if there is none.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "states.h"
#include "util.h"

static struct states states = { .seed = 1 };

static void print_marks(u64 cut)
{
	u64 i, before = 0, after = 0;

	for (i = 0; i < states.recording.nr_entries && !after; i++) {
		u32 mark = states.recording.entries[i].mark;

		if (mark && i <= cut)
			before = mark;
		if (mark && i >= cut)
			after = mark;
	}
	printf("%" PRIu64 " %" PRIu64 "\n", before, after);
}

static void write_state(const char *name, const char *output)
{
	u64 cut, subset, i;

	if (!states_parse(name, &cut, &subset) || cut > states.recording.nr_entries)
		die("%s: no such state", name);
	for (i = 1; i <= cut; i++)
		states_cut(&states, i);
	states_make(&states, cut, subset);
	device_save(&states.device, output);
	print_marks(cut);
}

static u64 find_mark(const char *text)
{
	u64 i;

	for (i = 0; i < states.recording.nr_entries; i++) {
		const struct entry *entry = &states.recording.entries[i];

		if (entry->text && entry->text_length == strlen(text) &&
		    !memcmp(entry->text, text, entry->text_length))
			return i;
	}
	die("there is no mark %s", text);
}

int main(int argc, char **argv)
{
	const char *initial = NULL, *log = NULL, *mark = NULL;
	int o;

	while ((o = getopt(argc, argv, "i:l:s:m:")) != -1) {
		if (o == 'i')
			initial = optarg;
		else if (o == 'l')
			log = optarg;
		else if (o == 's')
			states.seed = number(optarg);
		else if (o == 'm')
			mark = optarg;
	}
	argc -= optind;
	if (!initial || !log || (argc != 0 && argc != 2))
		die("usage: makestate -i INITIAL -l RECORDING "
		    "[-m MARK | [-s SEED] CUT.SUBSET OUTPUT]");
	recording_read(&states.recording, log);
	device_open(&states.device, initial);
	if (mark)
		printf("%" PRIu64 "\n", find_mark(mark));
	else if (argc)
		write_state(argv[optind], argv[optind + 1]);
	else
		printf("%" PRIu64 "\n", states.recording.nr_entries);
	return 0;
}
