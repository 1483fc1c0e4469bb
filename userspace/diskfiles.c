// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * These are names as the kernel has them: of whoever attached the disk, and with " (deleted)"
 * behind them once there is no such file any more.
 */
#include "diskfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "memory.h"

static bool is_deleted(const char *path)
{
	static const char mark[] = " (deleted)";
	size_t length = strlen(path), end = sizeof(mark) - 1;

	return length > end && !strcmp(path + length - end, mark);
}

/**
 * disk_is_temporary() - does what was written go when the disk does?
 * @disk:	attached
 *
 * So it is with the child that attach --temporary makes, and with any other image that was
 * deleted since.
 */
bool disk_is_temporary(const struct disk *disk)
{
	char *path = disk_attribute(disk, "vhdx/backing_file");
	bool temporary = path && is_deleted(path);

	free(path);
	return temporary;
}

/**
 * disk_image() - the image that somebody would know a disk by
 * @disk:	attached
 *
 * A child without a name tells nobody anything: its parent is what was to be attached.
 *
 * Return: its path, to be freed; NULL if the disk is gone
 */
char *disk_image(const struct disk *disk)
{
	char **parents;
	char *path;

	if (!disk_is_temporary(disk))
		return disk_attribute(disk, "vhdx/backing_file");
	parents = disk_parents(disk);
	path = *parents ? xstrdup(*parents) : disk_attribute(disk, "vhdx/backing_file");
	disk_free_names(parents);
	return path;
}

/* Without the kernel's \ooo for what cannot be in a line */
static char *plain(char *line)
{
	char *from = line, *to = line;
	unsigned int code;

	while (*from) {
		if (strspn(from + 1, "01234567") >= 3 && sscanf(from, "\\%3o", &code) == 1) {
			*to++ = (char)code;
			from += sizeof("\\ooo") - 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return line;
}

/**
 * disk_parents() - the images below the one attached
 * @disk:	attached
 *
 * The kernel names as many as a page has room for.
 *
 * Return: a list that ends with NULL, for disk_free_names(); the nearest comes first
 */
char **disk_parents(const struct disk *disk)
{
	char *text = disk_attribute(disk, "vhdx/parent_files");
	char **names = xcalloc(1, sizeof(*names));
	char *line, *rest = text;
	size_t count = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		names = xrealloc(names, count + 2, sizeof(*names));
		names[count++] = xstrdup(plain(line));
		names[count] = NULL;
	}
	free(text);
	return names;
}
