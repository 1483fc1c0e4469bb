// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Sector bitmaps: which sectors of a block are the child's.
 */
#include "suite.h"

#include "format/bitmap.h"
#include "make.h"

/* What vhdx_bitmap_run() says, one bit after the other */
static u32 slow_run(u64 word, u32 first, bool *set)
{
	u32 end = first;

	*set = word >> first & 1;
	while (end < 64 && (word >> end & 1) == *set)
		end++;
	return end - first;
}

static void claim_runs(u64 word)
{
	u32 first;

	for (first = 0; first < 64; first++) {
		bool set, wanted;
		u32 length = slow_run(word, first, &wanted);

		assert_int_equal(vhdx_bitmap_run(word, first, &set), length);
		assert_int_equal(set, wanted);
	}
}

struct run_row {
	const char *claim;
	u64 word;
	u32 first;
	bool set;
	u32 length;
};

static const struct run_row runs[] = {
	{ "a word without bits is one run", 0, 0, false, 64 },
	{ "and the rest of it is", 0, 17, false, 47 },
	{ "a full word is one run", ~0ULL, 0, true, 64 },
	{ "and the rest of it ends with the word", ~0ULL, 1, true, 63 },
	{ "the last bit of a full word is a run of one", ~0ULL, 63, true, 1 },
	{ "the last bit of an empty word is a run of one", 0, 63, false, 1 },
	{ "the first sector is the least significant bit", 1, 0, true, 1 },
	{ "behind it the run ends with the word", 1, 1, false, 63 },
	{ "the last sector is the most significant bit", 1ULL << 63, 0, false, 63 },
	{ "which is a run of one", 1ULL << 63, 63, true, 1 },
	{ "the second byte comes second", 0xff00, 0, false, 8 },
	{ "a run goes over the border of bytes", 0x1f80, 7, true, 6 },
	{ "a run goes over the middle of the word", 0x00000003c0000000ULL, 30, true, 4 },
	{ "a run that begins before counts from the given sector", 0xff, 5, true, 3 },
};

static void run_row(void **state)
{
	const struct run_row *row = *state;
	bool set;

	assert_int_equal(vhdx_bitmap_run(row->word, row->first, &set), row->length);
	assert_int_equal(set, row->set);
	claim_runs(row->word);
}

/* All runs of all lengths at all places, alone and left out */
static void every_run(void **state)
{
	u32 first, end;

	(void)state;
	for (first = 0; first < 64; first++) {
		for (end = first + 1; end <= 64; end++) {
			u64 word = vhdx_bitmap_mask(first, end);

			claim_runs(word);
			claim_runs(~word);
		}
	}
}

static void any_word(void **state)
{
	u64 word = 1;
	u32 i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		claim_runs(word ^ word >> 29);
	}
}

static void masks(void **state)
{
	u32 first, end, bit;

	(void)state;
	for (first = 0; first < 64; first++) {
		for (end = first + 1; end <= 64; end++) {
			u64 wanted = 0;

			for (bit = first; bit < end; bit++)
				wanted |= 1ULL << bit;
			assert_int_equal(vhdx_bitmap_mask(first, end), wanted);
		}
	}
}

struct place {
	const char *claim;
	u32 block_size, logical;
	u64 position;
	u64 chunk;
	u32 bit;
	u32 slice;			/* bytes */
};

static const struct place places[] = {
	{ "the first sector is bit 0 of chunk 0", MIB, 512, 0, 0, 0, 256 },
	{ "a byte inside a sector has that sector's bit", MIB, 512, 1023, 0, 1, 256 },
	{ "the second block's bits follow the first's", MIB, 512, MIB, 0, 2048, 256 },
	{ "the last sector of a chunk is the last bit", MIB, 512, 4 * GIB - 512, 0, 0x7fffff, 256 },
	{ "the next is bit 0 of the next chunk", MIB, 512, 4 * GIB, 1, 0, 256 },
	{ "chunks are the same with the largest blocks", 256 * MIB, 512, 4 * GIB, 1, 0, 65536 },
	{ "the largest block has 64 KiB of bits", 256 * MIB, 512, 256 * MIB, 0, 524288, 65536 },
	{ "4 KiB sectors have a bit each", MIB, 4096, 8191, 0, 1, 32 },
	{ "with them the smallest block has 32 bytes of bits", MIB, 4096, MIB, 0, 256, 32 },
	{ "with them a chunk is 32 GiB", 32 * MIB, 4096, 32 * GIB - 1, 0, 0x7fffff, 1024 },
	{ "and the next begins there", 32 * MIB, 4096, 32 * GIB, 1, 0, 1024 },
	{ "with them the largest block has 8 KiB of bits", 256 * MIB, 4096, 64 * TIB - 4096, 2047,
	  0x7fffff, 8192 },
	{ "the last sector of the largest disk has a bit", 2 * MIB, 512, 64 * TIB - 512, 16383,
	  0x7fffff, 512 },
};

static void place_row(void **state)
{
	const struct place *row = *state;
	const struct vhdx_geometry_raw raw = {
		.block_size = row->block_size,
		.parameter_flags = VHDX_PARAMS_HAS_PARENT,
		.disk_size = 64 * TIB,
		.logical_sector_size = row->logical,
		.physical_sector_size = 4096,
	};
	struct vhdx_geometry g;
	struct vhdx_fault fault;

	assert_int_equal(vhdx_geometry_make(&g, &raw, &fault), VHDX_OK);
	assert_int_equal(vhdx_bitmap_chunk(&g, row->position), row->chunk);
	assert_int_equal(vhdx_bitmap_bit(&g, row->position), row->bit);
	assert_int_equal(vhdx_bitmap_slice(&g), row->slice);
	/* the slices of a chunk's blocks fill its bitmap block */
	assert_int_equal((u64)vhdx_bitmap_slice(&g) << g.chunk_shift, VHDX_BITMAP_BLOCK_SIZE);
}

int main(void)
{
	SUITE_ADD_ROWS(runs, run_row);
	suite_add("every run at every place of a word is found, set or not", every_run);
	suite_add("the runs of any word are those of its bits", any_word);
	suite_add("a mask has the bits from one up to another", masks);
	SUITE_ADD_ROWS(places, place_row);
	return suite_run("bitmap");
}
