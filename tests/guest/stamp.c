// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 *	0	8	16	24	    32				512
 *	+-------+-------+-------+-----------+---------------------------+
 *	| magic	| seed	| sector| generation| all derived from these	|
 *	+-------+-------+-------+-----------+---------------------------+
 *
 * So every bit of a sector is known: what is derived is its checksum, 60 times over.
 */
#include "stamp.h"

#include <string.h>

#define MAGIC 0x74736e6f69746172ULL
#define HEAD_WORDS 4U

static u64 derive(const struct stamp *stamp)
{
	u64 state = stamp->seed ^ stamp->sector << 24 ^ stamp->generation * 0xd6e8feb86659fd93;

	return random_u64(&state);
}

/* Fill in all that follows from the head: different words, at the speed of memory. */
static void make_tail(u64 word[STAMP_WORDS], const struct stamp *stamp)
{
	u64 base = derive(stamp);
	u32 i;

	for (i = HEAD_WORDS; i < STAMP_WORDS; i++)
		word[i] = (base ^ i << 7) * 0x9e3779b97f4a7c15 + i;
}

/**
 * stamp_make() - what an operation writes to a sector
 * @to:		STAMP_SIZE bytes
 * @stamp:	what it is to say
 */
void stamp_make(u8 *to, const struct stamp *stamp)
{
	u64 word[STAMP_WORDS] = { MAGIC, stamp->seed, stamp->sector, stamp->generation };

	make_tail(word, stamp);
	memcpy(to, word, sizeof(word));
}

/* The same for several sectors, from stamp.sector. */
void stamp_make_range(u8 *to, struct stamp stamp, u64 sectors)
{
	for (; sectors; sectors--, stamp.sector++, to += STAMP_SIZE)
		stamp_make(to, &stamp);
}

static enum stamp_kind without_head(const u64 word[STAMP_WORDS])
{
	u64 byte = word[0] & 0xff;
	u32 i;

	for (i = 0; i < STAMP_WORDS; i++)
		if (word[i] != byte * 0x0101010101010101ULL)
			return STAMP_NONE;
	return byte ? STAMP_FILLED : STAMP_ZEROS;
}

/**
 * stamp_read() - what is this sector?
 * @from:	STAMP_SIZE bytes
 * @seed:	of this run
 * @sector:	where it was read
 * @stamp:	filled if it begins with a stamp
 *
 * Return: what it is
 */
enum stamp_kind stamp_read(const u8 *from, u64 seed, u64 sector, struct stamp *stamp)
{
	u64 word[STAMP_WORDS], wanted[STAMP_WORDS];

	memcpy(word, from, sizeof(word));
	if (word[0] != MAGIC)
		return without_head(word);
	*stamp = (struct stamp){ word[1], word[2], word[3] };
	memcpy(wanted, word, HEAD_WORDS * sizeof(u64));
	make_tail(wanted, stamp);
	if (memcmp(word, wanted, sizeof(word)))
		return STAMP_TORN;
	if (stamp->seed != seed)
		return STAMP_OTHER_RUN;
	return stamp->sector == sector ? STAMP_RIGHT : STAMP_ELSEWHERE;
}
