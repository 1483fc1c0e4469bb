// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The log, on small rings: which entries are valid.
 */
#include "suite.h"

#include "format/checksum.h"
#include "format/guid.h"
#include "smallring.h"

/* -- entries written by others, or by hand -- */

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

static const u8 empty_head[128] = {
	'l', 'o', 'g', 'e', 0x3f, 0x85, 0x0e, 0xca, 0, 0x10, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xae, 0x4f, 0x1d, 0xf8, 0xec, 0x7d, 0xd0, 0x11, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6,
	0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0,
};

static const u8 windows_head[128] = {
	'l', 'o', 'g', 'e', 0x9f, 0xb1, 0x67, 0xa9, 0, 0x20, 0, 0, 0, 0x50, 0, 0,
	0x57, 0xe5, 0x3f, 0x06, 0x64, 0xa2, 0x1c, 0x01, 1, 0, 0, 0, 0, 0, 0, 0,
	0x3c, 0x74, 0xfc, 0xe6, 0xed, 0x81, 0xe8, 0x4f, 0xbf, 0x54, 0x69, 0x8e, 0xd5, 0x7b, 0xa0, 0xb8,
	0, 0, 0x40, 2, 0, 0, 0, 0, 0, 0, 0x40, 2, 0, 0, 0, 0,
	'd', 'e', 's', 'c', 0, 0, 0, 0, 6, 0, 0x40, 0, 0, 0, 0, 0,
	0, 0, 0x30, 0, 0, 0, 0, 0, 0x57, 0xe5, 0x3f, 0x06, 0x64, 0xa2, 0x1c, 0x01,
};

struct vector {
	const char *claim;
	const u8 *head;
	u32 offset;
	struct { u32 at; u8 value; } more[12];	/* bytes that are not zero behind the head */
	struct vhdx_log_entry entry;
};

static const struct vector vectors[] = {
	{ "an entry made by hand is valid, all its fields are read", hand_head, 0,
	  { { 0x1000, 'd' }, { 0x1001, 'a' }, { 0x1002, 't' }, { 0x1003, 'a' }, { 0x1004, 2 },
	    { 0x1ff8, 6 }, { 0x1ffc, 1 } },
	  { 0, 0x2000, 0, 2, 0x200000001, 0x800000, 0x100100000 } },
	{ "an empty entry made by hand is valid", empty_head, 0x3000, { { 0 } },
	  { 0x3000, 0x1000, 0, 0, 1, 0x400000, 0x400000 } },
	{ "an entry of Windows 10 is valid", windows_head, 0x7000,
	  { { 0x1000, 'd' }, { 0x1001, 'a' }, { 0x1002, 't' }, { 0x1003, 'a' }, { 0x1004, 0x64 },
	    { 0x1005, 0xa2 }, { 0x1006, 0x1c }, { 0x1007, 1 }, { 0x1018, 2 }, { 0x1048, 2 },
	    { 0x10f8, 2 }, { 0x1ffc, 0x57 } },
	  { 0x7000, 0x2000, 0x5000, 1, 0x011ca264063fe557, 0x2400000, 0x2400000 } },
};

static void put_vector(const struct vector *row)
{
	u8 *at;
	u32 i;

	ring_start(SECTORS, FILE_SIZE);
	memcpy(ring.guid.bytes, row->head + 32, sizeof(ring.guid));
	at = file.ring + row->offset;
	memcpy(at, row->head, 128);
	for (i = 0; i < ARRAY_SIZE(row->more) && row->more[i].at; i++)
		at[row->more[i].at] = row->more[i].value;
	if (row->head == windows_head) {
		at[0x1ffd] = 0xe5;
		at[0x1ffe] = 0x3f;
		at[0x1fff] = 0x06;
	}
}

static void entry_of_others(void **state)
{
	const struct vector *row = *state;
	struct vhdx_log_entry entry;

	put_vector(row);
	assert_true(ring_entry_valid(row->offset, &entry));
	assert_int_equal(entry.offset, row->entry.offset);
	assert_int_equal(entry.length, row->entry.length);
	assert_int_equal(entry.tail, row->entry.tail);
	assert_int_equal(entry.descriptors, row->entry.descriptors);
	assert_int_equal(entry.sequence, row->entry.sequence);
	assert_int_equal(entry.flushed_size, row->entry.flushed_size);
	assert_int_equal(entry.last_size, row->entry.last_size);
}

