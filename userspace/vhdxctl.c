// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhdxctl - VHDX images as Linux block devices
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "verb.h"

static const struct verb {
	const char *name;
	enum exit_code (*run)(struct globals *globals, int argc, char **argv);
	const char *description;
} verbs[] = {
	{ "attach", cmd_attach, "make a block device of an image" },
	{ "detach", cmd_detach, "remove such a block device" },
	{ "list", cmd_list, "show what is attached" },
	{ "info", cmd_info, "describe an image, in whatever state it is" },
	{ "create", cmd_create, "make a new image" },
	{ "snapshot", cmd_snapshot, "make a child of an image" },
	{ "merge", cmd_merge, "merge an image into its parent, or all into a new one" },
	{ "set", cmd_set, "change what an image says of its parent" },
	{ "check", cmd_check, "find out what is wrong with an image" },
	{ "replay", cmd_replay, "apply the log of an image to it" },
	{ "map", cmd_map, "show where in an image the data of the disk are" },
	{ 0 }
};

static void usage(void)
{
	const struct verb *verb;

	puts("Usage: vhdxctl [OPTION]... VERB [OPTION]... [ARGUMENT]...\n\n"
	     "VHDX images as block devices.\n\nVerbs:");
	for (verb = verbs; verb->name; verb++)
		printf("  %-10s %s\n", verb->name, verb->description);
	puts("\nOptions:");
	cli_print_globals(CLI_BYTES | CLI_TABLE);
	puts("\nEach verb has its own --help. See vhdxctl(8).");
}

static enum exit_code run_verb(struct globals *globals, int argc, char **argv)
{
	const struct verb *verb;

	if (!argc)
		return fail(EXIT_USAGE, "no verb given; see vhdxctl --help");
	for (verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, argv[0]))
			return verb->run(globals, argc, argv);
	return fail(EXIT_USAGE, "%s: unknown verb; see vhdxctl --help", argv[0]);
}

int main(int argc, char **argv)
{
	struct globals globals = { 0 };
	enum exit_code status;

	setlocale(LC_ALL, "");
	status = cli_parse_globals(&globals, argc, argv, usage);
	if (status == DONE)
		status = run_verb(&globals, argc - optind, argv + optind);
	return output_finish(globals.json, status);
}
