// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * When attach returns, the links below /dev/disk must exist, because the next line of a script may
 * use them; when detach returns, they must be gone.
 *
 * The monitor is set up before the disk changes, so that no event is missed. Only events with a
 * sequence number after the last one before the change count, so that a late event of an earlier
 * disk with the same number is ignored.
 */
#include "attached/udev_wait.h"

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"

/* Poll as well: events may be lost, and without udev there are none. */
#define LOOK_AGAIN_MS		100
#define RECEIVE_BUFFER_BYTES	(4 << 20)

/* An event that udev has finished */
struct seen {
	dev_t number;
	bool removed;
};

/**
 * struct udev_wait - the events of one change
 * @udev:	NULL: udevd does not run
 * @monitor:	monitor of finished events; NULL: not available, as in some containers
 * @before:	sequence number of the last event before the change
 * @seen:	events that udev has finished since then
 * @seen_count:	number of elements in @seen
 * @signals:	signal mask during a wait
 * @old_signals: signal mask to restore
 */
struct udev_wait {
	struct udev *udev;
	struct udev_monitor *monitor;
	unsigned long long before;
	struct seen *seen;
	size_t seen_count;
	sigset_t signals;
	sigset_t old_signals;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* Signals are unblocked only while ppoll() waits, so none is lost between test and wait. */
static void catch_interrupt(struct udev_wait *wait)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &wait->old_signals);
	wait->signals = wait->old_signals;
	sigdelset(&wait->signals, SIGINT);
	sigdelset(&wait->signals, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void listen_to_udev(struct udev_wait *wait)
{
	wait->udev = udev_new();
	if (!wait->udev)
		return;
	wait->monitor = udev_monitor_new_from_netlink(wait->udev, "udev");
	if (!wait->monitor)
		return;
	udev_monitor_set_receive_buffer_size(wait->monitor, RECEIVE_BUFFER_BYTES);
	udev_monitor_filter_add_match_subsystem_devtype(wait->monitor, "block", NULL);
	if (!udev_monitor_enable_receiving(wait->monitor))
		return;
	udev_monitor_unref(wait->monitor);
	wait->monitor = NULL;
}

/**
 * udev_wait_begin() - prepare to wait; call it before the disk changes
 *
 * Until udev_wait_end(), SIGINT and SIGTERM only end a wait.
 *
 * Return: the wait, for udev_wait_end()
 */
struct udev_wait *udev_wait_begin(void)
{
	struct udev_wait *wait = xcalloc(1, sizeof(*wait));
	FILE *file;

	catch_interrupt(wait);
	file = fopen("/sys/kernel/uevent_seqnum", "re");
	if (file && fscanf(file, "%llu", &wait->before) != 1)
		wait->before = 0;
	if (file)
		fclose(file);
	if (!access("/run/udev/control", F_OK))
		listen_to_udev(wait);
	return wait;
}

static bool is_seen(const struct udev_wait *wait, dev_t number, bool removed)
{
	size_t i;

	for (i = 0; i < wait->seen_count; i++)
		if (wait->seen[i].number == number && wait->seen[i].removed == removed)
			return true;
	return false;
}

static bool is_processed(struct udev_wait *wait, dev_t number)
{
	struct udev_device *device;
	bool processed;

	if (!wait->udev)
		return true;
	device = udev_device_new_from_devnum(wait->udev, 'b', number);
	processed = device && udev_device_get_is_initialized(device) > 0 &&
		    (!wait->monitor || is_seen(wait, number, false));
	udev_device_unref(device);
	return processed;
}

static bool node_exists(const char *name)
{
	char *path = xasprintf("/dev/%s", name);
	bool exists = !access(path, F_OK);

	free(path);
	return exists;
}

/* A disk that autoclear has detached in the meantime counts as ready. */
static bool is_ready(struct udev_wait *wait, const struct disk *disk, dev_t number)
{
	char **partitions, **name;
	bool ready;

	if (!disk_device_number(disk, NULL, &number))
		return true;
	ready = node_exists(disk->name) && is_processed(wait, number);
	partitions = disk_partitions(disk);
	for (name = partitions; ready && *name; name++)
		if (disk_device_number(disk, *name, &number))
			ready = node_exists(*name) && is_processed(wait, number);
	disk_free_names(partitions);
	return ready;
}

/* First the node goes, then udev removes the links and finishes the event. */
static bool is_gone(struct udev_wait *wait, const struct disk *disk, dev_t number)
{
	dev_t found;

	if (disk_device_number(disk, NULL, &found))
		return found != number;
	return !node_exists(disk->name) &&
	       (!wait->monitor || is_seen(wait, number, true));
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Return at the next event, which is added to those seen, at a signal, or after LOOK_AGAIN_MS. */
static void wait_for_event(struct udev_wait *wait, long long timeout_ms)
{
	struct timespec timeout = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	struct pollfd poll = { .fd = -1, .events = POLLIN };
	struct udev_device *device;
	const char *action;
	struct seen *seen;

	if (timeout_ms < LOOK_AGAIN_MS)
		timeout.tv_nsec = timeout_ms * 1000000L;
	if (wait->monitor)
		poll.fd = udev_monitor_get_fd(wait->monitor);
	if (ppoll(&poll, 1, &timeout, &wait->signals) <= 0)
		return;
	device = udev_monitor_receive_device(wait->monitor);
	action = device ? udev_device_get_action(device) : NULL;
	if (action && udev_device_get_seqnum(device) > wait->before) {
		debug("udev: %s %s", action, udev_device_get_sysname(device));
		wait->seen = xrealloc(wait->seen, wait->seen_count + 1, sizeof(*wait->seen));
		seen = &wait->seen[wait->seen_count++];
		seen->number = udev_device_get_devnum(device);
		seen->removed = !strcmp(action, "remove");
	}
	udev_device_unref(device);
}

typedef bool wait_condition(struct udev_wait *wait, const struct disk *disk, dev_t number);

static enum udev_wait_result wait_until(struct udev_wait *wait, const struct disk *disk,
					dev_t number, wait_condition *condition,
					unsigned int timeout_ms)
{
	long long end = now_ms() + timeout_ms;
	long long left = timeout_ms;

	while (!condition(wait, disk, number)) {
		if (interrupted)
			return UDEV_WAIT_INTERRUPTED;
		if (left <= 0)
			return UDEV_WAIT_TIMEOUT;
		wait_for_event(wait, left);
		left = end - now_ms();
	}
	return UDEV_WAIT_DONE;
}

/**
 * udev_wait_ready() - wait until a new disk and its partitions have all their links
 * @wait:	begun before the disk was attached
 * @disk:	just attached
 * @timeout_ms:	maximum, in ms
 *
 * Return: UDEV_WAIT_DONE, also without udev; UDEV_WAIT_TIMEOUT or UDEV_WAIT_INTERRUPTED
 */
enum udev_wait_result udev_wait_ready(struct udev_wait *wait, const struct disk *disk,
				      unsigned int timeout_ms)
{
	return wait_until(wait, disk, 0, is_ready, timeout_ms);
}

/**
 * udev_wait_gone() - wait until the node and the links of a disk are gone
 * @wait:	begun before the disk was detached
 * @disk:	just detached
 * @number:	device number that the disk had
 * @timeout_ms:	maximum, in ms
 *
 * Return: UDEV_WAIT_DONE, UDEV_WAIT_TIMEOUT or UDEV_WAIT_INTERRUPTED
 */
enum udev_wait_result udev_wait_gone(struct udev_wait *wait, const struct disk *disk, dev_t number,
				     unsigned int timeout_ms)
{
	return wait_until(wait, disk, number, is_gone, timeout_ms);
}

/**
 * udev_wait_pause() - wait for any event of udev
 * @wait:	the wait
 * @timeout_ms:	maximum, in ms
 */
void udev_wait_pause(struct udev_wait *wait, unsigned int timeout_ms)
{
	wait_for_event(wait, timeout_ms);
}

/**
 * udev_wait_end() - end a wait
 * @wait:	freed
 *
 * The signal handlers stay: a signal that came after the wait must not end the program.
 */
void udev_wait_end(struct udev_wait *wait)
{
	udev_monitor_unref(wait->monitor);
	udev_unref(wait->udev);
	sigprocmask(SIG_SETMASK, &wait->old_signals, NULL);
	free(wait->seen);
	free(wait);
}
