// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the file system has O_TMPFILE the file has no name at all until it is complete, and
 * a crash leaves nothing behind. Elsewhere it has a temporary one in the same directory.
 */
#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dependents.h"
#include "disk.h"
#include "imagelock.h"
#include "memory.h"

static enum exit_code fail_exists(const char *path)
{
	return fail_named(EXIT_BUSY, "EXISTS", "%s: exists already; --force replaces it, if it is a "
			  "VHDX without children", path);
}

/* QEMU, or another vhdxctl, that has it open would go on writing to a file without a name. */
static enum exit_code lock_victim(struct new_file *new_file, const struct stat *victim)
{
	enum exit_code status = image_open_exclusive(&new_file->old, new_file->file.path);

	return status == DONE ? image_check_same(&new_file->old, victim) : status;
}

/* What is replaced must be an image, and one that nobody uses and no other image needs. */
static enum exit_code check_victim(struct new_file *new_file)
{
	const char *path = new_file->file.path;
	enum exit_code status;
	struct stat victim;
	char *real;

	if (lstat(path, &victim))
		return errno == ENOENT ? DONE : fail_errno(path, "cannot stat", errno);
	if (!new_file->replace)
		return fail_exists(path);
	real = realpath(path, NULL);
	if (!real || stat(real, &victim))
		return fail_errno(path, "cannot follow the link", errno);
	free(new_file->target);
	new_file->target = real;
	if (!S_ISREG(victim.st_mode))
		return fail(EXIT_USAGE, "%s: is no regular file and will not be replaced", path);
	status = image_check_attached(path, &victim);
	if (status == DONE)
		status = dependents_check_replace(path);
	return status == DONE ? lock_victim(new_file, &victim) : status;
}

static char *directory_of(const char *path)
{
	char *copy = xstrdup(path);
	char *directory = xstrdup(dirname(copy));

	free(copy);
	return directory;
}

static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static char *temporary_name(const struct new_file *new_file)
{
	char *copy = xstrdup(new_file->target);
	char *name = xasprintf("%s/.%.200s.XXXXXX", new_file->directory, basename(copy));

	free(copy);
	return name;
}

static enum exit_code open_named(struct new_file *new_file)
{
	new_file->temporary = temporary_name(new_file);
	new_file->file.fd = mkostemp(new_file->temporary, O_CLOEXEC);
	if (new_file->file.fd < 0) {
		free(new_file->temporary);
		new_file->temporary = NULL;
		return fail_errno(new_file->file.path, "cannot create", errno);
	}
	if (fchmod(new_file->file.fd, default_mode()))
		return fail_errno(new_file->file.path, "cannot set its mode", errno);
	return DONE;
}

/**
 * new_file_open() - begin a file
 * @new_file:	filled; to be closed in any case
 * @path:	its name to be
 * @replace:	a file of that name may be there, and is to be replaced
 *
 * Return: DONE, or another code having said why
 */
enum exit_code new_file_open(struct new_file *new_file, const char *path, bool replace)
{
	enum exit_code status;

	memset(new_file, 0, sizeof(*new_file));
	write_file_name(&new_file->file, path);
	new_file->file.fd = -1;
	new_file->old.fd = -1;
	new_file->target = xstrdup(path);
	new_file->replace = replace;
	status = check_victim(new_file);
	if (status != DONE)
		return status;
	new_file->directory = directory_of(new_file->target);
	new_file->file.fd = open(new_file->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	return new_file->file.fd >= 0 ? DONE : open_named(new_file);
}

/* Give a file without a name one that must not exist yet. 0 or a positive errno. */
static int link_name(int fd, const char *name)
{
	char *self = xasprintf("/proc/self/fd/%d", fd);
	int error = 0;

	if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
		error = errno;
	if (error == ENOENT && !linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH))
		error = 0;	/* no /proc here, but the privilege to do without */
	free(self);
	return error;
}

/* The same for a file with another name, which it loses. */
static int move_name(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return errno;
	if (link(from, to))		/* NFS has no such rename */
		return errno;
	return unlink(from) ? errno : 0;
}

/* Only a name can be replaced by another at one stroke, so have one first. */
static int replace_name(struct new_file *new_file)
{
	int error;

	if (!new_file->temporary) {
		char *name = temporary_name(new_file);
		int fd = mkostemp(name, O_CLOEXEC);	/* finds one that is free */

		error = fd < 0 || close(fd) || unlink(name) ? errno : 0;
		if (!error)
			error = link_name(new_file->file.fd, name);
		if (error) {
			free(name);
			return error;
		}
		new_file->temporary = name;
	}
	return rename(new_file->temporary, new_file->target) ? errno : 0;
}

static int give_name(struct new_file *new_file)
{
	if (new_file->old.fd >= 0)
		return replace_name(new_file);
	if (new_file->temporary)
		return move_name(new_file->temporary, new_file->target);
	return link_name(new_file->file.fd, new_file->target);
}

static enum exit_code sync_directory(const struct new_file *new_file)
{
	int fd = open(new_file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (!error || error == EINVAL)	/* some file systems have nothing to flush there */
		return DONE;
	return fail_errno(new_file->directory, "cannot flush", error);
}

/**
 * new_file_commit() - the file is complete: give it its name, durably
 * @new_file:	written
 *
 * Return: DONE, or another code having said why; then there is no such file
 */
enum exit_code new_file_commit(struct new_file *new_file)
{
	enum exit_code status = write_sync(&new_file->file);
	int error;

	if (status != DONE)
		return status;
	error = give_name(new_file);
	if (error == EEXIST)
		return fail_exists(new_file->file.path);
	if (error)
		return fail_errno(new_file->file.path, "cannot create", error);
	free(new_file->temporary);
	new_file->temporary = NULL;
	return sync_directory(new_file);
}

/**
 * new_file_forget_name() - the file is never to get its name
 * @new_file:	open; goes with the last who has it open
 */
void new_file_forget_name(struct new_file *new_file)
{
	if (new_file->temporary)
		unlink(new_file->temporary);
	free(new_file->temporary);
	new_file->temporary = NULL;
}

/* Forgets the file, unless it was committed. */
void new_file_close(struct new_file *new_file)
{
	if (new_file->temporary)
		unlink(new_file->temporary);
	write_file_close(&new_file->file);
	write_file_close(&new_file->old);
	free(new_file->temporary);
	free(new_file->directory);
	free(new_file->target);
}
