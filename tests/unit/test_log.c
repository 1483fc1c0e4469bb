// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log on small rings: which entries are valid, which of them count, what they change.
 */
#include "suite.h"

#include "format/checksum.h"
#include "format/guid.h"
#include "make.h"
#include "makelog.h"

#define SECTOR 4096U
#define SECTORS 16U
#define RING (SECTORS * SECTOR)
#define LOG_OFFSET MIB
#define FILE_SIZE (8 * MIB)
#define GUID 7

static struct ring_file file;
static struct vhdx_log ring;
static struct vhdx_log_sequence sequence;
static struct vhdx_log_slot slots[512];
static struct vhdx_fault fault;
static u64 sector[SECTOR / sizeof(u64)];
static u8 page_a[SECTOR], page_b[SECTOR], encoded[64 * SECTOR];

/* A ring of any number of sectors, all zero, in a file of any size */
static void start(u32 sectors, u64 size)
{
	struct vhdx_header header = {
		.log_guid = make_guid(GUID), .log_offset = LOG_OFFSET, .log_length = sectors * SECTOR,
	};

	ring_file_free(&file);
	ring_file_init(&file, LOG_OFFSET, sectors * SECTOR, size);
	memset(&fault, 0xa5, sizeof(fault));
	memset(&sequence, 0xa5, sizeof(sequence));
	memset(slots, 0xa5, sizeof(slots));
	assert_int_equal(vhdx_log_init(&ring, &file.reader, &header, &fault), VHDX_OK);
	assert_int_equal(vhdx_log_sectors(&ring), sectors);
}

static int ring_setup(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < SECTOR; i++) {
		page_a[i] = 3 + i * 5;
		page_b[i] = 1 + i * 11 + i / 256;
	}
	return 0;
}

static bool entry_valid(u32 offset, struct vhdx_log_entry *entry)
{
	bool valid = offset & 1;

	assert_int_equal(vhdx_log_read_entry(&ring, offset, entry, sector, &valid, &fault), VHDX_OK);
	return valid;
}

static enum vhdx_reason find(void)
{
	return vhdx_log_find(&ring, &sequence, slots, sector, &fault);
}

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

	start(SECTORS, FILE_SIZE);
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
	assert_true(entry_valid(row->offset, &entry));
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
		start(SECTORS, FILE_SIZE);
		ring_put(file.ring, RING, places[i] * SECTOR, encoded, 4 * SECTOR);
		assert_int_equal(entry_valid(places[i] * SECTOR, &entry), !!(row->flags & STAYS_VALID));
	}
}

static void sequence_zero(void **state)
{
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 1 };
	struct vhdx_log_entry found;

	(void)state;
	start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring, &entry);
	assert_true(entry_valid(0, &found));
	entry.sequence = 0;
	log_entry_encode(file.ring, &entry);
	assert_false(entry_valid(0, &found));
}

static void every_bit(void **state)
{
	struct vhdx_log_entry entry;
	u32 i;

	(void)state;
	encode_three();
	start(SECTORS, FILE_SIZE);
	ring_put(file.ring, RING, 0, encoded, 3 * SECTOR);
	for (i = 0; i < 3 * SECTOR; i += i < 192 ? 1 : 61) {
		file.ring[i] ^= 1 << i % 8;
		assert_false(entry_valid(0, &entry));
		file.ring[i] ^= 1 << i % 8;
	}
	assert_true(entry_valid(0, &entry));
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

	start(SECTORS, 64 * MIB);
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
		assert_int_equal(find(), VHDX_OK);
		assert_int_equal(sequence.head.descriptors, entry.count);
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, count_change, &seen, &fault),
				 VHDX_OK);
		assert_int_equal(seen.count, entry.count);
		assert_int_equal(seen.zeros, row->zeros);
	}
}

/* -- the active sequence -- */

#define TORN 1
#define FOREIGN 2

struct placed {
	u8 at, sectors, tail, how;
	u64 sequence;
};

struct search {
	const char *claim;
	struct placed entries[10];
	bool none;
	u8 first, count, head;
};

#define TOP 0xffffffffffffffffULL

