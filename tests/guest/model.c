// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_extent(struct model *model, u64 start, u64 end, u64 position)
{
	if (!(model->nr_extents & (model->nr_extents + 1))) {
		model->extents = realloc(model->extents, (2 * model->nr_extents + 2) *
					 sizeof(*model->extents));
		if (!model->extents)
			die("no memory");
	}
	model->extents[model->nr_extents++] = (struct extent){ start, end, position };
}

static int open_suffixed(const char *name, const char *suffix)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", name, suffix);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_holes(struct model *model)
{
	off_t data, hole = 0;

	model->size = file_size(model->fd);
	while ((data = lseek(model->fd, hole, SEEK_DATA)) >= 0) {
		hole = lseek(model->fd, data, SEEK_HOLE);
		if (hole < 0)
			die_errno("SEEK_HOLE");
		add_extent(model, (u64)data, (u64)hole, (u64)data);
	}
	if (errno != ENXIO)
		die_errno("SEEK_DATA");
}

/* Lines of offset and length; the last one is the disk's size and 0. */
static void read_extents(struct model *model, const char *name)
{
	int fd = open_suffixed(name, ".extents");
	unsigned long long start, length;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	u64 position = 0;

	if (!file)
		die_errno("%s.extents", name);
	while (fscanf(file, "%llu %llu", &start, &length) == 2) {
		if (length)
			add_extent(model, start, start + length, position);
		else
			model->size = start;
		position += length;
	}
	fclose(file);
}

/**
 * model_open() - open a model or die
 * @model:	filled
 * @name:	a raw file, or what NAME.raw, or NAME.packed and NAME.extents, begin with
 */
void model_open(struct model *model, const char *name)
{
	memset(model, 0, sizeof(*model));
	model->fd = open_suffixed(name, "");
	if (model->fd < 0)
		model->fd = open_suffixed(name, ".raw");
	if (model->fd >= 0) {
		read_holes(model);
		return;
	}
	model->fd = open_suffixed(name, ".packed");
	if (model->fd < 0)
		die_errno("%s", name);
	read_extents(model, name);
}

/* The first extent that ends after @offset, or one past the last. */
static size_t find_extent(const struct model *model, u64 offset)
{
	size_t low = 0, high = model->nr_extents;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (model->extents[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t first_nonzero(const u8 *memory, size_t length)
{
	size_t i = 0;
	u64 w[8];

	for (; i + sizeof(w) <= length; i += sizeof(w)) {
		memcpy(w, memory + i, sizeof(w));
		if (w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7])
			break;
	}
	while (i < length && !memory[i])
		i++;
	return i;
}

static size_t first_difference(const struct model *model, u64 position, const u8 *got,
			       size_t length, u8 *scratch)
{
	ssize_t ret = pread(model->fd, scratch, length, (off_t)position);
	size_t i = 0;

	if (ret < 0 || (size_t)ret != length)
		die_errno("reading the model");
	if (!memcmp(got, scratch, length))
		return length;
	while (got[i] == scratch[i])
		i++;
	return i;
}

/**
 * model_compare() - is this what the disk has at an offset?
 * @model:	open
 * @offset:	of the disk
 * @got:	what was read there
 * @length:	bytes; must lie inside the disk
 * @scratch:	room for as many
 *
 * Return: offset on the disk of the first byte that differs, or MODEL_SAME
 */
u64 model_compare(const struct model *model, u64 offset, const u8 *got, size_t length,
		  u8 *scratch)
{
	u64 at = offset, end = offset + length, stop;
	size_t i = find_extent(model, offset), same;

	while (at < end) {
		const struct extent *e = i < model->nr_extents ? &model->extents[i] : NULL;
		bool data = e && e->start <= at;

		stop = min_u64(end, !e ? end : data ? e->end : e->start);
		if (data)
			same = first_difference(model, e->position + (at - e->start),
						got + (at - offset), stop - at, scratch);
		else
			same = first_nonzero(got + (at - offset), stop - at);
		if (same < stop - at)
			return at + same;
		at = stop;
		i += data && at == e->end;
	}
	return MODEL_SAME;
}
