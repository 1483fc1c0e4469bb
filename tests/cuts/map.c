// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/**
 * map_file() - a file's bytes, or die
 * @path:	file or block device, only read
 * @size:	set to its size
 *
 * Return: memory of one's own: what is changed there does not reach the file
 */
u8 *map_file(const char *path, u64 *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	u8 *bytes;

	if (fd < 0)
		die_errno("%s", path);
	*size = file_size(fd);
	if (!*size)
		die("%s is empty", path);
	bytes = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (bytes == MAP_FAILED)
		die_errno("%s", path);
	close(fd);
	return bytes;
}
