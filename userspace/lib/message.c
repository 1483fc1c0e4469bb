// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * All messages have the form `vhdxctl: OBJECT: what (why); remedy`. They go to stderr; results go
 * to stdout.
 */
#include "lib/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum message_level level = MESSAGE_NORMAL;
static struct failure first;
static void (*interlude)(void);
static enum exit_code (*exit_map)(enum exit_code status);

/**
 * message_set_level() - choose which messages are printed
 * @new_level:	messages above this level are not printed
 */
void message_set_level(enum message_level new_level)
{
	level = new_level;
}

/**
 * message_is_wanted() - test whether messages of a level are printed
 * @wanted:	the level
 *
 * Return: true if they are
 */
bool message_is_wanted(enum message_level wanted)
{
	return level >= wanted;
}

/**
 * message_set_interlude() - announce an unfinished line on stderr, such as a progress bar
 * @clear:	called before each message to clear the line; NULL: there is no such line
 */
void message_set_interlude(void (*clear)(void))
{
	interlude = clear;
}

/**
 * message_first_failure() - the first error of this run, which decides the exit code
 *
 * Return: the first error; its exit is DONE if there was none
 */
const struct failure *message_first_failure(void)
{
	return &first;
}

/**
 * message_map_exits() - set the exit codes of a verb that has its own
 * @map:	maps a common exit code to that of the verb; applied to all later errors
 */
void message_map_exits(enum exit_code (*map)(enum exit_code status))
{
	exit_map = map;
}

static const char *code_of_exit(enum exit_code status)
{
	switch (status) {
	case EXIT_USAGE:	return "USAGE";
	case EXIT_PERMISSION:	return "PERMISSION";
	case EXIT_MEMORY:	return "NO_MEMORY";
	case EXIT_IMAGE:	return "BAD_IMAGE";
	case EXIT_BUSY:		return "BUSY";
	case EXIT_REPLAY:	return "LOG_DIRTY";
	case EXIT_PARENT:	return "PARENT";
	case EXIT_MODULE:	return "MODULE";
	case EXIT_IO:		return "IO";
	case EXIT_INTERRUPTED:	return "INTERRUPTED";
	case DONE:		break;
	}
	return "NONE";
}

/* stdout is flushed first, to keep the order when both are the same file. */
static void print_message(const char *format, va_list args)
{
	fflush(stdout);
	if (interlude)
		interlude();
	fputs("vhdxctl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

static enum exit_code fail_with(enum exit_code status, const char *code, const char *format,
				va_list args)
{
	va_list copy;

	va_copy(copy, args);
	print_message(format, copy);
	va_end(copy);
	if (exit_map)
		status = exit_map(status);
	if (first.exit != DONE)
		return status;
	first.exit = status;
	snprintf(first.code, sizeof(first.code), "%s", code);
	if (vasprintf(&first.message, format, args) < 0)
		first.message = NULL;
	return status;
}

/**
 * fail() - print an error message
 * @status:	exit code
 * @format:	"OBJECT: what (why); remedy"
 *
 * Return: @status, so that a caller can return it
 */
enum exit_code fail(enum exit_code status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	status = fail_with(status, code_of_exit(status), format, args);
	va_end(args);
	return status;
}

/**
 * fail_named() - as fail(), with an error code of its own for JSON
 * @status:	exit code
 * @code:	error code in upper case; it is stable
 * @format:	"OBJECT: what (why); remedy"
 *
 * Return: @status
 */
enum exit_code fail_named(enum exit_code status, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	status = fail_with(status, code, format, args);
	va_end(args);
	return status;
}

/**
 * exit_of_errno() - map an error number to an exit code
 * @error:	positive errno
 *
 * Return: never DONE
 */
enum exit_code exit_of_errno(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
	case EROFS:		/* a log that must be replayed comes with a reason */
		return EXIT_PERMISSION;
	case ENOMEM:
		return EXIT_MEMORY;
	case EBUSY:
	case ETXTBSY:
	case EEXIST:
		return EXIT_BUSY;
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EINVAL:
	case ENODEV:
	case ENXIO:
		return EXIT_USAGE;
	case EUCLEAN:
	case EOPNOTSUPP:
		return EXIT_IMAGE;
	case E2BIG:
	case ENOTTY:
		return EXIT_MODULE;
	case EINTR:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_IO;
	}
}

/**
 * fail_read_only() - print an error message about a read-only file system
 * @object:	file or directory
 * @what:	the action that failed, such as "cannot open"
 * @advice:	alternative for the user; NULL: none
 *
 * Return: EXIT_PERMISSION
 */
enum exit_code fail_read_only(const char *object, const char *what, const char *advice)
{
	return fail_named(EXIT_PERMISSION, "READ_ONLY_FILESYSTEM",
			  "%s: %s (its file system is read-only)%s%s", object, what,
			  advice ? "; " : "", advice ? advice : "");
}

/**
 * fail_errno() - print an error message for an errno
 * @object:	file or device
 * @what:	the action that failed, such as "cannot open"
 * @error:	positive errno
 *
 * Return: the exit code for @error
 */
enum exit_code fail_errno(const char *object, const char *what, int error)
{
	if (error == EROFS)
		return fail_read_only(object, what, NULL);
	return fail(exit_of_errno(error), "%s: %s (%s)", object, what, strerror(error));
}

/**
 * warn() - print a warning, unless --quiet was given
 * @format:	"OBJECT: what (why); remedy"
 */
void warn(const char *format, ...)
{
	va_list args;

	if (level < MESSAGE_NORMAL)
		return;
	va_start(args, format);
	print_message(format, args);
	va_end(args);
}

/**
 * note() - print what is being done, with --verbose
 * @format:	"OBJECT: what"
 */
void note(const char *format, ...)
{
	va_list args;

	if (level < MESSAGE_VERBOSE)
		return;
	va_start(args, format);
	print_message(format, args);
	va_end(args);
}

/**
 * debug() - print a debugging message, with --debug
 * @format:	"OBJECT: what"
 */
void debug(const char *format, ...)
{
	va_list args;

	if (level < MESSAGE_DEBUG)
		return;
	va_start(args, format);
	print_message(format, args);
	va_end(args);
}