/* The tests' own encoder must not be what the core is measured by. */
static void encoder_as_by_hand(void **state)
{
	struct log_change changes[2] = { { 2 * MIB, page_a, 0 }, { 4 * GIB, NULL, MIB } };
	struct log_entry entry = { .sequence = 0x200000001, .flushed_size = 8 * MIB,
		.last_size = 4097 * MIB, .changes = changes, .count = 2 };
	static u8 page[SECTOR];

	(void)state;
	page[0] = 6;
	page[2] = 0x80;
	page[4088] = 6;
	page[4092] = 1;
	changes[0].page = page;
	put_vector(&vectors[0]);
	entry.guid = ring.guid;
	assert_int_equal(log_entry_length(&entry), 2 * SECTOR);
	log_entry_encode(encoded, &entry);
	assert_memory_equal(encoded, file.ring, 2 * SECTOR);
}

/* -- the rules of an entry, broken one by one -- */

#define SEQUENCE 0x0000000700000009ULL
#define KEEP_CHECKSUM 1		/* leave it as it was before the change */
#define STAYS_VALID 2

struct broken {
	const char *claim;
	u32 at, bytes;
	u64 value;
	unsigned int flags;
};

/* Descriptor 0 at 64 and 2 at 128 are pages, 1 at 96 is a range of zeros. */
static const struct broken brokens[] = {
	{ "an entry without a flaw is valid", 28, 4, 0, STAYS_VALID },
	{ "an entry with its reserved field set is valid", 28, 4, 0xffffffff, STAYS_VALID },
	{ "a zero descriptor with its reserved field set is valid", 100, 4, 1, STAYS_VALID },
	{ "a zero descriptor of no length is valid", 104, 8, 0, STAYS_VALID },
	{ "junk behind the last descriptor is covered by the checksum only", 160, 8, ~0ULL,
	  STAYS_VALID },
	{ "any aligned target is valid, right or not", 80, 8, 0xfffffffffffff000, STAYS_VALID },
	{ "any aligned length of zeros is valid", 104, 8, 0xfffffffffffff000, STAYS_VALID },
	{ "Tail at the last sector of the ring is valid", 12, 4, RING - SECTOR, STAYS_VALID },
	{ "any file sizes are valid", 48, 8, ~0ULL, STAYS_VALID },
	{ "an entry without its signature is not valid", 3, 1, 'E' },
	{ "an entry with another GUID is not valid", 47, 1, 0 },
	{ "an entry with another GUID's first byte is not valid", 32, 1, 0xff },
	{ "an entry of length 0 is not valid", 8, 4, 0 },
	{ "an entry whose length is no whole sectors is not valid", 8, 4, 3 * SECTOR + 512 },
	{ "an entry longer than the ring is not valid", 8, 4, RING + SECTOR },
	{ "an entry of nearly 4 GiB is not valid", 8, 4, 0xfffff000 },
	{ "an entry one sector longer than its descriptors say is not valid", 8, 4, 4 * SECTOR },
	{ "an entry one sector shorter than its descriptors say is not valid", 8, 4, 2 * SECTOR },
	{ "an entry of descriptors alone, data missing, is not valid", 8, 4, SECTOR },
	{ "Tail inside a sector is not valid", 12, 4, SECTOR + 8 },
	{ "Tail at the end of the ring is not valid", 12, 4, RING },
	{ "Tail far outside the ring is not valid", 12, 4, 0xfffff000 },
	{ "an entry of another sequence number than its descriptors is not valid", 16, 8, SEQUENCE + 1 },
	{ "sequence numbers are compared in all 64 bits", 23, 1, 1 },
	{ "an entry whose count leaves out a data sector is not valid", 24, 4, 2 },
	{ "an entry whose count includes what is no descriptor is not valid", 24, 4, 4 },
	{ "an entry without descriptors, but with data, is not valid", 24, 4, 0 },
	{ "an entry whose descriptors do not fit in it is not valid", 24, 4, 1000 },
	{ "a count of 4294967295 does not overflow anything", 24, 4, 0xffffffff },
	{ "a count whose bytes are 2^32 does not overflow anything", 24, 4, 0x08000000 },
	{ "an unknown descriptor is not valid", 64, 1, 'D' },
	{ "an unknown descriptor at the end is not valid", 128, 4, 0 },
	{ "a zero descriptor with a wrong signature is not valid", 99, 1, 'O' },
	{ "a data descriptor of another sequence number is not valid", 88, 1, 8 },
	{ "a data descriptor of another high half is not valid", 92, 1, 8 },
	{ "a zero descriptor of another sequence number is not valid", 120, 1, 8 },
	{ "a data descriptor inside a page is not valid", 80, 8, 2 * MIB + 512 },
	{ "a zero descriptor inside a page is not valid", 112, 8, 3 * MIB + 2048 },
	{ "a length of zeros that is no whole pages is not valid", 104, 8, SECTOR + 1 },
	{ "a data sector without its signature is not valid", SECTOR, 1, 'D' },
	{ "a second data sector without its signature is not valid", 2 * SECTOR + 3, 1, 0 },
	{ "a data sector of another SequenceHigh is not valid", SECTOR + 4, 4, 8 },
	{ "a data sector of another SequenceLow is not valid", 2 * SECTOR - 4, 4, 8 },
	{ "a second data sector of another SequenceHigh is not valid", 2 * SECTOR + 4, 4, 0 },
	{ "a second data sector of another SequenceLow is not valid", 3 * SECTOR - 4, 4, 0 },
	{ "a data sector in place of an entry is not valid", 0, 4, 0x61746164 },
	{ "an entry with a wrong checksum is not valid", 4, 4, 0x12345678, KEEP_CHECKSUM },
	{ "a changed Tail shows in the checksum", 13, 1, 0x10, KEEP_CHECKSUM },
	{ "a changed byte of the page kept in a descriptor shows in the checksum", 72, 1, 0xee,
	  KEEP_CHECKSUM },
	{ "a changed byte behind the descriptors shows in the checksum", SECTOR - 1, 1, 1, KEEP_CHECKSUM },
	{ "a changed byte of a data sector shows in the checksum", SECTOR + 100, 1, 1, KEEP_CHECKSUM },
	{ "a changed byte of the last data sector shows in the checksum", 3 * SECTOR - 5, 1, 1,
	  KEEP_CHECKSUM },
};

