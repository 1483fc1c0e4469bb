// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/progress.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/text.h"

#define BAR_WIDTH 40
#define SECONDS_MAX 86400

static volatile sig_atomic_t report_wanted;

static void on_sigusr1(int signal)
{
	(void)signal;
	report_wanted = 1;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/**
 * progress_init() - set the defaults, and catch SIGUSR1
 * @progress:	filled
 */
void progress_init(struct progress *progress)
{
	struct sigaction action = { .sa_handler = on_sigusr1, .sa_flags = SA_RESTART };

	memset(progress, 0, sizeof(*progress));
	progress->period_ms = 500;
	sigaction(SIGUSR1, &action, NULL);
}

/**
 * progress_set() - set an option of PROGRESS_OPTIONS
 * @progress:	changed
 * @verb:	for messages
 * @id:		id of the option
 * @value:	value of the option
 *
 * Return: false after an error message if the value is invalid
 */
bool progress_set(struct progress *progress, const char *verb, int id, const char *value)
{
	static const char *const modes[] = { "auto", "bar", "json", "none" };
	const unsigned int count = sizeof(modes) / sizeof(modes[0]);
	unsigned int mode = 0;
	double seconds;
	char *end;

	if (id == PROGRESS_OPTION) {
		while (mode < count && strcmp(value, modes[mode]))
			mode++;
		if (mode == count) {
			fail(EXIT_USAGE, "%s: --progress: invalid value '%s'; use auto, bar, json "
			     "or none", verb, value);
			return false;
		}
		progress->mode = (enum progress_mode)mode;
		return true;
	}
	seconds = strtod(value, &end);
	if (end == value || *end || !isfinite(seconds) || seconds < 0 || seconds > SECONDS_MAX) {
		fail(EXIT_USAGE, "%s: --progress-frequency: invalid number of seconds '%s'", verb,
		     value);
		return false;
	}
	progress->period_ms = (uint64_t)(seconds * 1000);
	return true;
}

static unsigned int percent(const struct progress *progress)
{
	if (!progress->total)
		return 100;
	return (unsigned int)((double)progress->done / (double)progress->total * 100);
}

static void show_bar(const struct progress *progress)
{
	char done[TEXT_SIZE_MAX], total[TEXT_SIZE_MAX];
	unsigned int full = percent(progress) * BAR_WIDTH / 100;

	fprintf(stderr, "\r%s [%.*s%.*s] %3u %% %s/%s \x1b[K", progress->task,
		(int)full, "########################################",
		(int)(BAR_WIDTH - full), "........................................",
		percent(progress), text_size(done, progress->done, ""),
		text_size(total, progress->total, ""));
	fflush(stderr);
}

/* A message overwrites the bar; the next report prints the bar below it. */
static void clear_bar(void)
{
	fputs("\r\x1b[K", stderr);
}

static void show_json(const struct progress *progress)
{
	uint64_t elapsed = now_ms() - progress->start_ms;
	double done = (double)progress->done, left = (double)(progress->total - progress->done);
	uint64_t speed = elapsed ? (uint64_t)(done * 1000 / (double)elapsed) : 0;

	fprintf(stderr, "{\"progress\":{\"op\":\"%s\",\"done-bytes\":%llu,\"total-bytes\":%llu,"
		"\"speed\":%llu,\"eta-ms\":%llu,\"time-ms\":%llu}}\n", progress->task,
		(unsigned long long)progress->done, (unsigned long long)progress->total,
		(unsigned long long)speed,
		(unsigned long long)(speed ? left * 1000 / (double)speed : 0),
		(unsigned long long)elapsed);
}

static void show(struct progress *progress)
{
	if (progress->mode == PROGRESS_BAR)
		show_bar(progress);
	else if (progress->mode == PROGRESS_JSON)
		show_json(progress);
	progress->shown_ms = now_ms();
}

/**
 * progress_begin() - begin a task
 * @progress:	initialized by progress_init()
 * @task:	name of the task for the user
 * @total:	bytes to process
 */
void progress_begin(struct progress *progress, const char *task, uint64_t total)
{
	if (progress->mode == PROGRESS_AUTO)
		progress->mode = isatty(STDERR_FILENO) ? PROGRESS_BAR : PROGRESS_NONE;
	progress->task = task;
	progress->total = total;
	progress->done = 0;
	progress->start_ms = now_ms();
	progress->shown_ms = progress->start_ms;
	if (progress->mode == PROGRESS_BAR)
		message_set_interlude(clear_bar);
}

/**
 * progress_add() - count processed bytes, and print a report if one is due
 * @progress:	between progress_begin() and progress_end()
 * @bytes:	number of bytes processed since the last call
 */
void progress_add(struct progress *progress, uint64_t bytes)
{
	char done[TEXT_SIZE_MAX], total[TEXT_SIZE_MAX];

	progress->done += bytes;
	if (progress->done > progress->total)
		progress->done = progress->total;
	if (report_wanted) {
		report_wanted = 0;
		fprintf(stderr, "vhdxctl: %s: %s of %s (%u %%)\n", progress->task,
			text_size(done, progress->done, " "),
			text_size(total, progress->total, " "), percent(progress));
	}
	if (now_ms() - progress->shown_ms >= progress->period_ms)
		show(progress);
}

/**
 * progress_end() - end a task
 * @progress:	begun by progress_begin()
 *
 * Prints the last report. After an error, it only clears the bar: the error message is the last
 * line.
 */
void progress_end(struct progress *progress)
{
	bool failed = message_first_failure()->exit != DONE;

	message_set_interlude(NULL);
	if (failed && progress->mode == PROGRESS_BAR)
		clear_bar();
	if (failed)
		return;
	show(progress);
	if (progress->mode == PROGRESS_BAR)
		fputc('\n', stderr);
}
