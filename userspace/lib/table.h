/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A table that is printed row by row, because it may be too long for memory.
 */
#ifndef VHDX_LIB_TABLE_H
#define VHDX_LIB_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/message.h"

struct globals;

#define TABLE_MAX_COLUMNS 32

/**
 * struct table_column - a column
 * @name:	heading
 * @help:	one line for --help
 * @width:	of the cells, in characters; negative: aligned to the left
 */
struct table_column {
	const char *name;
	const char *help;
	int width;
};

/**
 * struct table - a table being printed
 * @columns:	all columns
 * @wanted:	the columns to print, as indices into @columns
 * @count:	number of elements in @wanted
 * @raw:	print without alignment
 * @headings:	the headings are still to be printed
 */
struct table {
	const struct table_column *columns;
	size_t wanted[TABLE_MAX_COLUMNS];
	size_t count;
	bool raw;
	bool headings;
};

enum exit_code table_begin(struct table *rows, const char *verb, const struct table_column *columns,
			   size_t count, const struct globals *globals);
void table_print(struct table *rows, const char *const *cells);
void table_print_help(const struct table_column *columns, size_t count);

#endif /* VHDX_LIB_TABLE_H */
