// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * judge: a power cut at each point of a recording; does the image lose anything?
 *
 * All states of states.h, or one of them; or one image that another program made.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "judge.h"
#include "states.h"

/*
 * struct options - the command line
 * @subsets:	states of each cut besides the whole
 * @every:	judge only each so many-th cut
 * @child:	where a child begins in which the disk may have gone on, or 0
 * @only:	judge only this state
 */
static struct {
	const char *initial, *parent, *journal, *log, *state, *output, *tamper[16];
	u64 subsets, every, child, only_cut, only_subset, after, before, nr_tampers;
	bool only, list;
} options = { .subsets = 2, .every = 1 };

static struct states states = { .seed = 1 };
static struct judge judge;
static u64 next_mark = 1, prefixes, wrong;

/* Of each kind of fault: how many states */
static struct {
	const char *kind;
	u64 count;
} kinds[32];

/* -- where marks are -- */

/* Marks stand in the recording, or the journal knows how much was recorded. */
static void find_marks(void)
{
	struct history *h = &judge.history;
	u64 i, found = 0, last = 0;

	for (i = 0; i < states.recording.nr_entries; i++) {
		u32 mark = states.recording.entries[i].mark;

		if (mark && mark <= h->nr_marks && h->marks[mark].entries == NEVER)
			h->marks[mark].entries = i;
	}
	for (i = 1; i <= h->nr_marks; i++) {
		found += h->marks[i].entries != NEVER;
		if (h->marks[i].entries < last)
			die("mark %" PRIu64 " of the journal comes too early in the recording", i);
		last = h->marks[i].entries;
	}
	if (!found)
		die("the recording has no marks of the journal's");
}

/* Require what was durable at the last mark before a cut; where the next mark is. */
static u64 advance(u64 cut)
{
	struct history *h = &judge.history;
	u64 mark;

	while (next_mark <= h->nr_marks && h->marks[next_mark].entries <= cut)
		history_advance(h, h->marks[next_mark++].position);
	/* one exactly here serves as both */
	mark = next_mark;
	if (mark > 1 && h->marks[mark - 1].entries == cut)
		mark--;
	return mark <= h->nr_marks ? h->marks[mark].position : NEVER;
}

/* -- states -- */

/* Returns how many there are of it now. */
static u64 count_kind(const char *kind)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) - 1 && kinds[i].kind && strcmp(kinds[i].kind, kind))
		i++;
	kinds[i].kind = kind;
	return ++kinds[i].count;
}

static void complain(u64 cut, u64 subset, const struct verdict *verdict)
{
	char text[600];

	wrong++;
	if (count_kind(judge_kind(verdict)) > 3)
		return;
	judge_say(verdict, text, sizeof(text));
	printf("state %" PRIu64 ".%" PRIu64 ": %s\n", cut, subset, text);
}

static void judge_one(u64 cut, u64 subset, u64 until)
{
	struct verdict verdict;

	states_make(&states, cut, subset);
	prefixes += !subset;
	if (!judge_state(&judge, until, &verdict))
		complain(cut, subset, &verdict);
	if (options.output)
		device_save(&states.device, options.output);
}

static void judge_cut(u64 cut, u64 until)
{
	u64 subset;

	if (options.only) {
		if (cut == options.only_cut)
			judge_one(cut, options.only_subset, until);
		return;
	}
	/* the last one misses whatever was ever lost */
	if (cut % options.every && cut < states.recording.nr_entries)
		return;
	judge_one(cut, 0, until);
	/* nothing that could be missing? */
	if (cut == states.base)
		return;
	for (subset = 1; subset <= options.subsets; subset++)
		judge_one(cut, subset, until);
}

static void judge_all(void)
{
	u64 cut;

	for (cut = 0; cut <= states.recording.nr_entries; cut++) {
		states_cut(&states, cut);
		judge_cut(cut, advance(cut));
	}
}

/* A state that another program made: between two marks, given by number. */
static void judge_given(void)
{
	struct history *h = &judge.history;
	struct verdict verdict;
	char text[600];

	if (options.after > h->nr_marks || options.before > h->nr_marks)
		die("there are %" PRIu64 " marks", h->nr_marks);
	if (options.after)
		history_advance(h, h->marks[options.after].position);
	if (judge_state(&judge, options.before ? h->marks[options.before].position : NEVER,
			&verdict))
		return;
	wrong = 1;
	judge_say(&verdict, text, sizeof(text));
	printf("%s: %s\n", options.state, text);
}

/* -- telling -- */

static const char *part(const struct entry *entry)
{
	if (options.child && entry->offset >= options.child)
		return "child";
	return image_part(&judge.initial, entry->offset);
}

