// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The names come from an image, so control characters are escaped in the message.
 */
#include "image/parent_tried.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "image/layer.h"
#include "lib/alloc.h"
#include "lib/text.h"

/**
 * parent_tried_before() - test whether a path was tried
 * @list:	the places
 * @name:	path of the file
 *
 * Return: true if it was
 */
bool parent_tried_before(const struct parent_tried_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!strcmp(list->tried[i].name, name))
			return true;
	return false;
}

/**
 * parent_tried_add() - add a place
 * @list:	the places
 * @name:	path of the file
 * @reason:	why it is not the parent; VHDX_OK: there is no such image
 * @format:	the same as text
 */
void parent_tried_add(struct parent_tried_list *list, const char *name, enum vhdx_reason reason,
		      const char *format, ...)
{
	struct parent_tried *tried;
	va_list args;

	list->tried = xrealloc(list->tried, list->count + 1, sizeof(*list->tried));
	tried = &list->tried[list->count++];
	tried->name = xstrdup(name);
	tried->reason = reason;
	va_start(args, format);
	if (vasprintf(&tried->why, format, args) < 0)
		tried->why = xstrdup("out of memory");
	va_end(args);
}

/* "a: why; b: why", to be freed */
static char *list_text(const struct parent_tried_list *list, const struct parent_tried *without)
{
	char *text = xstrdup("");
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct parent_tried *tried = &list->tried[i];
		char *longer;

		if (tried == without)
			continue;
		longer = xasprintf("%s%s%s: %s", text, *text ? "; " : "", tried->name, tried->why);
		free(text);
		text = longer;
	}
	return text;
}

static char *missing_text(const struct parent_tried_list *list, const struct layer *child)
{
	char *places = list_text(list, NULL);
	char *name = layer_text(child, &child->locator.absolute_path);
	char *text;

	if (!name)
		name = layer_text(child, &child->locator.relative_path);
	if (!name)
		name = layer_text(child, &child->locator.volume_path);
	if (list->named)
		text = xasprintf("parent %s; name the right file with --parent", places);
	else if (!name)
		text = xstrdup("parent not found: the image records no path of it; name it with --parent");
	else
		text = xasprintf("parent '%s' not found (%s%s); use --parent or --parent-dir", name,
				 *places ? "tried " :
				 "the image has no path that can be used here", places);
	free(name);
	free(places);
	return text;
}

/**
 * parent_tried_fail() - print an error message for a parent that was not found
 * @list:	the places
 * @child:	the child of that parent
 *
 * The first image that is valid but not the parent determines the message, if there is one.
 *
 * Return: EXIT_PARENT after an error message that lists the places
 */
enum exit_code parent_tried_fail(const struct parent_tried_list *list, const struct layer *child)
{
	const struct parent_tried *wrong = NULL;
	char *text, *safe, *code, *places;
	enum exit_code status;
	size_t i;

	for (i = 0; i < list->count && !wrong; i++)
		if (vhdx_reason_class(list->tried[i].reason) == VHDX_CLASS_PARENT)
			wrong = &list->tried[i];
	if (wrong) {
		places = list_text(list, wrong);
		text = xasprintf("parent %s %s%s%s; name the right file with --parent", wrong->name,
				 wrong->why, *places ? "; also tried " : "", places);
		free(places);
	} else {
		text = missing_text(list, child);
	}
	safe = text_printable(text);
	code = text_code(vhdx_reason_name(wrong ? wrong->reason : VHDX_REASON_parent_missing));
	status = fail_named(EXIT_PARENT, code, "%s: %s", child->path, safe);
	free(code);
	free(safe);
	free(text);
	return status;
}

/**
 * parent_tried_free() - free a list of places
 * @list:	the places
 */
void parent_tried_free(struct parent_tried_list *list)
{
	while (list->count) {
		free(list->tried[--list->count].name);
		free(list->tried[list->count].why);
	}
	free(list->tried);
}
