/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The judge: is a state of the device one that a power cut may leave?
 */
#ifndef VHDX_CUTS_JUDGE_H
#define VHDX_CUTS_JUDGE_H

#include "history.h"
#include "image.h"

/* So many contents of a MiB are known to be right at a time. */
#define KNOWN_RIGHT 4

/**
 * struct judge - what is known
 * @history:	what each sector may show
 * @initial:	the image before all
 * @initial_device: where that is
 * @image:	the image in its present state
 * @child:	of that, in which the disk may have gone on
 * @parts:	the devices of these, if they are parts of one
 * @below:	all that the child's parent shows; NULL: there is no child, nor will there be
 * @below_keys:	of each MiB of that: what is in it
 * @known:	of each MiB of the virtual disk: keys of contents found right
 * @oldest:	of each MiB: which of these is to be forgotten next
 * @states:	how many were judged
 * @chained:	of these, how many with a child
 * @dirty:	of these, how many with a log to be replayed
 * @entries:	that had to be replayed, in all
 * @units:	MiB of virtual disks compared, those known left out
 */
struct judge {
	struct history history;
	struct device initial_device;
	struct image initial;
	struct image image;
	struct image child;
	struct device parts[3];
	u8 *below;
	u64 *below_keys;
	u64 (*known)[KNOWN_RIGHT];
	u8 *oldest;
	u64 states;
	u64 chained;
	u64 dirty;
	u64 entries;
	u64 units;
};

/*
 * struct verdict - on one state
 * @fault:	the image is not valid: why
 * @sectors:	how many sectors are wrong
 * @finding:	the first of these
 */
struct verdict {
	bool invalid;
	struct image_fault fault;
	u64 sectors;
	struct history_finding finding;
};

void judge_init(struct judge *judge, const char *initial, const char *journal,
		const struct device *device, const char *parent, u64 child_offset);
bool judge_state(struct judge *judge, u64 until, struct verdict *verdict);
const char *judge_kind(const struct verdict *verdict);
void judge_say(const struct verdict *verdict, char *text, size_t size);

#endif /* VHDX_CUTS_JUDGE_H */
