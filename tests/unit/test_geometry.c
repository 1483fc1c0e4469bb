// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Numbers of blocks, chunks and BAT entries, for each size of block and sector.
 */
#include "suite.h"

#include "format/bat.h"
#include "make.h"

#define FIXED VHDX_PARAMS_LEAVE_ALLOCATED
#define PARENT VHDX_PARAMS_HAS_PARENT

struct judged {
	const char *claim;
	struct vhdx_geometry_raw raw;	/* block size, flags, disk size, logical, physical */
	enum vhdx_reason reason;
	u64 value;
};

static const struct judged judged[] = {
	{ "rule 30: blocks of 1 MiB are accepted", { MIB, 0, GIB, 512, 512 }, 0, 0 },
	{ "rule 30: blocks of 256 MiB are accepted", { 256 * MIB, 0, GIB, 512, 512 }, 0, 0 },
	{ "rule 30: block size 0 is refused", { 0, 0, GIB, 512, 512 }, VHDX_REASON_block_size, 0 },
	{ "rule 30: blocks of 512 KiB are refused", { MIB / 2, 0, GIB, 512, 512 },
	  VHDX_REASON_block_size, MIB / 2 },
	{ "rule 30: blocks of 512 MiB are refused", { 512 * MIB, 0, GIB, 512, 512 },
	  VHDX_REASON_block_size, 512 * MIB },
	{ "rule 30: blocks of 3 MiB are refused", { 3 * MIB, 0, GIB, 512, 512 },
	  VHDX_REASON_block_size, 3 * MIB },
	{ "rule 30: blocks of 1 MiB and a byte are refused", { MIB + 1, 0, GIB, 512, 512 },
	  VHDX_REASON_block_size, MIB + 1 },
	{ "rule 30: blocks of 2 GiB are refused", { 0x80000000, 0, GIB, 512, 512 },
	  VHDX_REASON_block_size, 0x80000000 },
	{ "rule 31: a fixed disk is accepted", { MIB, FIXED, GIB, 512, 512 }, 0, 0 },
	{ "rule 31: a differencing disk is accepted", { MIB, PARENT, GIB, 512, 512 }, 0, 0 },
	{ "rule 31: both flags are accepted", { MIB, FIXED | PARENT, GIB, 512, 512 }, 0, 0 },
	{ "rule 31: bit 2 of the flags is refused", { MIB, 4, GIB, 512, 512 },
	  VHDX_REASON_parameters_reserved, 4 },
	{ "rule 31: bit 31 of the flags is refused", { MIB, 0x80000001, GIB, 512, 512 },
	  VHDX_REASON_parameters_reserved, 0x80000001 },
	{ "rule 32: 512 logical and 4096 physical are accepted", { MIB, 0, GIB, 512, 4096 }, 0, 0 },
	{ "rule 32: 4096 and 4096 are accepted", { MIB, 0, GIB, 4096, 4096 }, 0, 0 },
	{ "rule 32: a physical sector smaller than a logical one is accepted",
	  { MIB, 0, GIB, 4096, 512 }, 0, 0 },
	{ "rule 32: logical sectors of 0 are refused", { MIB, 0, GIB, 0, 512 },
	  VHDX_REASON_logical_sector_size, 0 },
	{ "rule 32: logical sectors of 1024 are refused", { MIB, 0, GIB, 1024, 512 },
	  VHDX_REASON_logical_sector_size, 1024 },
	{ "rule 32: logical sectors of 520 are refused", { MIB, 0, GIB, 520, 512 },
	  VHDX_REASON_logical_sector_size, 520 },
	{ "rule 32: physical sectors of 0 are refused", { MIB, 0, GIB, 512, 0 },
	  VHDX_REASON_physical_sector_size, 0 },
	{ "rule 32: physical sectors of 8192 are refused", { MIB, 0, GIB, 512, 8192 },
	  VHDX_REASON_physical_sector_size, 8192 },
	{ "rule 33: a disk of one sector is accepted", { MIB, 0, 512, 512, 512 }, 0, 0 },
	{ "rule 33: a disk of nothing is refused", { MIB, 0, 0, 512, 512 },
	  VHDX_REASON_disk_size_zero, 0 },
	{ "rule 33: a disk of half a sector is refused", { MIB, 0, 256, 512, 512 },
	  VHDX_REASON_disk_size_unaligned, 256 },
	{ "rule 33: one sector of 512 is none of 4096", { MIB, 0, GIB + 512, 4096, 4096 },
	  VHDX_REASON_disk_size_unaligned, GIB + 512 },
	{ "rule 33: 64 TiB are accepted", { MIB, 0, 64 * TIB, 512, 512 }, 0, 0 },
	{ "rule 33: 64 TiB and a sector are refused", { MIB, 0, 64 * TIB + 512, 512, 512 },
	  VHDX_REASON_disk_size_too_large, 64 * TIB + 512 },
	{ "rule 33: the largest number there is is refused", { MIB, 0, ~0ULL, 512, 512 },
	  VHDX_REASON_disk_size_too_large, ~0ULL },
};

