// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Global options are accepted before and after the verb. Both getopt_long() and --help are driven
 * by the tables of options.
 */
#include "lib/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/message.h"
#include "lib/suggest.h"
#include "uapi/release.h"

#define MAX_OPTIONS 48

static const struct options_option global_options[] = {
	{ 'q', "quiet",	NULL, "print errors only, no warnings" },
	{ 'v', "verbose", NULL, "print what is being done" },
	{ OPTIONS_DEBUG, "debug", NULL, "print debugging messages as well" },
	{ 'J', "json", NULL, "print one JSON document" },
	{ 'b', "bytes", NULL, "print sizes in bytes", OPTIONS_BYTES },
	{ OPTIONS_RAW, "raw", NULL, "print columns without alignment", OPTIONS_TABLE },
	{ 'n', "noheadings", NULL, "do not print the names of the columns", OPTIONS_TABLE },
	{ 'o', "output", "COLUMNS", "print these columns, separated by commas", OPTIONS_TABLE },
	{ OPTIONS_OUTPUT_ALL, "output-all", NULL, "print all columns", OPTIONS_TABLE },
	{ 'h', "help", NULL, "print this and exit" },
	{ 'V', "version", NULL, "print the version and exit" },
	{ 0 }
};

/* Tables of options in the form of getopt_long() */
struct getopt_tables {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[3 * MAX_OPTIONS + 3];
	int count;
};

static void add_options(struct getopt_tables *tables, const struct options_option *option)
{
	for (; option && option->name && tables->count < MAX_OPTIONS; option++) {
		struct option *added = &tables->longs[tables->count++];
		int kind = !option->value ? no_argument :
			   option->value[0] == '[' ? optional_argument : required_argument;

		added->name = option->name;
		added->has_arg = kind;
		added->val = option->id;
		if (option->id < OPTIONS_DEBUG)
			sprintf(strchr(tables->shorts, '\0'), "%c%s", option->id,
				kind == no_argument ? "" : kind == required_argument ? ":" : "::");
	}
}

static const struct options_option *find_global(int id)
{
	const struct options_option *option;

	for (option = global_options; option->name; option++)
		if (option->id == id)
			return option;
	return NULL;
}

/**
 * options_print() - print the option lines of --help
 * @options:	table
 * @groups:	groups to print
 */
void options_print(const struct options_option *options, unsigned int groups)
{
	char text[64];

	for (; options && options->name; options++) {
		const char *value = options->value ? options->value : "";

		if (options->group & ~groups)
			continue;
		snprintf(text, sizeof(text),
			 *value == '[' ? "--%s[=%s" : *value ? "--%s %s" : "--%s",
			 options->name, *value == '[' ? value + 1 : value);
		if (options->id < OPTIONS_DEBUG)
			printf("  -%c, %-26s %s\n", options->id, text, options->help);
		else
			printf("      %-26s %s\n", text, options->help);
	}
}

/**
 * options_print_globals() - print the global options for --help
 * @groups:	groups to print
 */
void options_print_globals(unsigned int groups)
{
	options_print(global_options, groups);
}

static void print_help(const struct options_syntax *syntax)
{
	printf("Usage: vhdxctl %s [OPTION]... %s\n\n%s\n\nOptions:\n", syntax->verb,
	       syntax->arguments, syntax->about);
	options_print(syntax->options, 0);
	options_print_globals(syntax->groups);
	if (syntax->more_help)
		syntax->more_help();
	exit(json_output_finish(false, DONE));
}

/* After an invalid option only those are still honoured that say how to print the error. */
static bool counts_after_failure(int id)
{
	return id == 'q' || id == 'J';
}

static void set_global(struct globals *globals, int id, const char *value)
{
	globals->used |= find_global(id)->group;
	switch (id) {
	case 'q':
		message_set_level(MESSAGE_QUIET);
		break;
	case 'v':
		message_set_level(MESSAGE_VERBOSE);
		break;
	case OPTIONS_DEBUG:
		message_set_level(MESSAGE_DEBUG);
		break;
	case 'J':
		globals->json = true;
		break;
	case 'b':
		globals->bytes = true;
		break;
	case OPTIONS_RAW:
		globals->raw = true;
		break;
	case 'n':
		globals->no_headings = true;
		break;
	case 'o':
		globals->columns = value;
		break;
	case OPTIONS_OUTPUT_ALL:
		globals->output_all = true;
		break;
	case 'V':
		printf("vhdxctl %s\n", VHDX_RELEASE);
		exit(json_output_finish(false, DONE));
	}
}

/* The long option that is most like @text, "--name" or "--name=value"; NULL: none */
static const char *like_option(const struct getopt_tables *tables, const char *text)
{
	char name[64];
	struct suggestion suggestion;
	int i;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text + 2, "="), text + 2);
	suggest_begin(&suggestion, name);
	for (i = 0; i < tables->count; i++)
		suggest_word(&suggestion, tables->longs[i].name);
	/* distance 0: the name exists, so its value is wrong */
	return suggestion.distance ? suggestion.best : NULL;
}

