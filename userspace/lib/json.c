// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * With --json, one document is printed at the end of the run: the results, and the error if there
 * was one. The exception is a list that may be too long for memory. It is printed item by item,
 * as the first member of the document.
 *
 * The same tree can be printed as indented text. There, a number that was added with
 * json_add_size() is printed with a unit as well.
 */
#include "lib/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/message.h"
#include "lib/text.h"

#define SCHEMA 1

#define JSON_STYLE (JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

static struct json_object *document;
static bool list_is_open;
static bool list_has_items;
static char size_mark[] = "bytes";

/**
 * json_add() - add a member to an object
 * @object:	the object
 * @key:	name of the member
 * @value:	ownership passes to @object; NULL: null
 *
 * json_object_object_add() fails only when memory is short.
 */
void json_add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

/**
 * json_add_string() - add a string
 * @object:	the object
 * @key:	name of the member
 * @text:	any bytes; what is not valid UTF-8 is replaced. NULL: null
 */
void json_add_string(struct json_object *object, const char *key, const char *text)
{
	char *valid = text ? text_valid_utf8(text) : NULL;

	json_add(object, key, valid ? json_object_new_string(valid) : NULL);
	free(valid);
}

/**
 * json_add_number() - add a number
 * @object:	the object
 * @key:	name of the member
 * @number:	value
 */
void json_add_number(struct json_object *object, const char *key, uint64_t number)
{
	json_add(object, key, json_object_new_uint64(number));
}

/**
 * json_add_size() - add a size, which indented text shows with a unit
 * @object:	the object
 * @key:	name of the member
 * @bytes:	value, in bytes
 */
void json_add_size(struct json_object *object, const char *key, uint64_t bytes)
{
	struct json_object *number = json_object_new_uint64(bytes);

	json_object_set_userdata(number, size_mark, NULL);
	json_add(object, key, number);
}

/**
 * json_add_bool() - add a boolean
 * @object:	the object
 * @key:	name of the member
 * @value:	value
 */
void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_add(object, key, json_object_new_boolean(value));
}

/**
 * json_output_add() - add a result to the document
 * @key:	top-level key
 * @value:	ownership passes to the document
 */
void json_output_add(const char *key, struct json_object *value)
{
	if (!document) {
		document = json_object_new_object();
		json_add_number(document, "schema", SCHEMA);
	}
	json_add(document, key, value);
}

/**
 * json_output_list_begin() - print the beginning of the document, up to a list
 * @key:	top-level key of the list
 *
 * The list ends with the document.
 */
void json_output_list_begin(const char *key)
{
	printf("{\n  \"schema\": %d,\n  \"%s\": [", SCHEMA, key);
	list_is_open = true;
}

/**
 * json_output_list_item() - print one item of the list
 * @item:	freed
 */
void json_output_list_item(struct json_object *item)
{
	printf("%s\n    %s", list_has_items ? "," : "",
	       json_object_to_json_string_ext(item, JSON_STYLE));
	list_has_items = true;
	json_object_put(item);
}

/* The other members of the document follow the list. */
static void output_list_end(void)
{
	printf("%s]", list_has_items ? "\n  " : "");
	if (document) {
		json_object_object_foreach(document, key, value) {
			if (strcmp(key, "schema"))
				printf(",\n  \"%s\": %s", key,
				       json_object_to_json_string_ext(value, JSON_STYLE));
		}
	}
	puts("\n}");
	list_is_open = false;
}

/**
 * json_output_finish() - print the document, and detect errors of stdout
 * @json:	print a document
 * @status:	exit code of the verb
 *
 * Return: the exit code of the program
 */
enum exit_code json_output_finish(bool json, enum exit_code status)
{
	const struct failure *failure = message_first_failure();

	if (json && failure->exit != DONE) {
		struct json_object *error = json_object_new_object();

		json_add_string(error, "code", failure->code);
		json_add_number(error, "exit", failure->exit);
		json_add_string(error, "message", failure->message ? failure->message : "");
		json_output_add("error", error);
	}
	if (list_is_open)
		output_list_end();
	else if (json && document)
		puts(json_object_to_json_string_ext(document,
						    JSON_C_TO_STRING_PRETTY | JSON_STYLE));
	json_object_put(document);
	document = NULL;
	if ((fflush(stdout) || ferror(stdout)) && status == DONE)
		status = fail_errno("standard output", "cannot write", errno ? errno : EIO);
	return status;
}

static void print_scalar(struct json_object *value, bool bytes_only)
{
	char size[TEXT_SIZE_MAX], *text;
	unsigned long long number;

	switch (json_object_get_type(value)) {
	case json_type_null:
		puts(" -");
		return;
	case json_type_boolean:
		puts(json_object_get_boolean(value) ? " yes" : " no");
		return;
	case json_type_int:
		number = json_object_get_uint64(value);
		if (json_object_get_userdata(value) != size_mark || bytes_only || number < 1024)
			printf(" %llu\n", number);
		else
			printf(" %s (%llu)\n", text_size(size, number, " "), number);
		return;
	default:
		text = text_printable(json_object_get_string(value));
		printf(" %s\n", text);
		free(text);
	}
}

static void print_tree(struct json_object *tree, int depth, bool in_list, bool bytes_only);

static void print_list(struct json_object *list, int depth, bool bytes_only)
{
	size_t count = json_object_array_length(list);
	size_t i;

	for (i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (json_object_is_type(item, json_type_object)) {
			print_tree(item, depth + 1, true, bytes_only);
		} else {
			printf("%*s-", depth * 2, "");
			print_scalar(item, bytes_only);
		}
	}
}

/* Width of the longest key, so that the values are aligned. */
static int key_width(struct json_object *tree)
{
	int width = 0;

	json_object_object_foreach(tree, key, value) {
		int length = (int)strlen(key);

		(void)value;
		if (length > width)
			width = length;
	}
	return width;
}

/* An item of a list has a dash before its first key. */
static void print_tree(struct json_object *tree, int depth, bool in_list, bool bytes_only)
{
	int width = key_width(tree);

	json_object_object_foreach(tree, key, value) {
		if (in_list)
			printf("%*s- %s:", depth * 2 - 2, "", key);
		else
			printf("%*s%s:", depth * 2, "", key);
		in_list = false;
		if (json_object_is_type(value, json_type_object)) {
			putchar('\n');
			print_tree(value, depth + 1, false, bytes_only);
		} else if (json_object_is_type(value, json_type_array)) {
			puts(json_object_array_length(value) ? "" : " none");
			print_list(value, depth + 1, bytes_only);
		} else {
			printf("%*s", width - (int)strlen(key), "");
			print_scalar(value, bytes_only);
		}
	}
}

/**
 * json_output_indented() - print a tree as indented text
 * @tree:	an object
 * @bytes_only:	print sizes without a unit
 */
void json_output_indented(struct json_object *tree, bool bytes_only)
{
	print_tree(tree, 0, false, bytes_only);
}