static void judge(void **state)
{
	const struct judged *row = *state;
	struct vhdx_geometry g;
	struct vhdx_fault fault;

	assert_int_equal(vhdx_geometry_make(&g, &row->raw, &fault), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.value, row->value);
		return;
	}
	assert_int_equal(g.disk_size, row->raw.disk_size);
	assert_int_equal(g.block_size, row->raw.block_size);
	assert_int_equal(1ULL << g.block_shift, row->raw.block_size);
	assert_int_equal(g.logical_sector_size, row->raw.logical_sector_size);
	assert_int_equal(g.physical_sector_size, row->raw.physical_sector_size);
	assert_int_equal(g.leave_allocated, !!(row->raw.parameter_flags & FIXED));
	assert_int_equal(g.has_parent, !!(row->raw.parameter_flags & PARENT));
}

static void make(struct vhdx_geometry *g, u64 disk_size, u32 block_size, u32 logical, u32 flags)
{
	const struct vhdx_geometry_raw raw = { block_size, flags, disk_size, logical, 4096 };
	struct vhdx_fault fault;

	assert_int_equal(vhdx_geometry_make(g, &raw, &fault), VHDX_OK);
}

struct counted {
	const char *claim;
	u64 disk_size;
	u32 block_mib, logical, flags;
	u64 ratio, blocks, chunks, entries;
};

static const struct counted counted[] = {
	{ "127 GiB in 32 MiB blocks need 4095 entries", 127 * GIB, 32, 512, 0, 128, 4064, 32, 4095 },
	{ "64 TiB in 1 MiB blocks need 67125247 entries", 64 * TIB, 1, 512, 0,
	  4096, 67108864, 16384, 67125247 },
	{ "100 GiB with a parent, 4 KiB sectors, 2 MiB blocks: 65540 entries", 100 * GIB, 2, 4096,
	  PARENT, 16384, 51200, 4, 65540 },
	{ "64 TiB with a parent end with a bitmap entry", 64 * TIB, 1, 512, PARENT,
	  4096, 67108864, 16384, 67125248 },
	{ "a disk of one sector needs one entry", 512, 1, 512, 0, 4096, 1, 1, 1 },
	{ "a disk of one sector with a parent needs its whole chunk", 512, 1, 512, PARENT,
	  4096, 1, 1, 4097 },
	{ "a full chunk has no bitmap entry behind it", 4 * GIB, 32, 512, 0, 128, 128, 1, 128 },
	{ "a sector more makes a second chunk", 4 * GIB + 512, 32, 512, 0, 128, 129, 2, 130 },
	{ "a sector less leaves the last block short", 4 * GIB - 512, 32, 512, 0, 128, 128, 1, 128 },
	{ "10 GiB by Windows: the last of 320 blocks has index 321", 10 * GIB, 32, 512, 0,
	  128, 320, 3, 322 },
	{ "131041 blocks of 1 MiB fill a BAT of 1 MiB", 131041 * MIB, 1, 512, 0,
	  4096, 131041, 32, 131072 },
};

