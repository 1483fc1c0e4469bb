// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * On a file system with O_TMPFILE the file has no name until it is complete, and a crash leaves
 * nothing. On others it has a temporary name in the same directory.
 *
 * To replace a file, the two files exchange their names. The old file is then deleted, but only if
 * it is the file that was checked and was not written to since: another file may have got the name
 * in the meantime, or the file other contents.
 *
 * A trial is for a file that needs its name before it is known to be useful: the child of a live
 * snapshot. During the trial the old file has a temporary name in the same directory. If the trial
 * fails, the old file gets its name back. A crash leaves both, the new file under the final name.
 */
#include "edit/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attached/disk.h"
#include "edit/dependents.h"
#include "image/lock.h"
#include "lib/alloc.h"
#include "lib/interrupt.h"

static const char read_only_advice[] = "choose a directory on another file system";

static enum exit_code fail_exists(const char *path)
{
	return fail_named(EXIT_BUSY, "EXISTS", "%s: already exists; --force replaces it, if it is a "
			  "VHDX without children", path);
}

/* Lock the old file: a program that has it open would continue with a file without a name. */
static enum exit_code lock_old(struct new_file *new_file, const struct stat *victim)
{
	const char *path = new_file->file.path;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum exit_code status = fd < 0 ? DONE : image_check_no_writer(path, fd, victim);

	if (fd >= 0)
		close(fd);
	if (status == DONE)
		status = image_open_exclusive(&new_file->old, path, read_only_advice);
	return status == DONE ? image_check_same(&new_file->old, victim) : status;
}

/* Only an image that is not in use, and that no other image needs, is replaced. */
static enum exit_code check_old(struct new_file *new_file)
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
		return fail(EXIT_USAGE, "%s: is not a regular file and is not replaced", path);
	new_file->old_stat = victim;
	status = image_check_attached(path, &victim);
	if (status == DONE)
		status = dependents_check_replace(path);
	if (status == DONE)
		status = lock_old(new_file, &victim);
	/* Repeat the check: before the lock the file may have got a child. */
	return status == DONE ? dependents_check_replace(path) : status;
}

static char *temporary_name(const struct new_file *new_file)
{
	char *copy = xstrdup(new_file->target);
	char *name = xasprintf("%s/.%.200s.XXXXXX", new_file->directory, basename(copy));

	free(copy);
	return name;
}

static enum exit_code fail_create(const struct new_file *new_file, int error)
{
	if (error == EEXIST && !new_file->replace)
		return fail_exists(new_file->file.path);
	if (error == EEXIST)
		return fail(EXIT_BUSY, "%s: was created meanwhile; try again", new_file->file.path);
	if (error == ESTALE)
		return fail(EXIT_BUSY, "%s: was replaced or written to meanwhile; try again",
			    new_file->file.path);
	if (error == EROFS)
		return fail_read_only(new_file->file.path, "cannot create", read_only_advice);
	return fail_errno(new_file->file.path, "cannot create", error);
}

static enum exit_code open_named(struct new_file *new_file)
{
	mode_t mask;

	new_file->temporary = temporary_name(new_file);
	new_file->file.fd = mkostemp(new_file->temporary, O_CLOEXEC);
	if (new_file->file.fd < 0) {
		int error = errno;

		free(new_file->temporary);
		new_file->temporary = NULL;
		return fail_create(new_file, error);
	}
	mask = umask(0);
	umask(mask);
	if (fchmod(new_file->file.fd, 0666 & ~mask))
		return fail_errno(new_file->file.path, "cannot set its mode", errno);
	return DONE;
}

/**
 * new_file_init() - initialize a file that is not open
 * @new_file:	filled; new_file_close() has no effect on it
 */
void new_file_init(struct new_file *new_file)
{
	memset(new_file, 0, sizeof(*new_file));
	new_file->file.fd = -1;
	new_file->old.fd = -1;
}

/**
 * new_file_open() - create a file without its final name
 * @new_file:	filled; must be closed even on failure
 * @path:	final path
 * @replace:	replace an existing file
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code new_file_open(struct new_file *new_file, const char *path, bool replace)
{
	enum exit_code status;
	char *copy;

	new_file_init(new_file);
	write_file_name(&new_file->file, path);
	new_file->target = xstrdup(path);
	new_file->replace = replace;
	status = check_old(new_file);
	if (status != DONE)
		return status;
	copy = xstrdup(new_file->target);
	new_file->directory = xstrdup(dirname(copy));
	free(copy);
	new_file->file.fd = open(new_file->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	return new_file->file.fd >= 0 ? DONE : open_named(new_file);
}

/* Link a file without a name to a new path. Return: 0 or a positive errno */
static int link_name(int fd, const char *name)
{
	char *self = xasprintf("/proc/self/fd/%d", fd);
	int error = 0;

	if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
		error = errno;
	if (error == ENOENT && !linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH))
		error = 0;	/* without /proc this needs CAP_DAC_READ_SEARCH */
	free(self);
	return error;
}

