// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/options.h"
#include "lib/text.h"

static enum exit_code want_named(struct table *rows, const char *verb, size_t count,
				 const char *names)
{
	const struct table_column *columns = rows->columns;

	while (*names) {
		size_t length = strcspn(names, ","), i = 0;

		if (rows->count == TABLE_MAX_COLUMNS)
			return fail(EXIT_USAGE, "%s: too many columns", verb);
		while (i < count && (strncasecmp(columns[i].name, names, length) ||
				     columns[i].name[length]))
			i++;
		if (i == count)
			return fail(EXIT_USAGE, "%s: unknown column %.*s; see vhdxctl %s --help",
				    verb, (int)length, names, verb);
		rows->wanted[rows->count++] = i;
		names += length + (names[length] == ',');
	}
	return rows->count ? DONE : fail(EXIT_USAGE, "%s: no columns named", verb);
}

/**
 * table_begin() - prepare a table
 * @rows:	filled
 * @verb:	for messages
 * @columns:	all columns
 * @count:	number of columns
 * @globals:	which columns to print, and their format
 *
 * Return: DONE, or EXIT_USAGE for an unknown column
 */
enum exit_code table_begin(struct table *rows, const char *verb, const struct table_column *columns,
			   size_t count, const struct globals *globals)
{
	const char *names = globals->columns;

	memset(rows, 0, sizeof(*rows));
	rows->columns = columns;
	rows->raw = globals->raw;
	rows->headings = !globals->no_headings;
	if (!names || globals->output_all || *names == '+')
		for (; rows->count < count; rows->count++)
			rows->wanted[rows->count] = rows->count;
	if (!names || globals->output_all)
		return DONE;
	return want_named(rows, verb, count, *names == '+' ? names + 1 : names);
}

/* As libsmartcols: blanks and unprintable characters become \xNN, so a cell is one word. */
static void print_raw(const char *cell)
{
	const unsigned char *c;

	for (c = (const unsigned char *)cell; *c; c++) {
		if (*c <= ' ' || *c == 0x7f || *c == '\\')
			printf("\\x%02x", *c);
		else
			putchar(*c);
	}
}

static void print_row(const struct table *rows, const char *const *cells)
{
	char *safe;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const char *cell = cells[rows->wanted[i]];
		int width = rows->columns[rows->wanted[i]].width;

		if (i)
			putchar(' ');
		if (rows->raw) {
			print_raw(cell);
			continue;
		}
		/* no blanks at the end of a line */
		if (i + 1 == rows->count && width < 0)
			width = 0;
		safe = text_printable(cell);
		printf("%*s", width, safe);
		free(safe);
	}
	putchar('\n');
}

/**
 * table_print() - print a row
 * @rows:	prepared by table_begin()
 * @cells:	one for each of all columns, printed or not
 */
void table_print(struct table *rows, const char *const *cells)
{
	const char *names[TABLE_MAX_COLUMNS];
	size_t i;

	if (rows->headings) {
		for (i = 0; i < rows->count; i++)
			names[rows->wanted[i]] = rows->columns[rows->wanted[i]].name;
		print_row(rows, names);
	}
	rows->headings = false;
	print_row(rows, cells);
}

/**
 * table_print_help() - print the list of columns for --help
 * @columns:	all columns
 * @count:	number of columns
 */
void table_print_help(const struct table_column *columns, size_t count)
{
	size_t i;

	puts("\nColumns:");
	for (i = 0; i < count; i++)
		printf("  %-14s %s\n", columns[i].name, columns[i].help);
}
