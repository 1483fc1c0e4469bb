/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The journal of a writer: its requests to a disk and the results of these, in order.
 *
 * Lines of text, in the order in which things happened:
 *
 *	writer SEED BYTES		first: of which run, of how large a disk
 *	i GENERATION KIND SECTOR COUNT	an operation is about to be issued
 *	c GENERATION ERRNO		it was completed
 *	m NUMBER ENTRIES		here the recorder got mark NUMBER; it had recorded
 *					so many entries, or "-" if the recording has the mark
 *
 * Generations count all operations, from 1. Nothing else happens while a mark is set: what
 * stands before it in the journal stands before it in the recording, if it was flushed.
 */
#ifndef VHDX_TESTS_JOURNAL_H
#define VHDX_TESTS_JOURNAL_H

#include "util.h"

enum op_kind {
	OP_WRITE	= 'w',
	OP_SYNC_WRITE	= 's',		/* completed means durable */
	OP_ZERO		= 'z',
	OP_DISCARD	= 'd',
	OP_FLUSH	= 'f',
};

/* Names of marks in a recording: this and the number */
#define MARK_PREFIX "writer-"

void journal_open(const char *path, u64 seed, u64 bytes);
void journal_record_to(const char *recorder);
u64 journal_issue(enum op_kind kind, u64 sector, u64 count);
void journal_complete(u64 generation, int error);
void journal_mark(void);
void journal_mark_if_due(u64 distance);
u64 journal_close(void);

#endif /* VHDX_TESTS_JOURNAL_H */
