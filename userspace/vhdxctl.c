// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl - attach VHDX images as block devices, and manage them
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "lib/json.h"
#include "lib/suggest.h"

static const struct verb {
	const char *name;
	enum exit_code (*run)(struct globals *globals, int argc, char **argv);
	const char *description;
} verbs[] = {
	{ "attach", cmd_attach, "attach an image as a block device" },
	{ "detach", cmd_detach, "detach an attached disk" },
	{ "list", cmd_list, "list the attached disks" },
	{ "info", cmd_info, "describe an image, damaged or not" },
	{ "create", cmd_create, "create a new image" },
	{ "snapshot", cmd_snapshot, "create a child (a differencing image) of an image" },
	{ "merge", cmd_merge, "merge an image into its parent, or a chain into a new image" },
	{ "set", cmd_set, "set the parent of an image" },
	{ "check", cmd_check, "check an image, and repair it" },
	{ "replay", cmd_replay, "replay the log of an image into the file" },
	{ "map", cmd_map, "show where the data of the disk are in the files" },
	{ 0 }
};

static void usage(void)
{
	const struct verb *verb;

	puts("Usage: vhdxctl [OPTION]... VERB [OPTION]... [ARGUMENT]...\n\n"
	     "Attach VHDX images as block devices, and manage them.\n\nVerbs:");
	for (verb = verbs; verb->name; verb++)
		printf("  %-10s %s\n", verb->name, verb->description);
	puts("\nOptions:");
	options_print_globals(OPTIONS_BYTES | OPTIONS_TABLE);
	puts("\nEach verb has its own --help, also as vhdxctl help VERB. See vhdxctl(8).");
}

/* Verbs of other programs, and what to use instead */
static const struct other_name {
	const char *name;
	const char *here;
} other_names[] = {
	{ "mount", "attach it with vhdxctl attach IMAGE, then mount(8) the device" },
	{ "umount", "umount(8) the file system, then vhdxctl detach DEVICE" },
	{ "unmount", "umount(8) the file system, then vhdxctl detach DEVICE" },
	{ "open", "the verb is attach" },
	{ "add", "the verb is attach" },
	{ "connect", "the verb is attach" },
	{ "close", "the verb is detach" },
	{ "remove", "the verb is detach" },
	{ "disconnect", "the verb is detach" },
	{ "eject", "the verb is detach" },
	{ "ls", "the verb is list" },
	{ "status", "the verb is list" },
	{ "show", "the verb is info" },
	{ "new", "the verb is create" },
	{ "commit", "the verb is merge" },
	{ "rebase", "the verb is set, with --parent" },
	{ "repair", "the verb is check, with --repair" },
	{ "fsck", "the verb is check" },
	{ "convert", "use qemu-img convert, or dd from an attached disk" },
	{ "resize", "an image cannot be resized; create one of the new size and copy the disk" },
	{ 0 }
};

static enum exit_code fail_verb(const char *name)
{
	const struct other_name *other;
	const struct verb *verb;
	struct suggestion suggestion;

	for (other = other_names; other->name; other++)
		if (!strcmp(other->name, name))
			return fail(EXIT_USAGE, "%s: unknown verb; %s; see vhdxctl --help", name,
				    other->here);
	suggest_begin(&suggestion, name);
	for (verb = verbs; verb->name; verb++)
		suggest_word(&suggestion, verb->name);
	if (suggestion.best)
		return fail(EXIT_USAGE, "%s: unknown verb (did you mean %s?); see vhdxctl --help",
			    name, suggestion.best);
	return fail(EXIT_USAGE, "%s: unknown verb; see vhdxctl --help", name);
}

static const struct verb *find_verb(const char *name)
{
	const struct verb *verb;

	for (verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

/* "help VERB" is "VERB --help". */
static enum exit_code help(struct globals *globals, int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;
	char option[] = "--help";
	char *words[] = { argc > 1 ? argv[1] : NULL, option, NULL };

	if (verb)
		return verb->run(globals, 2, words);
	if (argc > 1)
		return fail_verb(argv[1]);
	usage();
	return DONE;
}

static enum exit_code run_verb(struct globals *globals, int argc, char **argv)
{
	const struct verb *verb;

	if (!argc)
		return fail(EXIT_USAGE, "no verb given; see vhdxctl --help");
	if (!strcmp(argv[0], "help"))
		return help(globals, argc, argv);
	verb = find_verb(argv[0]);
	return verb ? verb->run(globals, argc, argv) : fail_verb(argv[0]);
}

/*
 * If the caller has closed a standard stream, the next open file gets its descriptor, and messages
 * would be written into an image. An O_PATH descriptor, which can be neither read nor written,
 * takes the place.
 */
static void fill_standard_streams(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd)
			exit(EXIT_IO);
}

int main(int argc, char **argv)
{
	struct globals globals = { 0 };
	enum exit_code status;

	fill_standard_streams();
	signal(SIGXFSZ, SIG_IGN);	/* a file size limit is an error like a full disk */
	setlocale(LC_ALL, "");
	status = options_parse_globals(&globals, argc, argv, usage);
	if (status == DONE)
		status = run_verb(&globals, argc - optind, argv + optind);
	return json_output_finish(globals.json, status);
}
