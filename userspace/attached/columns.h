/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The columns of the list of attached disks.
 */
#ifndef VHDX_ATTACHED_COLUMNS_H
#define VHDX_ATTACHED_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/message.h"

struct disk;
struct globals;
struct json_object;

/* Maximum for --output; a column may be named twice. */
#define COLUMNS_MAX 64

/**
 * struct column - a column
 * @name:	heading
 * @help:	one line for --help
 * @get:	returns the value for a disk; NULL if it is not known
 * @file:	for @get: attribute, relative to the directory of the disk in sysfs
 * @kind:	SIZE: bytes, printed with a unit; TREE: has the branches of a tree
 * @by_default:	printed without --output
 * @get_of_parent: returns the value for a parent, which is only a path; NULL: never known
 * @mark:	returns a suffix for tables without --raw; NULL: none
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
