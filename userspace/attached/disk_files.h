/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The files of an attached disk, by their paths in sysfs.
 */
#ifndef VHDX_ATTACHED_DISK_FILES_H
#define VHDX_ATTACHED_DISK_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

struct disk;

enum disk_role {
	DISK_UNRELATED,
	DISK_SHOWS,		/* the file is the image that was attached */
	DISK_NEEDS,		/* the file is a parent of that image */
};

bool disk_is_temporary(const struct disk *disk);
bool disk_is_deleted(const struct disk *disk);
char *disk_deleted_parent(const struct disk *disk);
bool disk_is_of_file(const struct disk *disk, const struct stat *file);
enum disk_role disk_role_of_file(const struct disk *disk, const struct stat *file);
char *disk_image(const struct disk *disk);
char **disk_parents(const struct disk *disk);

#endif /* VHDX_ATTACHED_DISK_FILES_H */