static const struct search searches[] = {
	{ "an empty ring has no sequence", { { 0 } }, true },
	{ "one entry, Tail its own", { { 0, 2, 0, 0, 1 } }, false, 0, 1, 0 },
	{ "one entry anywhere", { { 9, 2, 9, 0, 77 } }, false, 9, 1, 9 },
	{ "one empty entry", { { 0, 1, 0, 0, 1 } }, false, 0, 1, 0 },
	{ "one entry over the ring's end", { { 15, 3, 15, 0, 4 } }, false, 15, 1, 15 },
	{ "one entry whose Tail is nowhere", { { 3, 2, 7, 0, 1 } }, true },
	{ "one entry whose Tail is in its own middle", { { 3, 2, 4, 0, 1 } }, true },
	{ "one entry of another log", { { 0, 2, 0, FOREIGN, 1 } }, true },
	{ "one torn entry", { { 0, 2, 0, TORN, 1 } }, true },
	{ "three entries", { { 2, 2, 2, 0, 5 }, { 4, 1, 2, 0, 6 }, { 5, 3, 2, 0, 7 } },
	  false, 2, 3, 5 },
	{ "Tail inside the run: what is before it does not count",
	  { { 2, 2, 2, 0, 5 }, { 4, 1, 2, 0, 6 }, { 5, 3, 4, 0, 7 } }, false, 4, 2, 5 },
	{ "Tail of the last is its own: it alone counts",
	  { { 2, 2, 2, 0, 5 }, { 4, 1, 2, 0, 6 }, { 5, 3, 5, 0, 7 } }, false, 5, 1, 5 },
	{ "entries over the ring's end, a border there", { { 14, 2, 14, 0, 5 }, { 0, 2, 14, 0, 6 } },
	  false, 14, 2, 0 },
	{ "entries over the ring's end, one across it",
	  { { 12, 3, 12, 0, 5 }, { 15, 3, 12, 0, 6 }, { 2, 1, 12, 0, 7 } }, false, 12, 3, 2 },
	{ "the newest ends exactly at the ring's end, an older one begins at its start",
	  { { 0, 2, 0, 0, 3 }, { 12, 2, 12, 0, 8 }, { 14, 2, 12, 0, 9 } }, false, 12, 2, 14 },
	{ "all sectors used, in a circle", { { 4, 6, 4, 0, 8 }, { 10, 6, 4, 0, 9 }, { 0, 4, 4, 0, 10 } },
	  false, 4, 3, 0 },
	{ "a circle whose first follows its last by place, not by number",
	  { { 0, 8, 0, 0, 8 }, { 8, 8, 0, 0, 9 } }, false, 0, 2, 8 },
	{ "an entry as large as the ring", { { 6, 16, 6, 0, 1 } }, false, 6, 1, 6 },
	{ "a stale lap behind a single newest entry",
	  { { 0, 2, 0, 0, 20 }, { 2, 2, 2, 0, 14 }, { 4, 2, 2, 0, 15 }, { 6, 2, 2, 0, 16 },
	    { 8, 2, 2, 0, 17 }, { 10, 6, 2, 0, 18 } }, false, 0, 1, 0 },
	{ "a stale lap that leads up to a single newest entry",
	  { { 0, 2, 0, 0, 19 }, { 2, 2, 2, 0, 14 }, { 4, 2, 2, 0, 15 }, { 6, 2, 2, 0, 16 },
	    { 8, 2, 2, 0, 17 }, { 10, 6, 2, 0, 18 } }, false, 0, 1, 0 },
	{ "the newest is torn: the state before it",
	  { { 2, 2, 2, 0, 5 }, { 4, 2, 2, 0, 6 }, { 6, 2, 2, TORN, 7 } }, false, 2, 2, 4 },
	{ "the newest but one is torn: the state before both",
	  { { 2, 2, 2, 0, 5 }, { 4, 2, 2, TORN, 6 }, { 6, 2, 2, 0, 7 } }, false, 2, 1, 2 },
	{ "the newest is complete by itself behind a torn one",
	  { { 2, 2, 2, 0, 5 }, { 4, 2, 2, TORN, 6 }, { 6, 2, 6, 0, 7 } }, false, 6, 1, 6 },
	{ "the oldest is torn, and still needed",
	  { { 2, 2, 2, TORN, 5 }, { 4, 2, 2, 0, 6 }, { 6, 2, 2, 0, 7 } }, true },
	{ "the oldest is torn, and not needed any more",
	  { { 2, 2, 2, TORN, 5 }, { 4, 2, 2, 0, 6 }, { 6, 2, 4, 0, 7 } }, false, 4, 2, 6 },
	{ "two complete sequences, the newer one behind",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, 0, 6 }, { 8, 2, 8, 0, 50 } }, false, 8, 1, 8 },
	{ "two complete sequences, the newer one in front",
	  { { 0, 2, 0, 0, 50 }, { 2, 2, 0, 0, 51 }, { 8, 2, 8, 0, 5 } }, false, 0, 2, 2 },
	{ "a newer sequence that is not complete does not count",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, 0, 6 }, { 8, 2, 12, 0, 50 } }, false, 0, 2, 2 },
	{ "the last sequence number decides, not the first, nor the count",
	  { { 0, 1, 0, 0, 5 }, { 1, 1, 0, 0, 6 }, { 2, 1, 0, 0, 7 }, { 8, 1, 8, 0, 8 } },
	  false, 8, 1, 8 },
	{ "adjacent entries whose numbers differ by two are two sequences",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, 0, 7 } }, false, 0, 1, 0 },
	{ "adjacent entries whose numbers are equal are two sequences",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 2, 0, 5 } }, false, 0, 1, 0 },
	{ "adjacent entries whose numbers fall are two sequences",
	  { { 0, 2, 0, 0, 6 }, { 2, 2, 2, 0, 5 } }, false, 0, 1, 0 },
	{ "consecutive entries with a gap between them are two sequences",
	  { { 0, 2, 0, 0, 5 }, { 3, 2, 0, 0, 6 } }, false, 0, 1, 0 },
	{ "an entry of another log between breaks a sequence",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 0, FOREIGN, 6 }, { 4, 2, 4, 0, 6 } }, false, 4, 1, 4 },
	{ "an entry of another log behind does not continue a sequence",
	  { { 0, 2, 0, 0, 5 }, { 2, 2, 2, FOREIGN, 6 } }, false, 0, 1, 0 },
	{ "sequence numbers are unsigned", { { 0, 2, 0, 0, 1 }, { 4, 2, 4, 0, 1ULL << 63 } },
	  false, 4, 1, 4 },
	{ "sequence numbers rise over 32 bits", { { 0, 2, 0, 0, 0xffffffff }, { 2, 2, 0, 0, 1ULL << 32 } },
	  false, 0, 2, 2 },
	{ "sequence numbers do not wrap", { { 0, 2, 0, 0, TOP - 1 }, { 2, 2, 0, 0, TOP },
	  { 4, 2, 4, 0, 1 } }, false, 0, 2, 2 },
	{ "the highest sequence number is not followed by an empty sector",
	  { { 0, 2, 0, 0, TOP - 1 }, { 2, 2, 0, 0, TOP } }, false, 0, 2, 2 },
};

