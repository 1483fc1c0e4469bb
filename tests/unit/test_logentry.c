// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Log entries as the core writes them: byte for byte, and as the core reads them again.
 */
#include "suite.h"

#include "format/log_scan.h"
#include "format/log_encode.h"
#include "make.h"
#include "makelog.h"

#define SECTOR 4096U
#define SECTORS 272U
#define RING (SECTORS * SECTOR)
#define LOG_OFFSET MIB
#define FILE_SIZE (16 * MIB)
#define TARGET (8 * MIB)
#define GUID 7

static struct ring_file file;
static struct vhdx_log ring;
static struct vhdx_fault fault;
static u64 sector[SECTOR / sizeof(u64)];
static u8 entry_bytes[RING];

static void *descriptor(u32 i)
{
	return entry_bytes + vhdx_log_descriptor_sector(i) * SECTOR + vhdx_log_descriptor_offset(i);
}

static void seal(u32 sectors)
{
	u32 crc = vhdx_log_checksum_begin(), i;

	for (i = 0; i < sectors; i++)
		crc = vhdx_log_checksum_add(crc, entry_bytes + i * SECTOR);
	vhdx_log_checksum_end(entry_bytes, crc);
}

/* The page that the n-th change brings */
static void fill_page(u8 *page, u32 n)
{
	u32 i;

	for (i = 0; i < SECTOR; i++)
		page[i] = n + i * 5 + i / 256;
}

static u64 target(u32 n)
{
	return TARGET + n * SECTOR;
}

/* Every third change clears, the others replace a page. */
static bool clears(u32 n)
{
	return n % 3 == 2;
}

/* An entry of @count changes; returns its sectors */
static u32 encode(const struct vhdx_log_stamp *stamp, u32 count)
{
	u32 area = vhdx_log_entry_descriptor_sectors(count), data = 0, i;

	memset(entry_bytes, 0, area * SECTOR);
	for (i = 0; i < count; i++) {
		u8 *page = entry_bytes + (area + data) * SECTOR;

		if (clears(i)) {
			vhdx_log_encode_zero(descriptor(i), target(i), SECTOR, stamp->sequence);
			continue;
		}
		fill_page(page, i);
		vhdx_log_encode_data(descriptor(i), page, target(i), stamp->sequence);
		data++;
	}
	vhdx_log_encode_header(entry_bytes, stamp, count, data);
	seal(area + data);
	return area + data;
}

/* -- byte for byte -- */

static const struct vhdx_log_stamp hand_stamp = {
	.sequence = 0x200000001,
	.guid = { { 0xae, 0x4f, 0x1d, 0xf8, 0xec, 0x7d, 0xd0, 0x11,
		    0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6 } },
	.flushed_size = 0x800000,
	.last_size = 0x100100000,
};

static const u8 hand_head[128] = {
	'l', 'o', 'g', 'e', 0x10, 0xb0, 0xaf, 0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
	0xae, 0x4f, 0x1d, 0xf8, 0xec, 0x7d, 0xd0, 0x11, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6,
	0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0,
	'd', 'e', 's', 'c', 1, 0, 0, 0, 6, 0, 0x80, 0, 0, 0, 0, 0,
	0, 0, 0x20, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
	'z', 'e', 'r', 'o', 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
};

static void made_by_hand(void **state)
{
	static u8 expected[2 * SECTOR];
	u8 *page = entry_bytes + SECTOR;

	(void)state;
	memcpy(expected, hand_head, sizeof(hand_head));
	memcpy(expected + SECTOR, "data\2", 5);
	expected[SECTOR + 0xff8] = 6;
	expected[SECTOR + 0xffc] = 1;
	memset(entry_bytes, 0, 2 * SECTOR);
	memcpy(page, "\6\0\x80", 3);
	memcpy(page + 4088, "\6\0\0\0\1", 5);
	vhdx_log_encode_header(entry_bytes, &hand_stamp, 2, 1);
	vhdx_log_encode_data(descriptor(0), page, 0x200000, hand_stamp.sequence);
	vhdx_log_encode_zero(descriptor(1), 0x100000000, MIB, hand_stamp.sequence);
	seal(2);
	assert_memory_equal(entry_bytes, expected, sizeof(expected));
}

static void empty_by_hand(void **state)
{
	struct vhdx_log_stamp stamp = hand_stamp;

	(void)state;
	stamp.sequence = 1;
	stamp.flushed_size = 0x400000;
	stamp.last_size = 0x400000;
	memset(entry_bytes, 0, SECTOR);
	vhdx_log_encode_header(entry_bytes, &stamp, 0, 0);
	seal(1);
	assert_memory_equal(entry_bytes + 4, "\x3f\x85\x0e\xca\0\x10\0", 8);
}

static void only_the_header(void **state)
{
	u32 i;

	(void)state;
	memset(entry_bytes, 0xa5, SECTOR);
	vhdx_log_encode_header(entry_bytes, &hand_stamp, 2, 1);
	assert_memory_equal(entry_bytes + 4, "\0\0\0", 4);
	for (i = 64; i < SECTOR; i++)
		assert_int_equal(entry_bytes[i], 0xa5);
	vhdx_log_encode_zero(descriptor(0), 0, 0, 1);
	assert_memory_equal(entry_bytes + 68, "\0\0\0", 4);
	for (i = 96; i < SECTOR; i++)
		assert_int_equal(entry_bytes[i], 0xa5);
}