/* Rename a file to a path that must not exist. Return: 0 or a positive errno */
static int move_name(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return errno;
	if (link(from, to))		/* NFS lacks RENAME_NOREPLACE */
		return errno;
	return unlink(from) ? errno : 0;
}

/* A free temporary path, to be freed; NULL with errno */
static char *free_name(const struct new_file *new_file)
{
	char *name = temporary_name(new_file);
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd >= 0 && !close(fd) && !unlink(name))
		return name;
	free(name);
	return NULL;
}

/* To exchange names atomically the file needs a name. Return: 0 or a positive errno */
static int have_temporary(struct new_file *new_file)
{
	char *name;
	int error;

	if (new_file->temporary)
		return 0;
	name = free_name(new_file);
	if (!name)
		return errno;
	error = link_name(new_file->file.fd, name);
	if (error)
		free(name);
	else
		new_file->temporary = name;
	return error;
}

/* Test whether a path is that of an open file. */
static bool is_named(const char *name, int fd)
{
	struct stat named, open;

	return !lstat(name, &named) && !fstat(fd, &open) && named.st_dev == open.st_dev &&
	       named.st_ino == open.st_ino;
}

static int exchange_names(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) ? errno : 0;
}

/* Test whether a path is that of the file to be replaced, not written to since its check. */
static bool is_old(const struct new_file *new_file, const char *name)
{
	const struct stat *before = &new_file->old_stat;
	struct stat now;

	return is_named(name, new_file->old.fd) && !fstat(new_file->old.fd, &now) &&
	       now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/*
 * Afterwards the old file has the temporary path. Return: 0; ESTALE if another file has the final
 * path, or the old file was written to; EINVAL if the file system cannot exchange names; or
 * another positive errno
 */
static int exchange_with_old(struct new_file *new_file)
{
	int error = have_temporary(new_file);

	if (error)
		return error;
	if (!is_old(new_file, new_file->target))
		return ESTALE;
	error = exchange_names(new_file->temporary, new_file->target);
	if (error)
		return error;
	if (!is_old(new_file, new_file->temporary)) {
		/* Not what was checked: exchange the names back, or else both files stay. */
		if (exchange_names(new_file->temporary, new_file->target) ||
		    !is_named(new_file->temporary, new_file->file.fd)) {
			fail(EXIT_BUSY, "%s: another file, which had this name meanwhile, is %s now",
			     new_file->file.path, new_file->temporary);
			free(new_file->temporary);
			new_file->temporary = NULL;
		}
		return ESTALE;
	}
	new_file->aside = new_file->temporary;
	new_file->temporary = NULL;
	return 0;
}

/* If names cannot be exchanged: for a moment no file has the final path. */
static int move_aside(struct new_file *new_file)
{
	char *aside = free_name(new_file);
	int error = aside ? move_name(new_file->target, aside) : errno;

	if (!error) {
		error = is_old(new_file, aside) ?
			move_name(new_file->temporary, new_file->target) : ESTALE;
		if (error && move_name(aside, new_file->target))
			fail(EXIT_IO, "%s: another file has this name now; the former file is %s",
			     new_file->file.path, aside);
	}
	if (error) {
		free(aside);
		return error;
	}
	free(new_file->temporary);
	new_file->temporary = NULL;
	new_file->aside = aside;
	return 0;
}

/*
 * If names cannot be exchanged, a trial moves the old file aside; otherwise it is overwritten.
 * Return: 0, ESTALE as exchange_with_old(), or another positive errno
 */
static int give_name(struct new_file *new_file, bool trial)
{
	int error;

	if (new_file->old.fd < 0 && new_file->temporary)
		return move_name(new_file->temporary, new_file->target);
	if (new_file->old.fd < 0)
		return link_name(new_file->file.fd, new_file->target);
	error = exchange_with_old(new_file);
	/* without a temporary path, no exchange was tried */
	if (error != EINVAL || !new_file->temporary)
		return error;
	if (trial)
		return move_aside(new_file);
	return rename(new_file->temporary, new_file->target) ? errno : 0;
}

/* EINVAL: the file system needs no flush of directories. */
static enum exit_code sync_directory(const struct new_file *new_file)
{
	int fd = open(new_file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (!error || error == EINVAL)
		return DONE;
	return fail_errno(new_file->directory, "cannot flush", error);
}

/* After this the run is no longer interrupted. */
static enum exit_code complete(const struct new_file *new_file)
{
	enum exit_code status = write_sync(&new_file->file);

	if (status == DONE && interrupted())
		status = fail(EXIT_INTERRUPTED, "%s: interrupted", new_file->file.path);
	return status;
}

/**
 * new_file_commit() - give a complete file its final name, durably
 * @new_file:	written
 *
 * Return: DONE, or another exit code after an error message; then the file does not exist,
 * and a file to be replaced is unchanged, unless only the flush of the directory failed
 */
enum exit_code new_file_commit(struct new_file *new_file)
{
	enum exit_code status = complete(new_file);
	int error;

	if (status != DONE)
		return status;
	error = give_name(new_file, false);
	if (error)
		return fail_create(new_file, error);
	free(new_file->temporary);
	new_file->temporary = NULL;
	new_file_keep(new_file);
	return sync_directory(new_file);
}

/**
 * new_file_try() - give a complete file its final name, durably, for a trial
 * @new_file:	written
 *
 * The trial ends with new_file_keep(), new_file_leave() or new_file_close().
 *
 * Return: DONE, or another exit code after an error message; then the file does not exist
 */
enum exit_code new_file_try(struct new_file *new_file)
{
	enum exit_code status = complete(new_file);
	int error;

	if (status != DONE)
		return status;
	error = give_name(new_file, true);
	if (error)
		return fail_create(new_file, error);
	new_file->trial = true;
	return sync_directory(new_file);
}

/**
 * new_file_keep() - end a successful trial: delete the replaced file
 * @new_file:	from new_file_try(), or committed
 */
void new_file_keep(struct new_file *new_file)
{
	new_file->trial = false;
	if (new_file->aside && is_named(new_file->aside, new_file->old.fd) &&
	    unlink(new_file->aside))
		warn("%s: the replaced file cannot be deleted (%s); it is %s now",
		     new_file->file.path, strerror(errno), new_file->aside);
}

/**
 * new_file_leave() - end a trial with an unknown result: keep both files
 * @new_file:	from new_file_try()
 */
void new_file_leave(struct new_file *new_file)
{
	new_file->trial = false;
	if (new_file->aside)
		fail(EXIT_IO, "%s: the file to be replaced is kept as %s",
		     new_file->file.path, new_file->aside);
}

/* Give the replaced file its path back. Return: 0 or a positive errno */
static int bring_back(const struct new_file *new_file)
{
	if (!exchange_names(new_file->aside, new_file->target)) {
		if (is_named(new_file->aside, new_file->file.fd))
			return unlink(new_file->aside) ? errno : 0;
		return exchange_names(new_file->aside, new_file->target) ? errno : ESTALE;
	}
	if (unlink(new_file->target))
		return errno;
	return move_name(new_file->aside, new_file->target);
}

/* End a failed trial. A third file that has the final path is not overwritten. */
static void end_trial(struct new_file *new_file)
{
	bool ours = is_named(new_file->target, new_file->file.fd);
	int error = ours ? 0 : ESTALE;

	if (ours && new_file->aside)
		error = bring_back(new_file);
	else if (ours)
		unlink(new_file->target);
	else if (new_file->aside && access(new_file->target, F_OK))
		error = move_name(new_file->aside, new_file->target);
	if (error && new_file->aside)
		fail(EXIT_IO, "%s: the former file cannot be restored (%s); it is %s now",
		     new_file->file.path, strerror(error), new_file->aside);
	sync_directory(new_file);
}

/**
 * new_file_forget_name() - make a file that never gets a name
 * @new_file:	open; the file is deleted at its last close
 */
void new_file_forget_name(struct new_file *new_file)
{
	if (new_file->temporary)
		unlink(new_file->temporary);
	free(new_file->temporary);
	new_file->temporary = NULL;
}

/**
 * new_file_close() - close a file, and delete it unless it was committed, kept or left
 * @new_file:	initialized
 */
void new_file_close(struct new_file *new_file)
{
	if (new_file->trial)
		end_trial(new_file);
	if (new_file->temporary)
		unlink(new_file->temporary);
	write_file_close(&new_file->file);
	write_file_close(&new_file->old);
	free(new_file->temporary);
	free(new_file->aside);
	free(new_file->directory);
	free(new_file->target);
}
