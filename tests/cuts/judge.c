// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "map.h"

static const u8 zeros[UNIT_BYTES];

/* What the disk showed before all */
static bool initial_shows(void *context, u64 sector, const u8 *data)
{
	struct judge *judge = context;
	const u8 *unit = image_unit(&judge->initial, sector / UNIT_SECTORS);

	unit = unit ? unit : zeros;
	return !memcmp(unit + sector % UNIT_SECTORS * STAMP_SIZE, data, STAMP_SIZE);
}

/* All that a parent shows, with zeros behind its end up to whole MiB */
static const u8 *read_parent(const char *path, u64 units)
{
	u64 size, left = units * UNIT_BYTES;
	u8 *bytes = map_file(path, &size), *shown = calloc(units, UNIT_BYTES);

	if (!shown)
		die("no memory");
	memcpy(shown, bytes, size < left ? size : left);
	munmap(bytes, size);
	return shown;
}

/* The device is of two: the second is not a child of the first yet. */
static void expect_child(struct judge *judge, const struct device *device, u64 offset)
{
	u64 units = judge->history.nr_units;

	device_part(&judge->parts[0], &judge->initial_device, 0, offset);
	device_part(&judge->parts[1], device, 0, offset);
	device_part(&judge->parts[2], device, offset, device->size - offset);
	judge->below = calloc(units, UNIT_BYTES);
	judge->below_keys = calloc(units, sizeof(*judge->below_keys));
	if (!judge->below || !judge->below_keys)
		die("no memory");
	image_init(&judge->child, &judge->parts[2], judge->below);
}

/**
 * judge_init() - get ready or die
 * @judge:	filled
 * @initial:	the image before all
 * @journal:	of the writer
 * @device:	whose states are to be judged
 * @parent:	a file with all that its parent shows, or NULL
 * @child_offset: from where on the device is a child's in which the disk goes on, or 0
 */
void judge_init(struct judge *judge, const char *initial, const char *journal,
		const struct device *device, const char *parent, u64 child_offset)
{
	const struct device *initial_device = &judge->initial_device;
	const u8 *shown;
	struct image_fault fault;
	u64 disk_size;

	memset(judge, 0, sizeof(*judge));
	history_read(&judge->history, journal);
	device_open(&judge->initial_device, initial);
	shown = parent ? read_parent(parent, judge->history.nr_units) : NULL;
	if (child_offset) {
		expect_child(judge, device, child_offset);
		initial_device = &judge->parts[0];
		device = &judge->parts[1];
	}
	image_init(&judge->initial, initial_device, shown);
	if (!image_look(&judge->initial, &fault))
		die("%s: %s", initial, fault.text);
	disk_size = judge->initial.super.geometry.disk_size;
	if (disk_size != judge->history.bytes)
		die("%s: the journal is of a disk of another size", initial);
	if (!shown != !judge->initial.super.geometry.has_parent)
		die("%s: %s", initial, shown ? "has no parent" : "needs -p");
	image_init(&judge->image, device, shown);
	judge->history.base = initial_shows;
	judge->history.context = judge;
	judge->known = calloc(judge->history.nr_units, sizeof(*judge->known));
	judge->oldest = calloc(judge->history.nr_units, 1);
	if (!judge->known || !judge->oldest)
		die("no memory");
}

static u64 key_of_contents(const struct image *image, u64 unit)
{
	u64 place = image_place(image, unit);
	u64 version = place ? image->device->versions[place >> DEVICE_UNIT_SHIFT] : 0;
	u32 i;

	version = device_mix(version + 1, image->places[unit]);
	for (i = 0; image->places[unit] & PLACE_MIXED && i < UNIT_BITS; i++)
		version = device_mix(version, image->bits[unit][i] + 1ULL);
	return version;
}

/* Brings a MiB of what the child's parent shows up to date. */
static u64 look_below(struct judge *judge, u64 unit)
{
	u64 key = key_of_contents(&judge->image, unit) | 1;
	const u8 *data;

	if (judge->below_keys[unit] != key) {
		data = image_unit(&judge->image, unit);
		memcpy(judge->below + unit * UNIT_BYTES, data ? data : zeros, UNIT_BYTES);
		judge->below_keys[unit] = key;
	}
	return key;
}

