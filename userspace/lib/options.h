/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The command line: global options, options of one verb, and their --help.
 */
#ifndef VHDX_LIB_OPTIONS_H
#define VHDX_LIB_OPTIONS_H

#include <stdbool.h>

/**
 * struct globals - options with the same meaning for every verb
 * @json:	print one JSON document instead of text
 * @bytes:	print sizes without a unit
 * @raw:	print columns without alignment
 * @no_headings: do not print the names of the columns
 * @output_all:	print every column
 * @columns:	argument of --output, or NULL
 * @used:	groups (enum options_group) of the options that were given
 */
struct globals {
	bool json;
	bool bytes;
	bool raw;
	bool no_headings;
	bool output_all;
	const char *columns;
	unsigned int used;
};

/* Groups of global options that only some verbs have */
enum options_group {
	OPTIONS_ALWAYS	= 0,
	OPTIONS_BYTES	= 1 << 0,	/* for verbs that print sizes */
	OPTIONS_TABLE	= 1 << 1,	/* for verbs that print a table */
};

/* Ids of options without a letter; those of a verb start at OPTIONS_OWN. */
enum {
	OPTIONS_DEBUG = 256,
	OPTIONS_RAW,
	OPTIONS_OUTPUT_ALL,
	OPTIONS_OWN = 512,
};

/**
 * struct options_option - an option, for getopt_long() and for --help
 * @id:		letter, or a number from OPTIONS_OWN on for an option without a letter
 * @name:	long name; NULL ends a table
 * @value:	name of its value for --help; NULL: no value; in brackets: the value is optional
 * @help:	one line for --help
 * @group:	group of a global option
 */
struct options_option {
	int id;
	const char *name;
	const char *value;
	const char *help;
	enum options_group group;
};

/**
 * struct options_syntax - the command line of a verb
 * @verb:	name of the verb
 * @arguments:	arguments in the usage line
 * @about:	a paragraph for --help
 * @options:	options of the verb
 * @groups:	groups of global options that the verb has
 * @set:	called for each option of the verb; returns false after an error message if the
 *		value is invalid
 * @more_help:	prints the end of --help, or NULL
 */
struct options_syntax {
	const char *verb;
	const char *arguments;
	const char *about;
	const struct options_option *options;
	unsigned int groups;
	bool (*set)(void *context, int id, const char *value);
	void (*more_help)(void);
};

enum exit_code options_parse(const struct options_syntax *syntax, struct globals *globals,
			     int argc, char **argv, void *context);
enum exit_code options_parse_globals(struct globals *globals, int argc, char **argv,
				     void (*usage)(void));
void options_print(const struct options_option *options, unsigned int groups);
void options_print_globals(unsigned int groups);
bool options_switch(const char *verb, const char *option, const char *value, bool *result);
bool options_choice(const char *verb, const char *option, const char *value, const char *first,
		    const char *second, bool *result);

#endif /* VHDX_LIB_OPTIONS_H */