static void put(const struct placed *p)
{
	static struct log_change changes[15];
	struct log_entry entry = {
		.guid = make_guid(p->how == FOREIGN ? GUID + 1 : GUID), .sequence = p->sequence,
		.tail = p->tail * SECTOR, .changes = changes, .count = p->sectors - 1,
		.flushed_size = FILE_SIZE, .last_size = FILE_SIZE,
	};
	u32 i;

	for (i = 0; i < entry.count; i++)
		changes[i] = (struct log_change){ 2 * MIB + p->at * 65536 + i * SECTOR, page_a, 0 };
	log_entry_encode(encoded, &entry);
	if (p->how == TORN)
		memset(encoded + (p->sectors - 1) * SECTOR + 2048, 0, 2048);
	ring_put(file.ring, RING, p->at * SECTOR, encoded, p->sectors * SECTOR);
}

static void search(void **state)
{
	const struct search *row = *state;
	u32 i;

	start(SECTORS, FILE_SIZE);
	for (i = 0; i < ARRAY_SIZE(row->entries) && row->entries[i].sequence; i++)
		put(&row->entries[i]);
	assert_int_equal(find(), row->none ? VHDX_REASON_log_no_sequence : VHDX_OK);
	assert_true(file.reads <= 4 * SECTORS);
	if (row->none) {
		assert_int_equal(fault.reason, VHDX_REASON_log_no_sequence);
		assert_int_equal(fault.offset, LOG_OFFSET);
		return;
	}
	assert_int_equal(sequence.first, row->first * SECTOR);
	assert_int_equal(sequence.entries, row->count);
	assert_int_equal(sequence.head.offset, row->head * SECTOR);
}