static void count(void **state)
{
	const struct counted *row = *state;
	struct vhdx_geometry g;

	make(&g, row->disk_size, row->block_mib * MIB, row->logical, row->flags);
	assert_int_equal(1ULL << g.chunk_shift, row->ratio);
	assert_int_equal(g.payload_blocks, row->blocks);
	assert_int_equal(g.chunks, row->chunks);
	assert_int_equal(g.bat_entries, row->entries);
}

/* The digest's three disks */
enum { A, B, C };

static const struct counted *const disks[] = { &counted[0], &counted[1], &counted[2] };

struct indexed {
	const char *claim;
	int disk;
	u64 offset;
	u64 block, in_block, index, page, slot, bitmap;
};

static const struct indexed indexed[] = {
	{ "A: the first sector has the first entry", A, 0, 0, 0, 0, 0, 0, 128 },
	{ "A: the last sector of chunk 0 comes before its bitmap entry", A, 4 * GIB - 512,
	  127, 33553920, 127, 0, 127, 128 },
	{ "A: the first sector of chunk 1 comes after it", A, 4 * GIB, 128, 0, 129, 0, 129, 257 },
	{ "A: a sector in the middle of chunk 15", A, 63 * GIB + 12345 * 512,
	  2016, 6320640, 2031, 3, 495, 2063 },
	{ "A: the last sector has the last entry", A, 127 * GIB - 512,
	  4063, 33553920, 4094, 7, 510, 4127 },
	{ "B: the first sector of chunk 1", B, 4 * GIB, 4096, 0, 4097, 8, 1, 8193 },
	{ "B: the last sector of the largest disk", B, 64 * TIB - 512,
	  67108863, 1048064, 67125246, 131103, 510, 67125247 },
	{ "C: the last sector of chunk 0", C, 32 * GIB - 4096, 16383, 2093056, 16383, 31, 511, 16384 },
	{ "C: the first sector of chunk 1", C, 32 * GIB, 16384, 0, 16385, 32, 1, 32769 },
	{ "C: a sector of the last, partial chunk", C, 99 * GIB + 3 * 4096,
	  50688, 12288, 50691, 99, 3, 65539 },
};

static void locate(void **state)
{
	const struct indexed *row = *state;
	const struct counted *disk = disks[row->disk];
	struct vhdx_geometry g;
	u64 block, number;

	make(&g, disk->disk_size, disk->block_mib * MIB, disk->logical, disk->flags);
	block = row->offset >> g.block_shift;
	assert_int_equal(block, row->block);
	assert_int_equal(row->offset & (g.block_size - 1), row->in_block);
	assert_int_equal(vhdx_payload_index(&g, block), row->index);
	assert_int_equal(row->index / VHDX_BAT_ENTRIES_PER_PAGE, row->page);
	assert_int_equal(row->index % VHDX_BAT_ENTRIES_PER_PAGE, row->slot);
	assert_int_equal(vhdx_bitmap_index(&g, block >> g.chunk_shift), row->bitmap);
	assert_false(vhdx_index_is_bitmap(&g, row->index, &number));
	assert_int_equal(number, row->block);
	assert_true(vhdx_index_is_bitmap(&g, row->bitmap, &number));
	assert_int_equal(number, block >> g.chunk_shift);
}

