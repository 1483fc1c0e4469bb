// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "edit/protect.h"

#include <errno.h>
#include <string.h>

#include "lib/message.h"

/**
 * protect_parent() - remove the write permission of an image that has a child
 * @path:	of its file
 * @status:	of its file
 *
 * The mode is only a reminder: it stops neither root nor a program that has the file open. Warns if
 * the mode cannot be changed.
 */
void protect_parent(const char *path, const struct stat *status)
{
	struct stat now;

	if (!S_ISREG(status->st_mode) || !(status->st_mode & 0222))
		return;
	if (!stat(path, &now) && (now.st_dev != status->st_dev || now.st_ino != status->st_ino))
		warn("%s: was replaced meanwhile, so it is not made read-only", path);
	else if (chmod(path, status->st_mode & 07555))
		warn("%s: cannot be made read-only (%s); do not change it any more", path,
		     strerror(errno));
	else
		note("%s: made read-only", path);
}
