/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Messages of vhdxctl on stderr, and exit codes.
 *
 * A function that returns another exit code than DONE has printed an error message.
 */
#ifndef VHDX_LIB_MESSAGE_H
#define VHDX_LIB_MESSAGE_H

#include <stdbool.h>

/* Scripts depend on the numbers. Described in vhdxctl(8), EXIT STATUS. */
enum exit_code {
	DONE = 0,
	EXIT_USAGE = 1,
	EXIT_PERMISSION = 2,
	EXIT_MEMORY = 3,
	EXIT_IMAGE = 4,
	EXIT_BUSY = 5,
	EXIT_REPLAY = 6,
	EXIT_PARENT = 7,
	EXIT_MODULE = 8,
	EXIT_IO = 9,
	EXIT_INTERRUPTED = 130,
};

enum message_level {
	MESSAGE_QUIET,		/* errors only */
	MESSAGE_NORMAL,		/* also warnings */
	MESSAGE_VERBOSE,	/* also what is being done */
	MESSAGE_DEBUG,		/* also debugging messages */
};

/**
 * struct failure - the first error; it decides the exit code
 * @exit:	exit code; DONE: no error so far
 * @code:	stable name for scripts, in upper case
 * @message:	text that was printed on stderr; NULL: out of memory
 */
struct failure {
	enum exit_code exit;
	char code[64];
	char *message;
};

void message_map_exits(enum exit_code (*map)(enum exit_code status));
void message_set_level(enum message_level level);
bool message_is_wanted(enum message_level wanted);
void message_set_interlude(void (*clear)(void));
const struct failure *message_first_failure(void);

enum exit_code fail(enum exit_code status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
enum exit_code fail_named(enum exit_code status, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum exit_code fail_read_only(const char *object, const char *what, const char *advice);
enum exit_code fail_errno(const char *object, const char *what, int error);
enum exit_code exit_of_errno(int error);

void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* VHDX_LIB_MESSAGE_H */
