// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "states.h"

#include <inttypes.h>

#include "util.h"

/* All that is flushed, before an entry, arrives for good. */
static void keep_flushed(struct states *s, u64 end)
{
	device_take_back(&s->device);
	for (; s->base < end; s->base++)
		device_write(&s->device, &s->recording.entries[s->base], s->base);
	device_keep(&s->device);
}

/**
 * states_cut() - go on to a cut
 * @states:	at the cut before
 * @cut:	how many entries there are before it
 */
void states_cut(struct states *states, u64 cut)
{
	const struct entry *last = cut ? &states->recording.entries[cut - 1] : NULL;

	/* data that comes with a flush comes after it */
	if (last && last->flush)
		keep_flushed(states, last->length ? cut - 1 : cut);
}

static void arrive_perhaps(struct states *s, u64 number, u64 eighths, u64 *chance)
{
	bool arrives = random_below(chance, 8) < eighths, torn = !random_below(chance, 4);
	const struct entry *entry = &s->recording.entries[number];

	if (entry->synced || (arrives && !torn))
		device_write(&s->device, entry, number);
	else if (arrives)
		device_write_torn(&s->device, entry, number, chance);
}

/**
 * states_make() - put the device into a state
 * @states:	at its cut
 * @cut:	which
 * @subset:	which of its states
 */
void states_make(struct states *states, u64 cut, u64 subset)
{
	static const u8 likely[] = { 1, 4, 4, 7 };
	u64 chance = (states->seed << 40) + (cut << 16) + subset, i, eighths;

	eighths = likely[random_below(&chance, 4)];
	device_take_back(&states->device);
	for (i = states->base; i < cut; i++) {
		if (!subset)
			device_write(&states->device, &states->recording.entries[i], i);
		else
			arrive_perhaps(states, i, eighths, &chance);
	}
}

/* A name, CUT.SUBSET; a number is subset 0 of that cut. */
bool states_parse(const char *text, u64 *cut, u64 *subset)
{
	*subset = 0;
	return sscanf(text, "%" SCNu64 ".%" SCNu64, cut, subset) >= 1;
}
