/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The states in which a power cut may have left a device, by name.
 *
 * Cut C is after the first C entries. Of those after the last flush all have arrived, which
 * is state C.0, or some of them, wholly or in parts: states C.1, C.2 and so on, as the seed
 * has it. A state depends on the seed and its name only.
 */
#ifndef VHDX_CUTS_STATES_H
#define VHDX_CUTS_STATES_H

#include "device.h"

/*
 * struct states - a recording and the device it is of
 * @seed:	where chance begins
 * @base:	entries before this one are on the device for good
 */
struct states {
	struct recording recording;
	struct device device;
	u64 seed;
	u64 base;
};

void states_cut(struct states *states, u64 cut);
void states_make(struct states *states, u64 cut, u64 subset);
bool states_parse(const char *text, u64 *cut, u64 *subset);

#endif /* VHDX_CUTS_STATES_H */