static void list(void)
{
	u64 i;

	for (i = 0; i < states.recording.nr_entries; i++) {
		const struct entry *e = &states.recording.entries[i];

		printf("%" PRIu64 "\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s%s", i,
		       e->mark ? "mark" : !e->length ? "-" : !e->data ? "discard" :
		       part(e), e->offset, e->length,
		       e->flush ? "flush " : "", e->synced ? "synced" : "");
		if (e->mark)
			printf("%u", e->mark);
		putchar('\n');
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_summary(double seconds)
{
	const struct judge *j = &judge;
	unsigned int i;

	printf("%" PRIu64 " entries, %" PRIu64 " marks, %" PRIu64 " operations; %" PRIu64
	       " states: %" PRIu64 " whole, %" PRIu64 " in part; %" PRIu64 " with a log to replay, "
	       "of %.1f entries; %" PRIu64 " MiB compared; seed %" PRIu64 ", %.0f states/s\n",
	       states.recording.nr_entries, j->history.nr_marks, j->history.nr_ops, j->states,
	       prefixes, j->states - prefixes, j->dirty,
	       j->dirty ? (double)j->entries / j->dirty : 0, j->units, states.seed,
	       j->states / (seconds > 0.001 ? seconds : 0.001));
	if (options.child)
		printf("%" PRIu64 " of them with a child\n", j->chained);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind)
			printf("wrong: %" PRIu64 " states: %s\n", kinds[i].count, kinds[i].kind);
	printf("%" PRIu64 " states are wrong\n", wrong);
}

static void print_again(int argc, char **argv)
{
	int i;

	if (!wrong || options.only || options.state)
		return;
	printf("again:");
	for (i = 0; i < argc; i++)
		printf(" %s", argv[i]);
	printf(" --state C.K -o broken.vhdx\n");
}

/* -- options -- */

static const char usage[] =
	"usage: judge [OPTION...] -i INITIAL [-p SHOWN-BY-PARENT] -j JOURNAL -l RECORDING\n"
	"       judge -i INITIAL -j JOURNAL -x IMAGE [-a MARK] [-b MARK]\n"
	"  -s, --seed SEED	-r, --subsets N of each cut	-e, --every N-th cut only\n"
	"  -N, --state C.K	only this state	-o, --output FILE to save it to\n"
	"  -T, --tamper drop:N|unflush:N|unflush:all|swap:N:M	what if?	-L, --list the entries\n"
	"  -C OFFSET from where on the device is a child's, in which the disk may have gone on\n"
	"  -x IMAGE was found after a cut after mark -a and before mark -b";

static const struct option long_options[] = {
	{ "initial", 1, NULL, 'i' }, { "journal", 1, NULL, 'j' },
	{ "parent", 1, NULL, 'p' }, { "child", 1, NULL, 'C' }, { "log", 1, NULL, 'l' },
	{ "seed", 1, NULL, 's' }, { "subsets", 1, NULL, 'r' }, { "every", 1, NULL, 'e' },
	{ "state", 1, NULL, 'N' }, { "output", 1, NULL, 'o' }, { "tamper", 1, NULL, 'T' },
	{ "list", 0, NULL, 'L' }, { NULL, 0, NULL, 0 }
};

static void parse_state(const char *text)
{
	options.only = states_parse(text, &options.only_cut, &options.only_subset);
	if (!options.only)
		die("a state is CUT.SUBSET");
}

static void parse_option(int o)
{
	switch (o) {
	case 'i': options.initial = optarg; break;
	case 'j': options.journal = optarg; break;
	case 'l': options.log = optarg; break;
	case 'p': options.parent = optarg; break;
	case 'C': options.child = number(optarg); break;
	case 'x': options.state = optarg; break;
	case 'o': options.output = optarg; break;
	case 's': states.seed = number(optarg); break;
	case 'r': options.subsets = number(optarg); break;
	case 'e': options.every = max_u64(number(optarg), 1); break;
	case 'a': options.after = number(optarg); break;
	case 'b': options.before = number(optarg); break;
	case 'N': parse_state(optarg); break;
	case 'L': options.list = true; break;
	case 'T':
		if (options.nr_tampers == ARRAY_SIZE(options.tamper))
			die("too many -T");
		options.tamper[options.nr_tampers++] = optarg;
		break;
	default: die("%s", usage);
	}
}

static void parse(int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "i:j:l:p:C:x:o:s:r:e:a:b:N:LT:", long_options,
				NULL)) != -1)
		parse_option(o);
	if (optind != argc || !options.initial || !options.journal ||
	    !options.log == !options.state)
		die("%s", usage);
	if (options.output && !options.only)
		die("-o needs --state");
}

static void start_recording(void)
{
	u64 i;

	recording_read(&states.recording, options.log);
	for (i = 0; i < options.nr_tampers; i++)
		recording_tamper(&states.recording, options.tamper[i]);
	find_marks();
}

int main(int argc, char **argv)
{
	double start = now();

	parse(argc, argv);
	device_open(&states.device, options.state ? options.state : options.initial);
	judge_init(&judge, options.initial, options.journal, &states.device, options.parent,
		   options.child);
	if (options.state) {
		judge_given();
	} else {
		start_recording();
		if (options.list) {
			list();
			return 0;
		}
		judge_all();
	}
	print_summary(now() - start);
	print_again(argc, argv);
	return wrong ? 1 : 0;
}