/* Which entries are found must not depend on where in the ring they are. */
static void search_turned(void **state)
{
	const struct search *row;
	u32 turn, i;

	(void)state;
	for (row = searches; row < searches + ARRAY_SIZE(searches); row++) {
		for (turn = 1; turn < SECTORS; turn++) {
			start(SECTORS, FILE_SIZE);
			for (i = 0; i < ARRAY_SIZE(row->entries) && row->entries[i].sequence; i++) {
				struct placed p = row->entries[i];

				p.at = (p.at + turn) % SECTORS;
				p.tail = (p.tail + turn) % SECTORS;
				put(&p);
			}
			assert_int_equal(find(), row->none ? VHDX_REASON_log_no_sequence : VHDX_OK);
			/* of two with the same number either may count */
			if (row->none || strstr(row->claim, "are equal"))
				continue;
			assert_int_equal(sequence.first, (row->first + turn) % SECTORS * SECTOR);
			assert_int_equal(sequence.entries, row->count);
			assert_int_equal(sequence.head.offset, (row->head + turn) % SECTORS * SECTOR);
		}
	}
}

/* A ring made to hurt: every sector is the start of an entry that might be the whole ring. */
static void search_is_linear(void **state)
{
	struct log_change changes[14];
	struct log_entry entry = { .guid = make_guid(GUID), .changes = changes, .count = 14 };
	u32 i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		changes[i] = (struct log_change){ 2 * MIB, page_a, 0 };
	start(512, FILE_SIZE);
	for (n = 1; n <= 15; n++) {
		for (i = 0; i + n <= 512; i += n) {
			entry.sequence = 3;
			log_entry_encode(encoded, &entry);
			memcpy(file.ring + i * SECTOR, encoded, n * SECTOR);
		}
		file.reads = 0;
		assert_int_equal(find(), n == 15 ? VHDX_OK : VHDX_REASON_log_no_sequence);
		assert_true(file.reads <= 2 * 512 + 15);
	}
}

/* A page that is itself an entry lies in the ring as a data sector, and is none. */
static void entry_in_page(void **state)
{
	struct log_change change = { 2 * MIB, NULL, 0 };
	struct log_entry inner = { .guid = make_guid(GUID), .sequence = 1000, .tail = SECTOR };
	struct log_entry outer = { .guid = make_guid(GUID), .sequence = 5, .changes = &change,
		.count = 1 };
	static u8 page[SECTOR];

	(void)state;
	log_entry_encode(page, &inner);
	change.page = page;
	start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring, &outer);
	assert_int_equal(find(), VHDX_OK);
	assert_int_equal(sequence.head.sequence, 5);
}

/* -- sizes -- */

struct size {
	const char *claim;
	u64 file, flushed, last;
	enum vhdx_reason reason;
	u64 limit;
};

