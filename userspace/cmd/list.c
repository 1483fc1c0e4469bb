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

static bool set(void *context, int id, const char *value)
{
	struct stat status;
	bool *tree = context;

	if (id == OPTION_TREE) {
		*tree = true;
		return true;
	}
	/* A wrong name of a directory would look as if no disk were attached. */
	if (stat(value, &status)) {
		fail_errno(value, "cannot find", errno);
		return false;
	}
	if (!S_ISDIR(status.st_mode)) {
		fail(EXIT_USAGE, "%s: is not a directory", value);
		return false;
	}
	disk_set_sysroot(value);
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

enum exit_code cmd_list(struct globals *globals, int argc, char **argv)
{
	bool tree = false;
	enum exit_code status = options_parse(&syntax, globals, argc, argv, &tree);
	struct disk_list disks = { 0 };
	enum exit_code printed;
	struct disks_of found;
	int i;

	if (status != DONE)
		return status;
	if (optind == argc)
		disk_list_all(&disks);
	/* Disks that are found are listed even if others are not found. */
	for (i = optind; i < argc; i++) {
		disks_of_find(&found, argv[i], -1);
		add_all(&disks, &found.showing);
		add_all(&disks, &found.needing);
		if (!found.showing.count && !found.needing.count)
			status = disks_of_none(argv[i]);
		disks_of_free(&found);
	}
	printed = list_print(&disks, globals, tree);
	disk_list_free(&disks);
	return printed != DONE ? printed : status;
}
