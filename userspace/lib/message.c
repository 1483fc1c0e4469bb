// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages have one form, `vhdxctl: OBJECT: what (why); remedy`, and go to stderr: stdout
 * is for what was asked for.
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

void message_set_level(enum message_level new_level)
{
	level = new_level;
}

/* Will a message of that level be printed? */
bool message_is_wanted(enum message_level wanted)
{
	return level >= wanted;
}

/**
 * message_set_interlude() - there is an unfinished line on stderr, such as a progress bar
 * @clear:	called before each message, to make room for it; NULL: there is none
 */
void message_set_interlude(void (*clear)(void))
{
	interlude = clear;
}

/**
 * message_first_failure() - what decides how this run ends
 *
 * Return: the first failure; its exit is DONE if there was none
 */
const struct failure *message_first_failure(void)
{
	return &first;
}

/**
 * message_map_exits() - for a verb with exit codes of its own
 * @map:	turns the usual code into the verb's; applied to all failures from now on
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

/* What stdout has so far belongs before it, also where both are one file. */
static void say(const char *format, va_list args)
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
	say(format, copy);
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
 * fail() - say what went wrong
 * @status:	what kind of trouble it is
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
 * fail_named() - as fail(), with a name of its own for scripts that read the JSON
 * @status:	what kind of trouble it is
 * @code:	upper-case name, never changed later
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
 * exit_of_errno() - which exit code stands for an error number?
 * @error:	positive errno
 *
 * Return: never DONE
 */
enum exit_code exit_of_errno(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
	case EROFS:		/* a log to be replayed has a reason, and no errno alone */
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
 * fail_read_only() - say that a file system is read-only
 * @object:	file or directory
 * @what:	what could not be done, "cannot open"
 * @advice:	what to do instead; NULL: nothing
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
 * fail_errno() - say that a call failed
 * @object:	file or device
 * @what:	what could not be done, "cannot open"
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

/* Harmless, but somebody should know. */
void warn(const char *format, ...)
{
	va_list args;

	if (level < MESSAGE_NORMAL)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

/* What is being done, for -v. */
void note(const char *format, ...)
{
	va_list args;

	if (level < MESSAGE_VERBOSE)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

/* How it is being done, for --debug. */
void debug(const char *format, ...)
{
	va_list args;

	if (level < MESSAGE_DEBUG)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}