static const struct size sizes[] = {
	{ "all sizes equal", FILE_SIZE, FILE_SIZE, FILE_SIZE, VHDX_OK, FILE_SIZE },
	{ "FlushedFileOffset 0", FILE_SIZE, 0, FILE_SIZE, VHDX_OK, FILE_SIZE },
	{ "rule 10: a file shorter than FlushedFileOffset by a byte", FILE_SIZE, FILE_SIZE + 1, FILE_SIZE,
	  VHDX_REASON_log_file_truncated },
	{ "rule 10: FlushedFileOffset of 64 bits", FILE_SIZE, TOP, FILE_SIZE,
	  VHDX_REASON_log_file_truncated },
	{ "a file longer than LastFileOffset", FILE_SIZE, MIB, 2 * MIB, VHDX_OK, FILE_SIZE },
	{ "LastFileOffset 0", FILE_SIZE, 0, 0, VHDX_OK, FILE_SIZE },
	{ "rule 12: a file to be made longer", FILE_SIZE, FILE_SIZE, 20 * MIB, VHDX_OK, 20 * MIB },
	{ "LastFileOffset of 256 TiB", FILE_SIZE, 0, 256 * TIB, VHDX_OK, 256 * TIB },
	{ "LastFileOffset of 256 TiB and a byte", FILE_SIZE, 0, 256 * TIB + 1,
	  VHDX_REASON_log_file_size },
	{ "LastFileOffset of 64 bits", FILE_SIZE, 0, TOP, VHDX_REASON_log_file_size },
	{ "a file of odd size", FILE_SIZE + 512, FILE_SIZE, FILE_SIZE, VHDX_OK, FILE_SIZE + MIB },
	{ "LastFileOffset of odd size", FILE_SIZE, FILE_SIZE, FILE_SIZE + 1, VHDX_OK, FILE_SIZE + MIB },
};

static void check_sizes(void **state)
{
	const struct size *row = *state;
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 9, .tail = 5 * SECTOR,
		.flushed_size = row->flushed, .last_size = row->last };

	start(SECTORS, row->file);
	log_entry_encode(file.ring + 5 * SECTOR, &entry);
	assert_int_equal(find(), row->reason);
	if (row->reason) {
		assert_int_equal(fault.offset, LOG_OFFSET + 5 * SECTOR);
		assert_int_equal(fault.value, row->reason == VHDX_REASON_log_file_size ?
				 row->last : row->flushed);
		return;
	}
	assert_int_equal(sequence.limit, row->limit);
	assert_int_equal(sequence.head.flushed_size, row->flushed);
	assert_int_equal(sequence.head.last_size, row->last);
}

struct length {
	const char *claim;
	u32 length;
	enum vhdx_reason reason;
};

static const struct length lengths[] = {
	{ "a log of 1 MiB is accepted", MIB },
	{ "a log of 1 GiB is accepted", 1024 * MIB },
	{ "a log of 1 GiB and 1 MiB is refused", 1025 * MIB, VHDX_REASON_log_too_large },
	{ "a log of nearly 4 GiB is refused", 4095 * MIB, VHDX_REASON_log_too_large },
};

static void check_length(void **state)
{
	const struct length *row = *state;
	struct vhdx_header header = { .log_guid = make_guid(1), .log_offset = 3 * MIB,
		.log_length = row->length };

	start(SECTORS, FILE_SIZE);
	assert_int_equal(vhdx_log_init(&ring, &file.reader, &header, &fault), row->reason);
	if (row->reason) {
		assert_int_equal(fault.offset, 3 * MIB);
		assert_int_equal(fault.value, row->length);
		return;
	}
	assert_int_equal(ring.offset, 3 * MIB);
	assert_int_equal(ring.length, row->length);
	assert_true(vhdx_guid_equal(&ring.guid, &header.log_guid));
}

/* -- targets -- */

struct target {
	const char *claim;
	u64 offset, zeros;		/* no zeros: a page */
	u64 last;			/* 0: as the file */
	enum vhdx_reason reason;
};

#define RING_END (LOG_OFFSET + RING)
#define PROTECTED VHDX_REASON_log_target_protected
#define RANGE VHDX_REASON_log_target_range