/* Contents and what they are judged by; what is allowed later never gets less by itself. */
static u64 key_of_unit(struct judge *judge, const struct image *shown, u64 unit)
{
	const struct unit *history = judge->history.units[unit];
	u64 key = key_of_contents(shown, unit);

	if (shown == &judge->child)
		key = device_mix(key, look_below(judge, unit));
	return device_mix(key, (history ? history->version : 0) + 1ULL) | 1;
}

static bool is_known(const struct judge *judge, u64 unit, u64 key)
{
	u32 i;

	for (i = 0; i < KNOWN_RIGHT; i++)
		if (judge->known[unit][i] == key)
			return true;
	return false;
}

/* Old files end where the virtual disk does. */
static u64 sectors_of_unit(const struct judge *judge, const struct image *shown, u64 unit)
{
	u64 place = image_place(shown, unit), left;

	left = min_u64(UNIT_BYTES, judge->history.bytes - unit * UNIT_BYTES);
	if (place)
		left = min_u64(left, shown->device->size - place);
	return left / STAMP_SIZE;
}

static void judge_unit(struct judge *judge, struct image *shown, u64 unit, u64 until,
		       struct verdict *verdict)
{
	u64 key = key_of_unit(judge, shown, unit), wrong;
	struct history_finding finding;
	const u8 *data;

	if (is_known(judge, unit, key))
		return;
	judge->units++;
	data = image_unit(shown, unit);
	wrong = history_check(&judge->history, unit * UNIT_SECTORS, data ? data : zeros,
			      sectors_of_unit(judge, shown, unit), until, &finding);
	if (!wrong)
		judge->known[unit][judge->oldest[unit]++ % KNOWN_RIGHT] = key;
	else if (!verdict->sectors)
		verdict->finding = finding;
	verdict->sectors += wrong;
}

/* The newest of the images that there are: the child, once it can be attached */
static struct image *newest(struct judge *judge)
{
	struct image_fault fault;

	if (!judge->below || !image_look(&judge->child, &fault) ||
	    !image_is_child_of(&judge->child, &judge->image))
		return &judge->image;
	judge->chained++;
	return &judge->child;
}

/**
 * judge_state() - may a power cut leave this?
 * @judge:	its history advanced to the last mark before the cut
 * @until:	position in the journal of the first mark after the cut
 * @verdict:	filled
 *
 * Return: true if it may
 */
bool judge_state(struct judge *judge, u64 until, struct verdict *verdict)
{
	struct image *shown;
	u64 unit;

	memset(verdict, 0, sizeof(*verdict));
	judge->states++;
	verdict->invalid = !image_look(&judge->image, &verdict->fault);
	if (verdict->invalid)
		return false;
	shown = newest(judge);
	if (shown->nr_places != judge->history.nr_units) {
		verdict->fault.kind = "disk_size";
		snprintf(verdict->fault.text, sizeof(verdict->fault.text), "another disk size");
		verdict->invalid = true;
		return false;
	}
	judge->dirty += shown->replayed > 0;
	judge->entries += shown->replayed;
	for (unit = 0; unit < judge->history.nr_units; unit++)
		judge_unit(judge, shown, unit, until, verdict);
	return !verdict->sectors;
}

static void say_source(const struct history_finding *f, char *text, size_t size)
{
	if (f->stamp.generation)
		snprintf(text, size, "it is generation %" PRIu64 " of sector %" PRIu64,
			 f->stamp.generation, f->stamp.sector);
	else
		snprintf(text, size, "it is no stamp");
}

/* What is wrong, in a few words that many states share */
const char *judge_kind(const struct verdict *verdict)
{
	return verdict->invalid ? verdict->fault.kind :
	       history_fault_name(verdict->finding.fault);
}

/* What is wrong, in a line */
void judge_say(const struct verdict *verdict, char *text, size_t size)
{
	const struct history_finding *f = &verdict->finding;
	char source[100];

	if (verdict->invalid) {
		snprintf(text, size, "not valid: %s", verdict->fault.text);
		return;
	}
	say_source(f, source, sizeof(source));
	snprintf(text, size, "%" PRIu64 " sectors, first %" PRIu64 ": %s; %s, must be generation %"
		 PRIu64 " or newer", verdict->sectors, f->sector, history_fault_name(f->fault),
		 source, f->wanted);
}
