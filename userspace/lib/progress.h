/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Progress of a long task, on stderr: a bar on a terminal, JSON lines for programs, one line on
 * SIGUSR1.
 */
#ifndef VHDX_LIB_PROGRESS_H
#define VHDX_LIB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/options.h"

enum progress_mode {
	PROGRESS_AUTO,		/* a bar if stderr is a terminal */
	PROGRESS_BAR,
	PROGRESS_JSON,
	PROGRESS_NONE,
};

/**
 * struct progress - one task
 * @mode:	what to print
 * @period_ms:	interval between two reports, in ms
 * @task:	name of the task
 * @total:	bytes to process
 * @done:	bytes processed
 * @start_ms:	start of the task, CLOCK_MONOTONIC in ms
 * @shown_ms:	last report, CLOCK_MONOTONIC in ms
 */
struct progress {
	enum progress_mode mode;
	uint64_t period_ms;
	const char *task;
	uint64_t total;
	uint64_t done;
	uint64_t start_ms;
	uint64_t shown_ms;
};

/* Options of a verb that may take long, for its table of options */
#define PROGRESS_OPTION (OPTIONS_OWN + 100)
#define PROGRESS_FREQUENCY_OPTION (OPTIONS_OWN + 101)
#define PROGRESS_OPTIONS \
	{ PROGRESS_OPTION, "progress", "HOW", \
	  "show progress: auto, bar, json or none (default: auto)" }, \
	{ PROGRESS_FREQUENCY_OPTION, "progress-frequency", "SECONDS", \
	  "interval between two reports (default: 0.5)" }

void progress_init(struct progress *progress);
bool progress_set(struct progress *progress, const char *verb, int id, const char *value);
void progress_begin(struct progress *progress, const char *task, uint64_t total);
void progress_add(struct progress *progress, uint64_t bytes);
void progress_end(struct progress *progress);

#endif /* VHDX_LIB_PROGRESS_H */
