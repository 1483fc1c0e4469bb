// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The kernel enforces the limits, with openat2(), so a link that is created during the search has
 * no effect. A file is opened in two steps, first with O_PATH to test its type: the open of a
 * device has side effects, and so has the open or read of some files in /proc and /sys. These are
 * on another mount and cannot be reached.
 */
#include "image/safe_open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/file.h"
#include "image/winpath.h"
#include "lib/alloc.h"

#define OPEN_TRIES 16

/* Retries if a directory is renamed during the open. Return: descriptor or negative errno */
static int open_within(int directory, const char *path, int flags, enum safe_open_limits limits)
{
	static const uint64_t resolve[] = {
		[SAFE_OPEN_ANYWHERE] = 0,
		[SAFE_OPEN_SAME_MOUNT] = RESOLVE_NO_XDEV,
		[SAFE_OPEN_BENEATH] = RESOLVE_BENEATH,
	};
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = resolve[limits] | RESOLVE_NO_MAGICLINKS,
	};
	int tries, fd = -1;

	for (tries = 0; tries < OPEN_TRIES; tries++) {
		fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : fd;
}

/* The first entry, by bytes, that is @name except for the case of letters; to be freed. */
static char *similar_entry(int fd, const char *name)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	char *best = NULL;

	while (directory && (entry = readdir(directory))) {
		if (!winpath_same_name(entry->d_name, name) ||
		    (best && strcmp(entry->d_name, best) >= 0))
			continue;
		free(best);
		best = xstrdup(entry->d_name);
	}
	if (directory)
		closedir(directory);
	else
		close(fd);
	return best;
}

static char *join(const char *directory, const char *name)
{
	return *directory ? xasprintf("%s/%s", directory, name) : xstrdup(name);
}

/* @known with one more part, as spelled in the directory; NULL: there is none */
static char *extend(int directory, const char *known, const char *part,
		    enum safe_open_limits limits)
{
	char *exact = join(known, part);
	int fd = open_within(directory, exact, O_PATH, limits);
	char *entry, *similar;

	if (fd != -ENOENT) {
		if (fd >= 0)
			close(fd);
		return exact;	/* the open of the whole path meets another error again */
	}
	free(exact);
	fd = open_within(directory, *known ? known : ".", O_RDONLY | O_DIRECTORY, limits);
	entry = fd < 0 ? NULL : similar_entry(fd, part);
	similar = entry ? join(known, entry) : NULL;
	free(entry);
	return similar;
}

/* A path as spelled in the file system, to be freed; NULL: no match */
static char *spelling(int directory, const char *path, enum safe_open_limits limits)
{
	char *parts = xstrdup(path);
	char *known = xstrdup("");
	char *rest = NULL, *part;

	for (part = strtok_r(parts, "/", &rest); part && known; part = strtok_r(NULL, "/", &rest)) {
		char *longer = extend(directory, known, part, limits);

		free(known);
		known = longer;
	}
	free(parts);
	return known;
}

/* Open the file of @place, an O_PATH descriptor, for reading if it is a regular file. */
static int open_regular(int place)
{
	char *self = xasprintf("/proc/self/fd/%d", place);
	struct stat status;
	int fd;

	if (fstat(place, &status))
		fd = -errno;
	else if (S_ISDIR(status.st_mode))
		fd = -EISDIR;
	else if (!S_ISREG(status.st_mode))
		fd = -EMEDIUMTYPE;
	else
		fd = image_file_open_fd(self);
	free(self);
	return fd;
}

/**
 * safe_open() - open a regular file for reading
 * @directory:	start of @path
 * @path:	relative, with slashes; if no file matches exactly, the case of letters is ignored
 * @limits:	where the path may lead
 * @found:	set to the path with @directory, as spelled in the file system; to be freed
 *
 * Return: a file descriptor, or a negative errno for safe_open_error()
 */
int safe_open(const char *directory, const char *path, enum safe_open_limits limits, char **found)
{
	int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *spelled = NULL;
	int place, fd;

	*found = xasprintf("%s/%s", directory, path);
	if (root < 0)
		return -errno;
	place = open_within(root, path, O_PATH, limits);
	if (place == -ENOENT)
		spelled = spelling(root, path, limits);
	if (spelled) {
		place = open_within(root, spelled, O_PATH, limits);
		free(*found);
		*found = xasprintf("%s/%s", directory, spelled);
		free(spelled);
	}
	close(root);
	if (place < 0)
		return place;
	fd = open_regular(place);
	close(place);
	return fd;
}

/**
 * safe_open_error() - text for an error of safe_open()
 * @error:	positive errno
 *
 * Return: the text, not to be freed
 */
const char *safe_open_error(int error)
{
	switch (error) {
	case EXDEV:
		return "leads to another mount or out of its directory, which is not allowed";
	case EMEDIUMTYPE:
		return "not a regular file";
	default:
		return strerror(error);
	}
}
