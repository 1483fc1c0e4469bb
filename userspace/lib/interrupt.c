// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void on_signal(int signal)
{
	(void)signal;
	caught = 1;
}

/**
 * interrupt_catch() - record SIGINT, SIGTERM and SIGHUP for interrupted()
 *
 * A signal interrupts a system call that sleeps, so the caller gets to interrupted() soon. A
 * second signal of the same kind ends the program as usual. Ignored signals stay ignored.
 */
void interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	struct sigaction old;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

/**
 * interrupted() - test whether a signal was caught since interrupt_catch()
 *
 * Return: true if one was
 */
bool interrupted(void)
{
	return caught;
}