/* -- where descriptors are -- */

struct count_row {
	const char *claim;
	u32 count;
	u32 sectors;
};

static const struct count_row counts[] = {
	{ "no descriptor: a round trip of one sector", 0, 1 },
	{ "1 descriptor: a round trip, one descriptor sector", 1, 1 },
	{ "126 descriptors: a round trip, one descriptor sector", 126, 1 },
	{ "127 descriptors: a round trip, two descriptor sectors", 127, 2 },
	{ "254 descriptors: a round trip, two descriptor sectors", 254, 2 },
	{ "255 descriptors: a round trip, three descriptor sectors", 255, 3 },
};

static void places(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(vhdx_log_descriptor_sector(i) * SECTOR +
				 vhdx_log_descriptor_offset(i), 64 + 32 * i);
	assert_int_equal(vhdx_log_entry_descriptor_sectors(~0U), (1 << 25) + 1);
	assert_int_equal(vhdx_log_descriptor_sector(~0U), 1 << 25);
	assert_int_equal(vhdx_log_descriptor_offset(~0U), 32);
}

/* -- there and back -- */

struct seen {
	u32 count;
};

static enum vhdx_reason see(void *context, const struct vhdx_log_change *change,
			    struct vhdx_fault *where)
{
	struct seen *seen = context;
	static u8 page[SECTOR], expected[SECTOR];
	u32 n = seen->count++;

	assert_int_equal(change->offset, target(n));
	assert_int_equal(change->zero, clears(n));
	assert_int_equal(change->length, SECTOR);
	if (change->zero)
		return VHDX_OK;
	assert_int_equal(vhdx_log_read_page(&ring, change, page, where), VHDX_OK);
	fill_page(expected, n);
	assert_memory_equal(page, expected, SECTOR);
	return VHDX_OK;
}

static void start(void)
{
	struct vhdx_header header = {
		.log_guid = make_guid(GUID), .log_offset = LOG_OFFSET, .log_length = RING,
	};

	ring_file_free(&file);
	ring_file_init(&file, LOG_OFFSET, RING, FILE_SIZE);
	assert_int_equal(vhdx_log_init(&ring, &file.reader, &header, &fault), VHDX_OK);
}

/* Put at @offset what encode() made, read it back, walk through it. */
static void back(const struct vhdx_log_stamp *stamp, u32 offset, u32 count, u32 sectors)
{
	struct vhdx_log_sequence sequence = { .first = offset, .entries = 1, .limit = FILE_SIZE };
	struct seen seen = { 0 };
	bool valid;

	start();
	ring_put(file.ring, RING, offset, entry_bytes, sectors * SECTOR);
	assert_int_equal(vhdx_log_read_entry(&ring, offset, &sequence.head, sector, &valid,
					     &fault), VHDX_OK);
	assert_true(valid);
	assert_int_equal(sequence.head.length, sectors * SECTOR);
	assert_int_equal(sequence.head.descriptors, count);
	assert_int_equal(sequence.head.tail, stamp->tail);
	assert_int_equal(sequence.head.sequence, stamp->sequence);
	assert_int_equal(sequence.head.flushed_size, stamp->flushed_size);
	assert_int_equal(sequence.head.last_size, stamp->last_size);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, see, &seen, &fault), VHDX_OK);
	assert_int_equal(seen.count, count);
}

static void round_trip(void **state)
{
	const struct count_row *row = *state;
	struct vhdx_log_stamp stamp = {
		.sequence = 0xfedcba9876543210, .guid = make_guid(GUID), .tail = 3 * SECTOR,
		.flushed_size = 5 * MIB, .last_size = FILE_SIZE,
	};
	u32 sectors;

	assert_int_equal(vhdx_log_entry_descriptor_sectors(row->count), row->sectors);
	sectors = encode(&stamp, row->count);
	back(&stamp, 0, row->count, sectors);
	back(&stamp, RING - SECTOR, row->count, sectors);
}

/* The tests' own encoder does it in another way. */
static void same_as_tests(void **state)
{
	static u8 pages[255][SECTOR], other[RING];
	static struct log_change changes[255];
	struct vhdx_log_stamp stamp = { .sequence = 9, .guid = make_guid(GUID), .last_size = MIB };
	struct log_entry entry = {
		.sequence = 9, .guid = make_guid(GUID), .last_size = MIB,
		.changes = changes, .count = 255,
	};
	u32 i;

	(void)state;
	for (i = 0; i < 255; i++) {
		fill_page(pages[i], i);
		changes[i].offset = target(i);
		changes[i].page = clears(i) ? NULL : pages[i];
		changes[i].zeros = SECTOR;
	}
	log_entry_encode(other, &entry);
	assert_int_equal(encode(&stamp, 255) * SECTOR, log_entry_length(&entry));
	assert_memory_equal(entry_bytes, other, log_entry_length(&entry));
}

int main(void)
{
	suite_add("the entry made by hand comes out byte for byte", made_by_hand);
	suite_add("the empty entry made by hand gets its checksum", empty_by_hand);
	suite_add("header and descriptor change nothing beside them", only_the_header);
	suite_add("descriptors follow the header without a gap", places);
	SUITE_ADD_ROWS(counts, round_trip);
	suite_add("the tests' own encoder makes the same of 255 changes", same_as_tests);
	return suite_run("logentry");
}