static const struct target targets[] = {
	{ "rule 11: a page at 192 KiB", 192 * VHDX_KIB, 0 },
	{ "rule 11: a page at 188 KiB", 188 * VHDX_KIB, 0, 0, PROTECTED },
	{ "rule 11: a page over the file identifier", 0, 0, 0, PROTECTED },
	{ "rule 11: a page over header 1", 64 * VHDX_KIB, 0, 0, PROTECTED },
	{ "rule 11: a page over header 2", 128 * VHDX_KIB, 0, 0, PROTECTED },
	{ "rule 11: zeros from 192 KiB", 192 * VHDX_KIB, 64 * VHDX_KIB },
	{ "rule 11: zeros from 188 KiB", 188 * VHDX_KIB, 64 * VHDX_KIB, 0, PROTECTED },
	{ "rule 11: zeros over everything", 0, FILE_SIZE, 0, PROTECTED },
	{ "rule 11: the page before the ring", LOG_OFFSET - SECTOR, 0 },
	{ "rule 11: the first page of the ring", LOG_OFFSET, 0, 0, PROTECTED },
	{ "rule 11: the last page of the ring", RING_END - SECTOR, 0, 0, PROTECTED },
	{ "rule 11: the page behind the ring", RING_END, 0 },
	{ "rule 11: zeros up to the ring", LOG_OFFSET - 4 * SECTOR, 4 * SECTOR },
	{ "rule 11: zeros into the ring", LOG_OFFSET - 4 * SECTOR, 5 * SECTOR, 0, PROTECTED },
	{ "rule 11: zeros from inside the ring", RING_END - SECTOR, 2 * SECTOR, 0, PROTECTED },
	{ "rule 11: zeros over all of the ring", LOG_OFFSET - SECTOR, RING + 2 * SECTOR, 0, PROTECTED },
	{ "rule 11: zeros behind the ring to the end of the file", RING_END, FILE_SIZE - RING_END },
	{ "rule 11: the last page of the file", FILE_SIZE - SECTOR, 0 },
	{ "rule 11: the page behind the file", FILE_SIZE, 0, 0, RANGE },
	{ "rule 11: zeros to one page behind the file", FILE_SIZE - SECTOR, 2 * SECTOR, 0, RANGE },
	{ "rule 11: a page behind the file as it is, before its LastFileOffset", FILE_SIZE, 0, FILE_SIZE + MIB },
	{ "rule 11: the last page before LastFileOffset", FILE_SIZE + MIB - SECTOR, 0, FILE_SIZE + MIB },
	{ "rule 11: the page behind LastFileOffset", FILE_SIZE + MIB, 0, FILE_SIZE + MIB, RANGE },
	{ "rule 11: LastFileOffset counts in whole MiB", FILE_SIZE + MIB - SECTOR, 0, FILE_SIZE + 1 },
	{ "rule 11: a smaller LastFileOffset does not shrink the file", FILE_SIZE - SECTOR, 0, MIB },
	{ "rule 11: a page at the end of 64 bits", 0xfffffffffffff000, 0, 0, RANGE },
	{ "rule 11: a page at 2^63", 1ULL << 63, 0, 0, RANGE },
	{ "rule 11: zeros whose end overflows", 4 * MIB, 0xfffffffffffff000, 0, RANGE },
	{ "rule 11: zeros whose end is exactly 2^64", 0xfffffffffffff000, SECTOR, 0, RANGE },
	{ "rule 11: zeros whose end overflows into what is allowed", 0xffffffffffc00000, 8 * MIB, 0, RANGE },
};

static enum vhdx_reason keep_change(void *context, const struct vhdx_log_change *change,
				    struct vhdx_fault *f)
{
	(void)f;
	*(struct vhdx_log_change *)context = *change;
	return VHDX_OK;
}

static void check_target(void **state)
{
	const struct target *row = *state;
	struct log_change change = { row->offset, row->zeros ? NULL : page_a, row->zeros };
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 1, .tail = 15 * SECTOR,
		.last_size = row->last ? row->last : FILE_SIZE, .changes = &change, .count = 1 };
	struct vhdx_log_change seen = { .offset = 1 };

	start(SECTORS, FILE_SIZE);
	log_entry_encode(encoded, &entry);
	ring_put(file.ring, RING, 15 * SECTOR, encoded, log_entry_length(&entry));
	assert_int_equal(find(), VHDX_OK);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, keep_change, &seen, &fault),
			 row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, RING_END - SECTOR);
		assert_int_equal(fault.value, row->offset);
		assert_int_equal(seen.offset, 1);	/* nobody was told */
		return;
	}
	assert_int_equal(seen.offset, row->offset);
	assert_int_equal(seen.length, row->zeros ? row->zeros : SECTOR);
	assert_int_equal(seen.zero, !!row->zeros);
	assert_int_equal(seen.sector, 0);
}

