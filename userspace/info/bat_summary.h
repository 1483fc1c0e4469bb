/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BAT says about all blocks together.
 */
#ifndef VHDX_INFO_BAT_SUMMARY_H
#define VHDX_INFO_BAT_SUMMARY_H

#include "format/open.h"

#define BAT_SUMMARY_MAX_FAULTS 10
#define BAT_SUMMARY_LOOK_MAX (16 * VHDX_MIB)	/* of a BAT, where all must not be read */

/**
 * struct bat_summary - a summary of a BAT
 * @payload:	payload blocks by state; those beyond the disk are not counted
 * @bitmap:	sector bitmap blocks that are there
 * @bad:	entries that break a rule
 * @missing:	of these, entries of blocks that lie behind the end of the file
 * @complete:	all entries were looked at
 * @fault:	the first of these
 * @faults:	how many of @fault are used
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
