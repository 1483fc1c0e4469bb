// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl list: list the attached disks, from sysfs. Needs no module and no root.
 */
#include <errno.h>
#include <getopt.h>
#include <sys/stat.h>

#include "attached/columns.h"
#include "attached/disk.h"
#include "attached/disks_of.h"
#include "attached/list.h"
#include "cmd/cmd.h"

enum {
	OPTION_TREE = OPTIONS_OWN,
	OPTION_SYSROOT,
};

static const struct options_option options[] = {
	{ OPTION_TREE, "tree", NULL, "show the parents of each disk below it" },
	{ OPTION_SYSROOT, "sysroot", "DIR", "read DIR/sys and DIR/proc instead of /sys and /proc" },
	{ 0 }
};

/* A wrong name would look as if no disk were attached. */
static bool set_sysroot(const char *directory)
{
	struct stat status;

	if (stat(directory, &status)) {
		fail_errno(directory, "cannot find", errno);
		return false;
	}
	if (!S_ISDIR(status.st_mode)) {
		fail(EXIT_USAGE, "%s: is not a directory", directory);
		return false;
	}
	disk_set_sysroot(directory);
	return true;
}

static bool set(void *context, int id, const char *value)
{
	bool *tree = context;

	if (id == OPTION_TREE)
		*tree = true;
	else
		return set_sysroot(value);
	return true;
}

static const struct options_syntax syntax = {
	.verb = "list",
	.arguments = "[DEVICE|IMAGE]...",
	.about = "List the attached disks, or those named. IMAGE stands for all disks that show it, or of\n"
		 "which it is a parent.",
	.options = options,
	.groups = OPTIONS_BYTES | OPTIONS_TABLE,
	.set = set,
	.more_help = columns_print_help,
};

static void add_all(struct disk_list *disks, const struct disk_list *more)
{
	size_t i;

	for (i = 0; i < more->count; i++)
		disk_list_add(disks, &more->disk[i]);
}

/* Disks that are found are listed even if others are not found. */
static enum exit_code find_named(struct disk_list *disks, int argc, char **argv)
{
	enum exit_code status = DONE;
	struct disks_of found;
	int i;

	for (i = 0; i < argc; i++) {
		disks_of_find(&found, argv[i], -1);
		add_all(disks, &found.showing);
		add_all(disks, &found.needing);
		if (!found.showing.count && !found.needing.count)
			status = disks_of_none(argv[i]);
		disks_of_free(&found);
	}
	return status;
}

enum exit_code cmd_list(struct globals *globals, int argc, char **argv)
{
	bool tree = false;
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &tree);
	struct disk_list disks = { 0 };
	enum exit_code printed;

	if (status != DONE)
		return status;
	if (optind < argc)
		status = find_named(&disks, argc - optind, argv + optind);
	else
		disk_list_all(&disks);
	printed = list_print(&disks, globals, tree);
	disk_list_free(&disks);
	return printed != DONE ? printed : status;
}
