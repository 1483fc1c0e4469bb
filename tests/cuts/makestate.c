// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * makestate: make the state that a power cut may have left, of any device, for whoever looks at it.
 *
 * Without a state: tells how many entries there are. With one: writes it to a file, and prints
 * the numbers of the last mark before the cut and of the first after it, 0 if there is none.
 */
#include <inttypes.h>
#include <unistd.h>

#include "states.h"
#include "util.h"

static struct states states = { .seed = 1 };

static void tell_marks(u64 cut)
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
	tell_marks(cut);
}

int main(int argc, char **argv)
{
	const char *initial = NULL, *log = NULL;
	int o;

	while ((o = getopt(argc, argv, "i:l:s:")) != -1) {
		if (o == 'i')
			initial = optarg;
		else if (o == 'l')
			log = optarg;
		else if (o == 's')
			states.seed = number(optarg);
	}
	argc -= optind;
	if (!initial || !log || (argc != 0 && argc != 2))
		die("usage: makestate -i INITIAL -l RECORDING [-s SEED] [CUT.SUBSET OUTPUT]");
	recording_read(&states.recording, log);
	device_open(&states.device, initial);
	if (argc)
		write_state(argv[optind], argv[optind + 1]);
	else
		printf("%" PRIu64 "\n", states.recording.nr_entries);
	return 0;
}