/* Each index belongs to exactly one block, and asking back gives that block. */
static void bijection(void **state)
{
	u32 mib, logical;

	(void)state;
	for (logical = 512; logical <= 4096; logical *= 8)
		for (mib = 1; mib <= 256; mib *= 2) {
			struct vhdx_geometry g;
			u64 ratio, index, payload = 0, bitmaps = 0, number;

			make(&g, 3 * logical * 8 * MIB + mib * MIB, mib * MIB, logical, PARENT);
			ratio = 1ULL << g.chunk_shift;
			assert_int_equal(ratio, 8192ULL * 1024 * logical / (mib * MIB));
			assert_int_equal(g.chunks, 4);
			for (index = 0; index < g.bat_entries; index++)
				if (vhdx_index_is_bitmap(&g, index, &number)) {
					assert_int_equal(number, bitmaps++);
					assert_int_equal(vhdx_bitmap_index(&g, number), index);
				} else {
					assert_int_equal(number, payload++);
					assert_int_equal(vhdx_payload_index(&g, number), index);
				}
			assert_int_equal(bitmaps, 4);
			assert_int_equal(payload, 4 * ratio);
		}
}

struct used {
	const char *claim;
	u64 disk_size;
	u32 block_mib;
	u64 block;
	u32 used;
};

static const struct used used[] = {
	{ "a block within the disk is used in whole", 4 * MIB, 2, 0, 2 * MIB },
	{ "the last block of a disk in whole blocks is used in whole", 4 * MIB, 2, 1, 2 * MIB },
	{ "the last block of other disks is short", 3 * MIB, 2, 1, MIB },
	{ "one sector of the last block may be used", 4 * MIB + 512, 2, 2, 512 },
	{ "all but a sector of the last block may be used", 4 * MIB - 512, 2, 1, 2 * MIB - 512 },
	{ "the first block may be the short one", 512, 256, 0, 512 },
	{ "the last block of the largest disk is used in whole", 64 * TIB, 256, 262143, 256 * MIB },
};

static void block_used(void **state)
{
	const struct used *row = *state;
	struct vhdx_geometry g;

	make(&g, row->disk_size, row->block_mib * MIB, 512, 0);
	assert_int_equal(vhdx_block_used(&g, row->block), row->used);
}

struct region {
	const char *claim;
	u64 disk_size;
	u32 block_mib, logical;
	u64 mib;
};

static const struct region region_lengths[] = {
	{ "a disk of one sector gets a BAT of 1 MiB", 512, 1, 512, 1 },
	{ "127 GiB in 32 MiB blocks get a BAT of 1 MiB", 127 * GIB, 32, 512, 1 },
	{ "a BAT that 31 chunks nearly fill is 1 MiB", 31 * 4 * GIB, 1, 512, 1 },
	{ "a BAT that is full but for its last bitmap slot becomes 2 MiB", 131041 * MIB, 1, 512, 2 },
	{ "64 TiB in 1 MiB blocks get a BAT of 513 MiB", 64 * TIB, 1, 512, 513 },
	{ "64 TiB in 1 MiB blocks of 4 KiB sectors get one MiB more than 512", 64 * TIB, 1, 4096, 513 },
};

static void region_length(void **state)
{
	const struct region *row = *state;
	struct vhdx_geometry alone, child;

	make(&alone, row->disk_size, row->block_mib * MIB, row->logical, 0);
	make(&child, row->disk_size, row->block_mib * MIB, row->logical, PARENT);
	assert_int_equal(vhdx_bat_region_length(&alone), row->mib * MIB);
	assert_int_equal(vhdx_bat_region_length(&child), row->mib * MIB);
	assert_true(child.bat_entries * VHDX_BAT_ENTRY_SIZE <= row->mib * MIB);
	assert_true(child.bat_entries * VHDX_BAT_ENTRY_SIZE > (row->mib - 1) * MIB);
}

int main(void)
{
	SUITE_ADD_ROWS(judged, judge);
	SUITE_ADD_ROWS(counted, count);
	SUITE_ADD_ROWS(indexed, locate);
	suite_add("every BAT index is one payload or one bitmap block, in all geometries", bijection);
	SUITE_ADD_ROWS(used, block_used);
	SUITE_ADD_ROWS(region_lengths, region_length);
	return suite_run("geometry");
}