/* A target that is not allowed must not make an entry invalid: an older state would win. */
static void bad_target_no_fallback(void **state)
{
	struct log_change change = { 64 * VHDX_KIB, page_a, 0 };
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 1 };
	struct vhdx_log_change seen;

	(void)state;
	start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring, &entry);
	entry.sequence = 2;
	entry.changes = &change;
	entry.count = 1;
	log_entry_encode(file.ring + SECTOR, &entry);
	assert_int_equal(find(), VHDX_OK);
	assert_int_equal(sequence.head.sequence, 2);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, keep_change, &seen, &fault),
			 VHDX_REASON_log_target_protected);
	assert_int_equal(fault.offset, LOG_OFFSET + SECTOR);
}

/* -- the walk -- */

struct walked {
	u32 count;
	u32 stop_at;
	u64 offsets[16];
	u64 sequences[16];
	u8 pages[16][SECTOR];
};

static enum vhdx_reason note_change(void *context, const struct vhdx_log_change *change,
				    struct vhdx_fault *f)
{
	struct walked *walked = context;
	u32 i = walked->count++;

	if (walked->count == walked->stop_at)
		return vhdx_fault_set(f, VHDX_REASON_log_too_many_changes, 1, 2);
	assert_true(i < 16);
	walked->offsets[i] = change->offset;
	walked->sequences[i] = change->entry->sequence;
	if (change->zero)
		return VHDX_OK;
	return vhdx_log_read_page(&ring, change, walked->pages[i], f);
}

/* Three entries, the last two of them active, the second across the ring's end */
static void put_three(void)
{
	static struct log_change old = { 2 * MIB, NULL, SECTOR };
	static struct log_change changes[] = {
		{ 3 * MIB, page_a, 0 }, { 6 * MIB, NULL, 0 }, { 4 * MIB, NULL, MIB }, { 3 * MIB, page_b, 0 },
	};
	static struct log_change last = { 256 * VHDX_KIB, page_b, 0 };
	struct log_entry entry = { .guid = make_guid(GUID), .sequence = 100, .tail = 13 * SECTOR,
		.changes = &old, .count = 1 };

	start(SECTORS, FILE_SIZE);
	log_entry_encode(file.ring + 13 * SECTOR, &entry);
	entry.sequence = 101;
	entry.changes = changes;
	entry.count = 4;
	log_entry_encode(encoded, &entry);
	ring_put(file.ring, RING, 14 * SECTOR, encoded, 3 * SECTOR);
	entry.sequence = 102;
	entry.tail = 14 * SECTOR;
	entry.changes = &last;
	entry.count = 1;
	log_entry_encode(file.ring + SECTOR, &entry);
}

static void walk_in_order(void **state)
{
	static struct walked walked;

	(void)state;
	memset(&walked, 0, sizeof(walked));
	put_three();
	assert_int_equal(find(), VHDX_OK);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, note_change, &walked, &fault), VHDX_OK);
	assert_int_equal(walked.count, 4);
	assert_int_equal(walked.offsets[0], 3 * MIB);
	assert_int_equal(walked.offsets[1], 4 * MIB);
	assert_int_equal(walked.offsets[2], 3 * MIB);
	assert_int_equal(walked.offsets[3], 256 * VHDX_KIB);
	assert_int_equal(walked.sequences[2], 101);
	assert_int_equal(walked.sequences[3], 102);
	assert_memory_equal(walked.pages[0], page_a, SECTOR);
	assert_memory_equal(walked.pages[2], page_b, SECTOR);
	assert_memory_equal(walked.pages[3], page_b, SECTOR);
}

static void walk_stops(void **state)
{
	static struct walked walked;

	(void)state;
	memset(&walked, 0, sizeof(walked));
	walked.stop_at = 2;
	put_three();
	assert_int_equal(find(), VHDX_OK);
	assert_int_equal(vhdx_log_walk(&ring, &sequence, sector, note_change, &walked, &fault),
			 VHDX_REASON_log_too_many_changes);
	assert_int_equal(walked.count, 2);
}

/* All that may be asked of a log: 0 if nothing failed, else the reason. */
static enum vhdx_reason do_all(struct walked *walked)
{
	enum vhdx_reason reason;

