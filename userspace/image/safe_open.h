/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Opening a file by a path from an untrusted image. A malicious image may name as its parent a file
 * that only root can open.
 */
#ifndef VHDX_IMAGE_SAFE_OPEN_H
#define VHDX_IMAGE_SAFE_OPEN_H

/* Where a path may lead; in all cases only to a regular file */
enum safe_open_limits {
	SAFE_OPEN_ANYWHERE,	/* no limit: the user names the directory, the image a file name */
	SAFE_OPEN_SAME_MOUNT,	/* not across a mount point, upwards or downwards */
	SAFE_OPEN_BENEATH,	/* not out of the directory, by ".." or by a symbolic link */
};

int safe_open(const char *directory, const char *path, enum safe_open_limits limits, char **found);
const char *safe_open_error(int error);

#endif /* VHDX_IMAGE_SAFE_OPEN_H */
