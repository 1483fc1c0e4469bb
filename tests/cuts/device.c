// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "device.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/range.h"
#include "map.h"

/* What a discard leaves: an image may not depend on zeros. */
#define DISCARDED 0xdd

void device_open(struct device *device, const char *path)
{
	memset(device, 0, sizeof(*device));
	device->bytes = map_file(path, &device->size);
	device->versions = calloc((device->size >> DEVICE_UNIT_SHIFT) + 1, sizeof(u64));
	if (!device->versions)
		die("no memory");
}

/**
 * device_part() - part of a device as a device of its own, to be read only
 * @part:	filled; shows what happens to @whole
 * @whole:	opened
 * @offset:	of the part, whole MiB
 * @size:	of it
 */
void device_part(struct device *part, const struct device *whole, u64 offset, u64 size)
{
	if (offset % DEVICE_UNIT || !vhdx_range_inside(offset, size, whole->size))
		die("there is no such part of the device");
	*part = (struct device){
		.bytes = whole->bytes + offset,
		.size = size,
		.versions = whole->versions + (offset >> DEVICE_UNIT_SHIFT),
	};
}

static void *room_for(void *memory, u64 *max, u64 wanted, size_t size)
{
	if (wanted <= *max)
		return memory;
	*max = 2 * wanted + 1024;
	memory = realloc(memory, *max * size);
	if (!memory)
		die("no memory");
	return memory;
}

static u64 units_of(u64 offset, u64 length)
{
	return ((offset + length - 1) >> DEVICE_UNIT_SHIFT) - (offset >> DEVICE_UNIT_SHIFT) + 1;
}

static void save(struct device *d, u64 offset, u64 length)
{
	u64 versions = units_of(offset, length) * sizeof(u64);

	d->undos = room_for(d->undos, &d->max_undos, d->nr_undos + 1, sizeof(*d->undos));
	d->saved = room_for(d->saved, &d->max_saved, d->nr_saved + length + versions, 1);
	d->undos[d->nr_undos++] = (struct undo){ offset, length, d->nr_saved };
	memcpy(d->saved + d->nr_saved, d->bytes + offset, length);
	memcpy(d->saved + d->nr_saved + length, d->versions + (offset >> DEVICE_UNIT_SHIFT),
	       versions);
	d->nr_saved += length + versions;
}

static void put(struct device *d, const struct entry *entry, u64 from, u64 length, u64 number)
{
	u64 offset = entry->offset + from, i;

	if (!length)
		return;
	if (!vhdx_range_inside(offset, length, d->size))
		die("entry %" PRIu64 " is beyond the end of the image", number);
	save(d, offset, length);
	for (i = 0; i < units_of(offset, length); i++) {
		u64 *version = &d->versions[(offset >> DEVICE_UNIT_SHIFT) + i];

		*version = device_mix(device_mix(*version + 1, number), from << 32 ^ length);
	}
	if (entry->data)
		memcpy(d->bytes + offset, entry->data + from, length);
	else
		memset(d->bytes + offset, DISCARDED, length);
}

/**
 * device_write() - an entry arrives
 * @device:	on top of what it holds
 * @entry:	any
 * @number:	of the entry
 */
void device_write(struct device *device, const struct entry *entry, u64 number)
{
	if (!entry->dropped)
		put(device, entry, 0, entry->length, number);
}

/* Some of its sectors arrive: the first, the last, or any. */
void device_write_torn(struct device *device, const struct entry *entry, u64 number, u64 *chance)
{
	u64 atoms = entry->length / ATOM, how = random_below(chance, 4);
	u64 at = random_below(chance, atoms + 1), i;

	if (entry->dropped)
		return;
	if (how == 0)
		put(device, entry, 0, at * ATOM, number);
	else if (how == 1)
		put(device, entry, at * ATOM, entry->length - at * ATOM, number);
	else
		for (i = 0; i < atoms; i++)
			if (random_below(chance, 2))
				put(device, entry, i * ATOM, ATOM, number);
}

/* All that was written since device_keep() never was. */
void device_take_back(struct device *device)
{
	struct device *d = device;

	while (d->nr_undos) {
		const struct undo *u = &d->undos[--d->nr_undos];

		memcpy(d->bytes + u->offset, d->saved + u->saved, u->length);
		memcpy(d->versions + (u->offset >> DEVICE_UNIT_SHIFT),
		       d->saved + u->saved + u->length,
		       units_of(u->offset, u->length) * sizeof(u64));
	}
	d->nr_saved = 0;
}

/* All that was written is there for good. */
void device_keep(struct device *device)
{
	device->nr_undos = 0;
	device->nr_saved = 0;
}

/* Holes where there are zeros, as far as one can see in pieces. */
void device_save(const struct device *device, const char *path)
{
	static const u8 zeros[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	u64 at, length;

	if (fd < 0 || ftruncate(fd, (off_t)device->size))
		die_errno("%s", path);
	for (at = 0; at < device->size; at += length) {
		length = min_u64(sizeof(zeros), device->size - at);
		if (memcmp(device->bytes + at, zeros, length) &&
		    pwrite(fd, device->bytes + at, length, (off_t)at) != (ssize_t)length)
			die_errno("%s", path);
	}
	if (close(fd))
		die_errno("%s", path);
}
