/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The options that say where to find parents, common to several verbs.
 */
#ifndef VHDX_IMAGE_PARENT_OPTIONS_H
#define VHDX_IMAGE_PARENT_OPTIONS_H

#include "lib/options.h"
#include "format/chain.h"

#define PARENT_MAX_PLACES 64

/**
 * struct parent_options - where to find parents
 * @parent:	arguments of --parent: the parent, the parent of that, and so on
 * @parents:	number of elements in @parent
 * @directory:	arguments of --parent-dir
 * @directories: number of elements in @directory
 * @map:	arguments of --map-path: "WINDOWS-PATH=DIRECTORY"
 * @maps:	number of elements in @map
 *
 * The texts are not owned.
 */
struct parent_options {
	const char *parent[VHDX_CHAIN_MAX_FILES];
	unsigned int parents;
	const char *directory[PARENT_MAX_PLACES];
	unsigned int directories;
	const char *map[PARENT_MAX_PLACES];
	unsigned int maps;
};

#define PARENT_OPTION (OPTIONS_OWN + 110)
#define PARENT_DIR_OPTION (OPTIONS_OWN + 111)
#define PARENT_MAP_OPTION (OPTIONS_OWN + 112)

/* For the table of options of a verb with another meaning of --parent */
#define PARENT_PLACES_OPTIONS \
	{ PARENT_DIR_OPTION, "parent-dir", "DIR", \
	  "search this directory for parents; may be repeated" }, \
	{ PARENT_MAP_OPTION, "map-path", "WINDOWS=DIR", \
	  "directory of a Windows drive, folder, share or volume: 'C:\\VMs=/srv/vms'" }

#define PARENT_OPTIONS \
	{ PARENT_OPTION, "parent", "IMAGE", \
	  "the parent; if repeated, the parent of that, and so on" }, \
	PARENT_PLACES_OPTIONS

bool parent_options_set(struct parent_options *options, const char *verb, int id,
			const char *value);
char *parent_options_map(const struct parent_options *options, const char *normal,
			 const char **directory);

#endif /* VHDX_IMAGE_PARENT_OPTIONS_H */
