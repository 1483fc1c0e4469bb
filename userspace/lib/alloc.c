// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message.h"

static void *must(void *memory)
{
	if (!memory)
		exit(fail(EXIT_MEMORY, "out of memory"));
	return memory;
}

/**
 * xcalloc() - allocate zeroed memory
 * @count:	number of elements
 * @size:	of an element, in bytes
 *
 * Return: the memory, to be freed; never NULL
 */
void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count, size));
}

/**
 * xrealloc() - change the size of an array
 * @memory:	the array, or NULL
 * @count:	new number of elements
 * @size:	of an element, in bytes
 *
 * Return: the array, to be freed; never NULL
 */
void *xrealloc(void *memory, size_t count, size_t size)
{
	return must(reallocarray(memory, count, size));
}

/**
 * xstrdup() - copy a string
 * @text:	the string
 *
 * Return: the copy, to be freed; never NULL
 */
char *xstrdup(const char *text)
{
	return must(strdup(text));
}

/**
 * xasprintf() - format into a new string
 * @format:	as for printf()
 *
 * Return: the string, to be freed; never NULL
 */
char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return must(text);
}
