// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * peek IMAGE [RAW [PARENT...]]: what the core makes of an image, "key value" a line; with RAW,
 * also write the whole virtual disk to a sparse file, or to nowhere if that is "-".
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "readfile.h"

static struct image_chain chain;

static void print_super(enum vhdx_reason reason)
{
	const struct vhdx_super *super = &chain.files[0]->super;
	const struct vhdx_geometry *g = &super->geometry;
	char text[VHDX_FAULT_TEXT_SIZE];
	unsigned int i;

	printf("reason %s\n", reason ? vhdx_reason_name(reason) : "none");
	if (reason)
		printf("fault %s\n", vhdx_fault_text(&chain.fault, text, sizeof(text)));
	if (reason && reason != VHDX_REASON_parent_missing)
		return;
	printf("virtual_size %llu\n", (unsigned long long)g->disk_size);
	printf("block_size %u\n", g->block_size);
	printf("logical_sector %u\n", g->logical_sector_size);
	printf("physical_sector %u\n", g->physical_sector_size);
	printf("kind %s\n", g->has_parent ? "differencing" :
	       g->leave_allocated ? "fixed" : "dynamic");
	for (i = 0; i < VHDX_WARNING_COUNT; i++)
		if (super->warnings & 1U << i)
			printf("warning %s\n", vhdx_warning_name(i));
}

static bool is_zero(const u8 *bytes, u32 length)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, length - 1);
}

static void write_raw(const char *path)
{
	const struct vhdx_geometry *g = &chain.files[0]->super.geometry;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	u8 *buffer = malloc(VHDX_MIB);
	u64 offset;
	u32 length;

	if (fd < 0 || !buffer || ftruncate(fd, g->disk_size))
		err(1, "%s", path);
	for (offset = 0; offset < g->disk_size; offset += length) {
		enum vhdx_reason reason;

		length = g->disk_size - offset < VHDX_MIB ? g->disk_size - offset : VHDX_MIB;
		reason = image_file_read(chain.files[0], offset, buffer, length);
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
	const char *paths[VHDX_CHAIN_MAX_FILES];
	enum vhdx_reason reason;
	int i, count = 1;

	if (argc < 2 || argc > (int)ARRAY_SIZE(paths))
		errx(2, "usage: peek IMAGE [RAW [PARENT...]]");
	paths[0] = argv[1];
	for (i = 3; i < argc; i++)
		paths[count++] = argv[i];
	if (!image_chain_open(&chain, paths, count))
		err(1, "%s", argv[1]);
	reason = image_chain_judge(&chain);
	print_super(reason);
	if (argc >= 3 && !reason && strcmp(argv[2], "-"))
		write_raw(argv[2]);
	image_chain_close(&chain);
	return 0;
}
