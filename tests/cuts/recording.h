/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A recording of all that was written to a device, as dm-log-writes makes it.
 *
 *	sector 0	magic, version, number of entries, size of a sector
 *	then, entry by entry, one sector of header (first sector, sectors, flags, length of
 *	a mark's text, the text), and that many sectors of data unless it is a discard
 *
 * Entries stand in the order in which they were completed, with one exception: what is not
 * synced by itself stands directly before the flush that covers it. So all entries before
 * that of a flush are durable when it was completed; of those after the last flush only the
 * synced ones. Any subset of the others, each in parts of 512 bytes, can have arrived.
 */
#ifndef VHDX_CUTS_RECORDING_H
#define VHDX_CUTS_RECORDING_H

#include "format/env.h"

/* What can arrive without the rest */
#define ATOM 512U

/**
 * struct entry - one thing that happened to a device
 * @offset:	bytes
 * @length:	bytes; 0: a flush or a mark by itself
 * @data:	NULL: a discard
 * @flush:	what stands before is durable
 * @synced:	it is itself durable
 * @dropped:	it never arrives, as the command line says
 * @mark:	number of the writer's mark that it is, or 0
 * @text:	of a mark, not terminated; NULL: it is none
 * @text_length: of that
 */
struct entry {
	u64 offset;
	u64 length;
	const u8 *data;
	bool flush;
	bool synced;
	bool dropped;
	u32 mark;
	const char *text;
	u64 text_length;
};

/*
 * struct recording - all entries
 */
struct recording {
	struct entry *entries;
	u64 nr_entries;
	const u8 *bytes;
	u64 size;
	u32 sector;
};

void recording_read(struct recording *recording, const char *path);
void recording_tamper(struct recording *recording, const char *how);

#endif /* VHDX_CUTS_RECORDING_H */
