// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *file;
static u64 last_generation, last_marked, nr_marks;

/* The recorder: a dm-log-writes target, by name, or a program that writes such a log to a file */
static const char *dm_name;
static int recorder = -1;

/**
 * journal_open() - begin a journal or die
 * @path:	"-" is the standard output
 * @seed:	of the stamps
 * @bytes:	of the disk
 */
void journal_open(const char *path, u64 seed, u64 bytes)
{
	file = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (!file)
		die_errno("%s", path);
	fprintf(file, "writer %" PRIu64 " %" PRIu64 "\n", seed, bytes);
}

/**
 * journal_record_to() - set the recorder that gets the marks
 * @name:	"dm:NAME" of a dm-log-writes target, or "log:FILE"
 */
void journal_record_to(const char *name)
{
	const char *path = "/dev/mapper/control";

	if (!strncmp(name, "dm:", 3))
		dm_name = name + 3;
	else if (!strncmp(name, "log:", 4))
		path = name + 4;
	else
		die("%s: neither dm:NAME nor log:FILE", name);
	recorder = open(path, O_RDWR | O_CLOEXEC);
	if (recorder < 0)
		die_errno("%s", path);
}

static void send_mark(u64 number)
{
	struct {
		struct dm_ioctl head;
		u64 sector;		/* this and the text are a struct dm_target_msg */
		char text[64];
	} m = { .head = { .version = { DM_VERSION_MAJOR, 0, 0 }, .data_size = sizeof(m),
			  .data_start = offsetof(typeof(m), sector) } };

	snprintf(m.head.name, sizeof(m.head.name), "%s", dm_name);
	snprintf(m.text, sizeof(m.text), "mark " MARK_PREFIX "%" PRIu64, number);
	if (ioctl(recorder, DM_TARGET_MSG, &m))
		die_errno("a mark for %s", dm_name);
}

/* The third number of a log's first sector */
static u64 entries_recorded(void)
{
	u64 word;

	if (pread(recorder, &word, sizeof(word), 16) != sizeof(word))
		die_errno("reading the recording");
	return le64toh(word);
}

static void mark_locked(void)
{
	nr_marks++;
	last_marked = last_generation;
	if (dm_name) {
		send_mark(nr_marks);
		fprintf(file, "m %" PRIu64 " -\n", nr_marks);
	} else {
		fprintf(file, "m %" PRIu64 " %" PRIu64 "\n", nr_marks, entries_recorded());
	}
}

/* Returns the operation's generation. */
u64 journal_issue(enum op_kind kind, u64 sector, u64 count)
{
	u64 generation;

	pthread_mutex_lock(&lock);
	generation = ++last_generation;
	fprintf(file, "i %" PRIu64 " %c %" PRIu64 " %" PRIu64 "\n", generation, kind, sector,
		count);
	pthread_mutex_unlock(&lock);
	return generation;
}

void journal_complete(u64 generation, int error)
{
	pthread_mutex_lock(&lock);
	fprintf(file, "c %" PRIu64 " %d\n", generation, error);
	pthread_mutex_unlock(&lock);
}

/* A mark, if there is a recorder. */
void journal_mark(void)
{
	journal_mark_if_due(0);
}

/* A mark, if the last one was @distance operations ago. */
void journal_mark_if_due(u64 distance)
{
	if (recorder < 0)
		return;
	pthread_mutex_lock(&lock);
	if (last_generation - last_marked >= distance)
		mark_locked();
	pthread_mutex_unlock(&lock);
}

/* Returns how many marks there are. */
u64 journal_close(void)
{
	if (fclose(file))
		die_errno("the journal");
	return nr_marks;
}
