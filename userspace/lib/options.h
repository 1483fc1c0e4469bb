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
 * @used:	those of enum options_group that were given
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
enum options_group {
	OPTIONS_ALWAYS	= 0,
	OPTIONS_BYTES	= 1 << 0,	/* prints sizes */
	OPTIONS_TABLE	= 1 << 1,	/* prints a table */
};

/* Options without a letter; a verb's own ones start at OPTIONS_OWN. */
enum {
	OPTIONS_DEBUG = 256,
	OPTIONS_RAW,
	OPTIONS_OUTPUT_ALL,
	OPTIONS_OWN = 512,
};

/**
 * struct options_option - an option, for getopt_long() and for --help
 * @id:		its letter, or a number from OPTIONS_OWN on if it has none
 * @name:	long name; NULL ends a table
 * @value:	what to call its value; NULL if it has none; in brackets if it may be left out
 * @help:	one line
 * @group:	for global options: which verbs have it
 */
struct options_option {
	int id;
	const char *name;
	const char *value;
	const char *help;
	enum options_group group;
};

/**
 * struct options_syntax - what a verb takes
 * @verb:	its name
 * @arguments:	for the usage line
 * @about:	a paragraph for --help
 * @options:	its own options
 * @groups:	global options it honours
 * @set:	called for each of its own options; returns false, having said why, if the
 *		value is no good
 * @more_help:	prints the end of its --help, or NULL
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

#endif /* VHDX_LIB_OPTIONS_H */
