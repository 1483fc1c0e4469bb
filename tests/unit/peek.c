// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peek IMAGE [RAW]: what the core makes of an image, "key value" a line; with RAW, also
 * write the whole virtual disk to a sparse file.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "readfile.h"

static struct image_file image;

static void print_super(enum vhdx_reason reason)
{
	const struct vhdx_geometry *g = &image.super.geometry;
	char text[VHDX_FAULT_TEXT_SIZE];
	unsigned int i;

	printf("reason %s\n", reason ? vhdx_reason_name(reason) : "none");
	if (reason)
		printf("fault %s\n", vhdx_fault_text(&image.fault, text, sizeof(text)));
	if (reason && reason != VHDX_REASON_parent_missing)
		return;
	printf("virtual_size %llu\n", (unsigned long long)g->disk_size);
	printf("block_size %u\n", g->block_size);
	printf("logical_sector %u\n", g->logical_sector_size);
	printf("physical_sector %u\n", g->physical_sector_size);
	printf("kind %s\n", g->has_parent ? "differencing" : g->leave_allocated ? "fixed" : "dynamic");
	for (i = 0; i < VHDX_WARNING_COUNT; i++)
		if (image.super.warnings & 1U << i)
			printf("warning %s\n", vhdx_warning_name(i));
}

static bool is_zero(const u8 *bytes, u32 length)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, length - 1);
}

static void write_raw(const char *path)
{
	const struct vhdx_geometry *g = &image.super.geometry;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	u8 *buffer = malloc(VHDX_MIB);
	u64 offset;
	u32 length;

	if (fd < 0 || !buffer || ftruncate(fd, g->disk_size))
		err(1, "%s", path);
	for (offset = 0; offset < g->disk_size; offset += length) {
		enum vhdx_reason reason;

		length = g->disk_size - offset < VHDX_MIB ? g->disk_size - offset : VHDX_MIB;
		reason = image_file_read(&image, offset, buffer, length);
		if (reason)
			errx(1, "virtual offset %#llx: %s", (unsigned long long)offset,
			     vhdx_reason_name(reason));
		if (!is_zero(buffer, length) && pwrite(fd, buffer, length, offset) != length)
			err(1, "%s", path);
	}
	free(buffer);
	close(fd);
}

int main(int argc, char **argv)
{
	enum vhdx_reason reason;

	if (argc < 2 || argc > 3)
		errx(2, "usage: peek IMAGE [RAW]");
	if (!image_file_open(&image, argv[1]))
		err(1, "%s", argv[1]);
	reason = image_file_judge(&image);
	print_super(reason);
	if (argc == 3 && !reason)
		write_raw(argv[2]);
	image_file_close(&image);
	return 0;
}