/* Three sectors, and behind them one that could well be its fourth */
static void encode_three(void)
{
	struct log_change changes[] = {
		{ 2 * MIB, page_a, 0 }, { 3 * MIB, NULL, 2 * SECTOR }, { 4 * MIB, page_b, 0 },
	};
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = SEQUENCE,
		.flushed_size = FILE_SIZE, .last_size = FILE_SIZE, .changes = changes, .count = 3 };

	log_entry_encode(encoded, &entry);
	assert_int_equal(log_entry_length(&entry), 3 * SECTOR);
	memcpy(encoded + 3 * SECTOR, encoded + 2 * SECTOR, SECTOR);
}

static void restamp(void)
{
	__le32 raw;
	u32 length;

	memcpy(&raw, encoded + 8, sizeof(raw));
	length = le32_to_cpu(raw);
	vhdx_checksum_stamp(encoded, length && length <= 4 * SECTOR && length % SECTOR == 0 ?
			    length : 3 * SECTOR);
}

static void rule_of_entry(void **state)
{
	const struct broken *row = *state;
	static const u32 places[] = { 3, 12, 14, 15 };	/* the last two wrap */
	__le64 value = cpu_to_le64(row->value);
	struct vhdx_log_entry entry;
	u32 i;

	encode_three();
	memcpy(encoded + row->at, &value, row->bytes);
	if (!(row->flags & KEEP_CHECKSUM))
		restamp();
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		ring_start(SECTORS, FILE_SIZE);
		ring_put(file.ring, RING, places[i] * SECTOR, encoded, 4 * SECTOR);
		assert_int_equal(ring_entry_valid(places[i] * SECTOR, &entry), !!(row->flags & STAYS_VALID));
	}
}

