/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Counts of blocks and of bad entries in a BAT.
 */
#ifndef VHDX_INFO_BAT_SUMMARY_H
#define VHDX_INFO_BAT_SUMMARY_H

#include "format/open.h"

#define BAT_SUMMARY_MAX_FAULTS 10
#define BAT_SUMMARY_LOOK_MAX (16 * VHDX_MIB)	/* of a BAT, if the time is bounded */

/**
 * struct bat_summary - a summary of a BAT
 * @payload:	number of payload blocks in each state, without entries beyond the disk
 * @bitmap:	number of present sector bitmap blocks
 * @bad:	number of entries that break a rule
 * @missing:	number of bad entries of blocks beyond the end of the file
 * @complete:	all entries were read
 * @fault:	the first faults
 * @faults:	number of elements in @fault
 */
struct bat_summary {
	u64 payload[8];
	u64 bitmap;
	u64 bad;
	u64 missing;
	bool complete;
	struct vhdx_fault fault[BAT_SUMMARY_MAX_FAULTS];
	unsigned int faults;
};

struct vhdx_overlay;

void bat_summary_count(struct bat_summary *counts, const struct vhdx_super *super,
		       const struct vhdx_reader *reader, const struct vhdx_overlay *overlay);
void bat_summary_look(struct bat_summary *counts, const struct vhdx_super *super,
		      const struct vhdx_reader *reader, const struct vhdx_overlay *overlay, int fd,
		      u64 bytes);

#endif /* VHDX_INFO_BAT_SUMMARY_H */
