/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns in which attached disks are shown.
 */
#ifndef VHDX_ATTACHED_COLUMNS_H
#define VHDX_ATTACHED_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/message.h"

struct disk;
struct globals;
struct json_object;

/* How many may be asked for: one may be named twice. */
#define COLUMNS_MAX 64

/**
 * struct column - what is known of a disk in one respect
 * @name:	its heading
 * @help:	one line
 * @get:	its value, or NULL if that is not known
 * @file:	for @get: in the disk's directory in sysfs
 * @kind:	SIZE: bytes, for people with a unit; TREE: has the branches, if there are any
 * @by_default:	shown unless columns are named
 * @get_of_parent: the same of a parent, which is only a path; NULL: nothing is known
 * @mark:	what is put behind it in a table for people; NULL: nothing
 */
struct column {
	const char *name;
	const char *help;
	struct json_object *(*get)(const struct disk *disk, const char *file);
	const char *file;
	enum { TEXT, SIZE, TREE } kind;
	bool by_default;
	struct json_object *(*get_of_parent)(const char *path);
	const char *(*mark)(const struct disk *disk);
};

size_t columns_default(const struct column *wanted[COLUMNS_MAX], bool all);
enum exit_code columns_choose(const struct column *wanted[COLUMNS_MAX], size_t *count,
			      const struct globals *globals);
bool columns_right_aligned(const struct column *column);
void columns_print_help(void);

#endif /* VHDX_ATTACHED_COLUMNS_H */