/* For an option that does not exist, or that has no value or an unexpected one */
static enum exit_code bad_option(const struct getopt_tables *tables, const char *verb, int kind,
				 char **argv)
{
	const char *space = *verb ? " " : "", *like = NULL;
	const char *text = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };

	if (!strncmp(text, "--", 2) && kind == '?')
		like = like_option(tables, text);
	else if (strncmp(text, "--", 2) && optopt)
		text = letter;
	return fail(EXIT_USAGE, "%s%s%s %s%s%s%s; see vhdxctl%s%s --help", verb,
		    *verb ? ": " : "", kind == ':' ? "value missing after" : "invalid option", text,
		    like ? " (did you mean --" : "", like ? like : "", like ? "?)" : "", space,
		    verb);
}

/**
 * options_parse_globals() - parse the options before the verb
 * @globals:	filled
 * @argc:	of the program
 * @argv:	of the program
 * @usage:	prints the program's --help
 *
 * Sets optind to the index of the verb in @argv.
 *
 * Return: DONE, or EXIT_USAGE after an error message
 */
enum exit_code options_parse_globals(struct globals *globals, int argc, char **argv,
				     void (*usage)(void))
{
	struct getopt_tables tables = { .shorts = "+:" };
	enum exit_code status = DONE;
	int id;

	add_options(&tables, global_options);
	opterr = 0;
	while ((id = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (status != DONE && !counts_after_failure(id)) {
			continue;
		} else if (id == '?' || id == ':') {
			status = bad_option(&tables, "", id, argv);
		} else if (id == 'h') {
			usage();
			exit(json_output_finish(false, DONE));
		} else {
			set_global(globals, id, optarg);
		}
	}
	return status;
}

/**
 * options_parse() - parse the options after the verb
 * @syntax:	command line of the verb
 * @globals:	filled by options_parse_globals()
 * @argc:	number of arguments from the verb on
 * @argv:	argv[0] is the verb
 * @context:	for @syntax->set
 *
 * The first invalid option decides the error. The options after it are parsed only for --json and
 * --quiet. Sets optind to the index of the first argument in @argv.
 *
 * Return: DONE, or EXIT_USAGE after an error message
 */
enum exit_code options_parse(const struct options_syntax *syntax, struct globals *globals,
			     int argc, char **argv, void *context)
{
	struct getopt_tables tables = { .shorts = ":" };
	enum exit_code status = DONE;
	int id;

	add_options(&tables, syntax->options);
	add_options(&tables, global_options);
	optind = 0;	/* GNU extension: restart with another argv */
	while ((id = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (status != DONE && !counts_after_failure(id))
			continue;
		if (id == '?' || id == ':')
			status = bad_option(&tables, syntax->verb, id, argv);
		else if (id == 'h')
			print_help(syntax);
		else if (find_global(id))
			set_global(globals, id, optarg);
		else if (!syntax->set(context, id, optarg))
			status = EXIT_USAGE;
	}
	if (status != DONE)
		return status;
	if (globals->used & ~syntax->groups & OPTIONS_TABLE)
		return fail(EXIT_USAGE, "%s: --raw, --noheadings, --output and --output-all apply "
			    "only to tables; see vhdxctl %s --help", syntax->verb, syntax->verb);
	if (globals->used & ~syntax->groups & OPTIONS_BYTES)
		return fail(EXIT_USAGE, "%s: --bytes does not apply; see vhdxctl %s --help",
			    syntax->verb, syntax->verb);
	return DONE;
}

/**
 * options_switch() - parse the value of an option that is on or off
 * @verb:	for the message
 * @option:	for the message
 * @value:	NULL: the option was given without a value, which means on
 * @result:	set on success
 *
 * Return: false after an error message if @value means neither yes nor no
 */
bool options_switch(const char *verb, const char *option, const char *value, bool *result)
{
	static const char *const words[] = { "no", "yes", "off", "on", "0", "1" };
	unsigned int i;

	if (!value)
		value = "yes";
	if (*value == '=')	/* accept -P=no as --partscan=no */
		value++;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]))
			continue;
		*result = i & 1;
		return true;
	}
	fail(EXIT_USAGE, "%s: %s: invalid value '%s'; use yes or no", verb, option, value);
	return false;
}

/**
 * options_choice() - parse the value of an option that is one of two words
 * @verb:	for the message
 * @option:	for the message
 * @value:	value of the option
 * @first:	one word
 * @second:	the other
 * @result:	set on success: @value is @second
 *
 * Return: false after an error message if @value is neither
 */
bool options_choice(const char *verb, const char *option, const char *value, const char *first,
		    const char *second, bool *result)
{
	if (strcmp(value, first) && strcmp(value, second)) {
		fail(EXIT_USAGE, "%s: %s: invalid value '%s'; use %s or %s", verb, option, value,
		     first, second);
		return false;
	}
	*result = !strcmp(value, second);
	return true;
}