	memset(walked, 0, sizeof(*walked));
	reason = find();
	if (!reason)
		reason = vhdx_log_walk(&ring, &sequence, sector, note_change, walked, &fault);
	return reason;
}

static void every_read_may_fail(void **state)
{
	static struct walked walked;
	u32 reads, n;

	(void)state;
	put_three();
	assert_int_equal(do_all(&walked), VHDX_OK);
	reads = file.reads;
	assert_true(reads > SECTORS);
	for (n = 1; n <= reads; n++) {
		put_three();
		file.fail_at = n;
		fault.reason = VHDX_OK;
		assert_int_equal(do_all(&walked), VHDX_REASON_read_failed);
		assert_int_equal(fault.reason, VHDX_REASON_read_failed);
		assert_int_equal(file.reads, n);
		assert_true(fault.offset >= LOG_OFFSET && fault.offset < RING_END);
	}
}

static void rot(struct ring_file *f)
{
	memset(f->ring + 14 * SECTOR, 0, 4);
	memset(f->ring + SECTOR, 0, 4);
}

/* Whatever is read, if the ring is not the same any more the answer is a failure or right. */
static void ring_changes_meanwhile(void **state)
{
	static struct walked walked;
	u32 n, refused = 0;

	(void)state;
	for (n = SECTORS; n < 80; n++) {
		enum vhdx_reason reason;

		put_three();
		file.change_at = n;
		file.change = rot;
		reason = do_all(&walked);
		if (reason) {
			assert_true(reason == VHDX_REASON_read_failed ||
				    reason == VHDX_REASON_log_no_sequence);
			assert_int_equal(fault.reason, reason);
			refused++;
		} else {
			assert_true(walked.count == 4 || sequence.head.sequence == 100);
		}
	}
	assert_true(refused);
}

static void log_beyond_file(void **state)
{
	(void)state;
	start(SECTORS, LOG_OFFSET + 5 * SECTOR + 17);
	assert_int_equal(find(), VHDX_REASON_read_short);
	assert_int_equal(fault.offset, LOG_OFFSET + 5 * SECTOR);
}

static void restored_ends(void **state)
{
	static const u8 leading[8] = "leading", trailing[4] = "end";
	u8 page[SECTOR];

	(void)state;
	memset(page, 'x', sizeof(page));
	vhdx_log_restore_page(page, leading, trailing);
	assert_memory_equal(page, leading, 8);
	assert_int_equal(page[8], 'x');
	assert_int_equal(page[SECTOR - 5], 'x');
	assert_memory_equal(page + SECTOR - 4, trailing, 4);
}

int main(void)
{
	ring_setup(NULL);
	SUITE_ADD_ROWS(vectors, entry_of_others);
	suite_add("the encoder of these tests writes what was made by hand", encoder_as_by_hand);
	SUITE_ADD_ROWS(brokens, rule_of_entry);
	suite_add("sequence number 0 is not valid", sequence_zero);
	suite_add("a change of any single bit makes an entry invalid", every_bit);
	SUITE_ADD_ROWS(manys, many_descriptors);
	SUITE_ADD_ROWS(searches, search);
	suite_add("all of these are found wherever in the ring they begin", search_turned);
	suite_add("the search reads a sector twice at most, whatever stands there", search_is_linear);
	suite_add("a page that is an entry is none while it is logged", entry_in_page);
	SUITE_ADD_ROWS(sizes, check_sizes);
	SUITE_ADD_ROWS(lengths, check_length);
	SUITE_ADD_ROWS(targets, check_target);
	suite_add("rule 11: a bad target does not let an older state win", bad_target_no_fallback);
	suite_add("changes come oldest first, in the order of their descriptors", walk_in_order);
	suite_add("a visitor may end the walk", walk_stops);
	suite_add("every read that fails is a failure, and the last read", every_read_may_fail);
	suite_add("a ring that changes meanwhile does no harm", ring_changes_meanwhile);
	suite_add("a log beyond the end of its file is a failure", log_beyond_file);
	suite_add("a data sector gets both ends of its page back", restored_ends);
	return suite_run("log");
}
