/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: options that every verb has, options of one verb, and their --help.
 */
#ifndef VHDX_LIB_OPTIONS_H
#define VHDX_LIB_OPTIONS_H

#include <stdbool.h>

/**
 * struct globals - options that mean the same for every verb
 * @json:	one JSON document instead of text
 * @bytes:	sizes as plain numbers
 * @raw:	columns without alignment
 * @no_headings: no line with the names of the columns
 * @output_all:	every column
 * @columns:	names of the columns wanted, or NULL
 * @used:	those of enum cli_group that were given
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

/* Global options that only some verbs can honour */
enum cli_group {
	CLI_ALWAYS	= 0,
	CLI_BYTES	= 1 << 0,	/* prints sizes */
	CLI_TABLE	= 1 << 1,	/* prints a table */
};

/* Options without a letter; a verb's own ones start at CLI_OWN. */
enum {
	CLI_DEBUG = 256,
	CLI_RAW,
	CLI_OUTPUT_ALL,
	CLI_OWN = 512,
};

/**
 * struct cli_option - an option, for getopt_long() and for --help
 * @id:		its letter, or a number from CLI_OWN on if it has none
 * @name:	long name; NULL ends a table
 * @value:	what to call its value; NULL if it has none; in brackets if it may be left out
 * @help:	one line
 * @group:	for global options: which verbs have it
 */
struct cli_option {
	int id;
	const char *name;
	const char *value;
	const char *help;
	enum cli_group group;
};

/**
 * struct cli_syntax - what a verb takes
 * @verb:	its name
 * @arguments:	for the usage line
 * @about:	a paragraph for --help
 * @options:	its own options
 * @groups:	global options it honours
 * @set:	called for each of its own options; returns false, having said why, if the
 *		value is no good
 * @more_help:	prints the end of its --help, or NULL
 */
struct cli_syntax {
	const char *verb;
	const char *arguments;
	const char *about;
	const struct cli_option *options;
	unsigned int groups;
	bool (*set)(void *context, int id, const char *value);
	void (*more_help)(void);
};

enum exit_code cli_parse(const struct cli_syntax *syntax, struct globals *globals,
			 int argc, char **argv, void *context);
enum exit_code cli_parse_globals(struct globals *globals, int argc, char **argv,
				 void (*usage)(void));
void cli_print_options(const struct cli_option *options, unsigned int groups);
void cli_print_globals(unsigned int groups);
bool cli_switch(const char *verb, const char *option, const char *value, bool *result);

#endif /* VHDX_LIB_OPTIONS_H */