static void sequence_zero(void **state)
{
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 1 };
	struct vhdx_log_entry found;

	(void)state;
	ring_start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring, &entry);
	assert_true(ring_entry_valid(0, &found));
	entry.sequence = 0;
	log_entry_encode(file.ring, &entry);
	assert_false(ring_entry_valid(0, &found));
}

static void every_bit(void **state)
{
	struct vhdx_log_entry entry;
	u32 i;

	(void)state;
	encode_three();
	ring_start(SECTORS, FILE_SIZE);
	ring_put(file.ring, RING, 0, encoded, 3 * SECTOR);
	for (i = 0; i < 3 * SECTOR; i += i < 192 ? 1 : 61) {
		file.ring[i] ^= 1 << i % 8;
		assert_false(ring_entry_valid(0, &entry));
		file.ring[i] ^= 1 << i % 8;
	}
	assert_true(ring_entry_valid(0, &entry));
}

/* -- many descriptors -- */

struct many {
	const char *claim;
	u32 zeros, pages, sectors;
};

static const struct many manys[] = {
	{ "126 descriptors take one sector", 126, 0, 1 },
	{ "127 descriptors take two sectors", 127, 0, 2 },
	{ "126 + 128 descriptors take two sectors", 254, 0, 2 },
	{ "126 + 128 + 1 descriptors take three sectors", 255, 0, 3 },
	{ "15 pages take 16 sectors, the whole ring", 0, 15, 16 },
	{ "data sectors follow two sectors of descriptors", 140, 5, 7 },
	{ "as many descriptors as the ring can hold", 2046, 0, 16 },
};

struct seen {
	u32 count, zeros;
	u64 last;
};

static enum vhdx_reason count_change(void *context, const struct vhdx_log_change *change,
				     struct vhdx_fault *f)
{
	struct seen *seen = context;
	static u64 page[SECTOR / 8];

	assert_true(change->offset > seen->last);
	seen->last = change->offset;
	seen->count++;
	seen->zeros += change->zero;
	if (!change->zero) {
		assert_int_equal(vhdx_log_read_page(&ring, change, page, f), VHDX_OK);
		assert_memory_equal(page, change->offset / SECTOR % 2 ? page_a : page_b, SECTOR);
	}
	return VHDX_OK;
}

static void many_descriptors(void **state)
{
	const struct many *row = *state;
	static struct log_change changes[2100];
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 5, .changes = changes,
		.count = row->zeros + row->pages };
	struct seen seen = { 0 };
	u32 i;

	ring_start(SECTORS, 64 * MIB);
	/* zeros and pages in turn, as long as there are both */
	for (i = 0; i < entry.count; i++) {
		u64 at = 2 * MIB + i * SECTOR;
		bool page = i < 2 * row->pages ? !row->zeros || i % 2 : false;

		changes[i] = (struct log_change){ at, NULL, SECTOR };
		if (page)
			changes[i].page = at / SECTOR % 2 ? page_a : page_b;
	}
	assert_int_equal(log_entry_length(&entry), row->sectors * SECTOR);
	for (i = 0; i < SECTORS; i++) {
		memset(file.ring, 0, RING);
		entry.tail = i * SECTOR;
		log_entry_encode(encoded, &entry);
		ring_put(file.ring, RING, i * SECTOR, encoded, row->sectors * SECTOR);
		assert_int_equal(ring_find(), VHDX_OK);
		assert_int_equal(sequence.head.descriptors, entry.count);
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, count_change, &seen, &fault),
				 VHDX_OK);
		assert_int_equal(seen.count, entry.count);
		assert_int_equal(seen.zeros, row->zeros);
	}
}

int main(void)
{
	ring_pages();
	SUITE_ADD_ROWS(vectors, entry_of_others);
	suite_add("the encoder of these tests writes what was made by hand", encoder_as_by_hand);
	SUITE_ADD_ROWS(brokens, rule_of_entry);
	suite_add("sequence number 0 is not valid", sequence_zero);
	suite_add("a change of any single bit makes an entry invalid", every_bit);
	SUITE_ADD_ROWS(manys, many_descriptors);
	return suite_run("log");
}
