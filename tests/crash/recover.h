/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What the core makes of a disk after a crash.
 */
#ifndef VHDX_CRASH_RECOVER_H
#define VHDX_CRASH_RECOVER_H

#include "machine.h"

enum verdict {
	RIGHT,
	NOT_OPENED,		/* no sequence, or one that is refused */
	LOST,			/* an older state than the last flushed one */
	MIXED,			/* no state there ever was */
	UNSTABLE,		/* another one after replay was interrupted */
	VERDICTS,
};

/* What there was to see, over all crashes */
struct tally {
	u64 crashes;
	u64 newer;		/* a state newer than the last flush */
	u64 torn;		/* entries were lost or torn */
	u64 wrapped;		/* the sequence went over the ring's end */
	u64 longer;		/* the file had to grow */
	u64 entries;		/* replayed */
};

const char *verdict_name(enum verdict verdict);

/* Replay in memory; then on the disk, with an interruption, and again. */
enum verdict recover(struct machine *m, struct tally *tally);

#endif /* VHDX_CRASH_RECOVER_H */
