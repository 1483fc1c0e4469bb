// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * readchain [-s SEED] [-n NUMBER] STEM.raw...: does a chain read as its model says?
 *
 * The files of each are STEM.0.vhdx, the top one, STEM.1.vhdx and so on; STEM.raw and
 * STEM.extents are the model as tests/images/build leaves it. The disk is read from its
 * beginning to its end, of a disk with more than 1 GiB what the model has and what is next to
 * it; then at random, in pieces of any number of sectors. TAP, one claim for each chain, without
 * a plan; NUMBER is that of the claim before.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "readfile.h"

#define PIECE (256 * VHDX_KIB)
#define WHOLE (1024 * VHDX_MIB)
#define RANDOM_READS 200

static struct image_chain chain;
static char complaint[512];
static u8 seen[PIECE], expected[PIECE];
static u64 chance;

__attribute__((format(printf, 1, 2)))
static bool complain(const char *form, ...)
{
	va_list arguments;

	va_start(arguments, form);
	vsnprintf(complaint, sizeof(complaint), form, arguments);
	va_end(arguments);
	return false;
}

static u64 below(u64 limit)
{
	chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
	return (chance >> 20) % limit;
}

static bool open_files(const char *stem)
{
	static char paths[VHDX_CHAIN_MAX_FILES][4096];
	const char *list[VHDX_CHAIN_MAX_FILES];
	unsigned int count;

	for (count = 0; count < ARRAY_SIZE(list); count++) {
		snprintf(paths[count], sizeof(paths[count]), "%s.%u.vhdx", stem, count);
		if (access(paths[count], F_OK))
			break;
		list[count] = paths[count];
	}
	if (!count)
		return complain("no files");
	if (!image_chain_open(&chain, list, count))
		return complain("%s", strerror(errno));
	return true;
}

static bool same(int model, u64 offset, u32 length)
{
	u32 i;

	/* a read that leaves the memory alone cannot look right */
	memset(seen, 0xbd, length);
	chain.fault.reason = image_file_read(chain.files[0], offset, seen, length);
	if (chain.fault.reason)
		return complain("virtual offset %llu: %s", (unsigned long long)offset,
				vhdx_reason_name(chain.fault.reason));
	if (pread(model, expected, length, offset) != length)
		err(1, "reading the model");
	if (!memcmp(seen, expected, length))
		return true;
	for (i = 0; seen[i] == expected[i]; i++)
		;
	return complain("byte %llu is not what it should be", (unsigned long long)offset + i);
}

static bool same_range(int model, u64 start, u64 end)
{
	for (; start < end; start += PIECE)
		if (!same(model, start, end - start < PIECE ? end - start : PIECE))
			return false;
	return true;
}

/* All the model has, and both ends of the zeros in between */
static bool same_extents(int model, const char *stem)
{
	unsigned long long offset, length;
	char path[4096];
	FILE *extents;
	bool right = true;
	u64 end = 0;

	snprintf(path, sizeof(path), "%s.extents", stem);
	extents = fopen(path, "r");
	if (!extents)
		err(1, "%s", path);
	while (right && fscanf(extents, "%llu %llu", &offset, &length) == 2) {
		u64 edge = offset - end < PIECE ? offset - end : PIECE;

		right = same_range(model, end, end + edge) &&
			same_range(model, offset - edge, offset + length);
		end = offset + length;
	}
	fclose(extents);
	return right;
}

static bool same_anywhere(int model)
{
	const struct vhdx_geometry *g = &chain.files[0]->super.geometry;
	u64 sectors = g->disk_size / g->logical_sector_size;
	unsigned int i;

	for (i = 0; i < RANDOM_READS; i++) {
		u64 first = below(sectors), count = 1 + below(below(2) ? 16 : 512);

		if (count > sectors - first)
			count = sectors - first;
		if (count * g->logical_sector_size > PIECE)
			count = PIECE / g->logical_sector_size;
		if (!same(model, first * g->logical_sector_size, count * g->logical_sector_size))
			return false;
	}
	return true;
}

static bool compare(const char *stem)
{
	u64 size = chain.files[0]->super.geometry.disk_size;
	char path[4096];
	bool right;
	int model;

	snprintf(path, sizeof(path), "%s.raw", stem);
	model = open(path, O_RDONLY | O_CLOEXEC);
	if (model < 0)
		err(1, "%s", path);
	if ((u64)lseek(model, 0, SEEK_END) != size)
		right = complain("a disk of %llu bytes", (unsigned long long)size);
	else
		right = (size > WHOLE ? same_extents(model, stem) : same_range(model, 0, size)) &&
			same_anywhere(model);
	close(model);
	return right;
}

static bool check(const char *stem)
{
	enum vhdx_reason reason;
	bool right;

	if (!open_files(stem))
		return false;
	reason = image_chain_judge(&chain);
	right = reason ? complain("refused: %s", vhdx_reason_name(reason)) : compare(stem);
	image_chain_close(&chain);
	return right;
}

int main(int argc, char **argv)
{
	int o, i, number = 0, status = 0;

	while ((o = getopt(argc, argv, "s:n:")) != -1) {
		if (o == 's')
			chance = strtoull(optarg, NULL, 10);
		else if (o == 'n')
			number = atoi(optarg);
		else
			errx(2, "usage: readchain [-s SEED] [-n NUMBER] STEM.raw...");
	}
	for (i = optind; i < argc; i++) {
		char *suffix = strrchr(argv[i], '.'), *name = strrchr(argv[i], '/');

		if (!suffix || strcmp(suffix, ".raw"))
			errx(2, "%s: no model", argv[i]);
		*suffix = '\0';
		name = name ? name + 1 : argv[i];

		if (check(argv[i])) {
			printf("ok %d - %s reads as its model says\n", ++number, name);
			continue;
		}
		printf("not ok %d - %s reads as its model says\n# %s\n", ++number, name, complaint);
		status = 1;
	}
	return status;
}
