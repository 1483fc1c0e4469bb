// SPDX-License-Identifier: GPL-2.0-or-later
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

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count, size));
}

void *xrealloc(void *memory, size_t count, size_t size)
{
	return must(reallocarray(memory, count, size));
}

char *xstrdup(const char *text)
{
	return must(strdup(text));
}

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
