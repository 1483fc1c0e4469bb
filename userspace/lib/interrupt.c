// SPDX-License-Identifier: GPL-2.0-or-later
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
 * interrupt_catch() - from now on SIGINT, SIGTERM and SIGHUP wait until they are asked for
 *
 * System calls that wait are interrupted, so that it is asked soon. A second signal of the
 * kind ends the program as usual.
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

bool interrupted(void)
{
	return caught;
}
