// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * CRC-32C over headers, tables and entries, on bytes that Windows and QEMU wrote.
 */
#include "suite.h"

#include "format/checksum.h"
#include "format/guid.h"
#include "make.h"

static u32 crc_of(const void *data, u32 length)
{
	return ~crc32c(~0U, data, length);
}

static void crc_of_digits(void **state)
{
	(void)state;
	assert_int_equal(crc_of("123456789", 9), 0xe3069283);
}

static void crc_of_constant(void **state)
{
	static u8 page[4096];

	(void)state;
	assert_int_equal(crc_of(page, 32), 0x8a9136aa);
	assert_int_equal(crc_of(page, 4096), 0x98f94189);
	memset(page, 0xff, 32);
	assert_int_equal(crc_of(page, 32), 0x62a8ab43);
	memset(page, 0, 32);
}

static void crc_in_pieces(void **state)
{
	(void)state;
	assert_int_equal(~crc32c(crc32c(crc32c(~0U, "1234", 4), "", 0), "56789", 5), 0xe3069283);
}

/* Header 1 of an image by QEMU 7.2.22, checksum b7c5de96 */
static const u8 qemu_header[80] = {
	0x68, 0x65, 0x61, 0x64, 0x96, 0xde, 0xc5, 0xb7, 0xdf, 0x98, 0xec, 0x1b, 0, 0, 0, 0,
	0x32, 0x8a, 0x0f, 0x3e, 0x54, 0xe9, 0x45, 0x33, 0x94, 0xd4, 0x82, 0xe1, 0xf7, 0x89, 0x20, 0x57,
	0xf3, 0xad, 0x5b, 0x7f, 0xc7, 0x1a, 0x44, 0x73, 0x83, 0x11, 0x0d, 0x7c, 0x61, 0xf8, 0x97, 0xa9,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 1, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
};

/* Header 2 of an image with a dirty log by Windows 10, checksum ef9a95bf */
static const u8 windows_header[80] = {
	0x68, 0x65, 0x61, 0x64, 0xbf, 0x95, 0x9a, 0xef, 9, 0, 0, 0, 0, 0, 0, 0,
	0xbc, 0x91, 0x87, 0xb9, 0xd8, 0x45, 0x5b, 0x44, 0xad, 0xe6, 0x5c, 0xbe, 0x55, 0x0f, 0x22, 0x90,
	0xb8, 0x9d, 0xbc, 0x8f, 0xfd, 0x2c, 0xb8, 0x45, 0x96, 0x88, 0x1c, 0x6f, 0xed, 0xbc, 0x72, 0x30,
	0x3c, 0x74, 0xfc, 0xe6, 0xed, 0x81, 0xe8, 0x4f, 0xbf, 0x54, 0x69, 0x8e, 0xd5, 0x7b, 0xa0, 0xb8,
	0, 0, 1, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
};

struct header_vector {
	const char *claim;
	const u8 *bytes;
	u32 checksum;
};

static const struct header_vector header_vectors[] = {
	{ "a header by QEMU 7.2 has its stored checksum", qemu_header, 0xb7c5de96 },
	{ "a header by Windows 10 has its stored checksum", windows_header, 0xef9a95bf },
};

static void header_checksum(void **state)
{
	const struct header_vector *vector = *state;
	u8 page[4096] = { 0 };

	memcpy(page, vector->bytes, 80);
	assert_int_equal(vhdx_checksum(page, sizeof(page)), vector->checksum);
	assert_true(vhdx_checksum_valid(page, sizeof(page)));
}

struct table_vector {
	const char *claim;
	u64 bat, metadata;
	u32 flags, checksum;
};

static const struct table_vector table_vectors[] = {
	{ "the region table of QEMU has its stored checksum", 2 * MIB, 3 * MIB, 0, 0x2c6fce83 },
	{ "the region table of Windows has its stored checksum", 3 * MIB, 2 * MIB, 1, 0xc66b8cae },
};

static void table_checksum(void **state)
{
	const struct table_vector *vector = *state;
	static u8 table[VHDX_REGION_TABLE_SIZE];

	memset(table, 0, sizeof(table));
	add_region(table, &vhdx_guid_bat_region, vector->bat, MIB, vector->flags);
	add_region(table, &vhdx_guid_metadata_region, vector->metadata, MIB, vector->flags);
	assert_int_equal(vhdx_checksum(table, sizeof(table)), vector->checksum);
}

/* One data descriptor, one zero descriptor: 8 KiB, checksum 1bafb010 */
static void log_entry_checksum(void **state)
{
	static const u8 head[128] = {
		'l', 'o', 'g', 'e', 0x10, 0xb0, 0xaf, 0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
		0xae, 0x4f, 0x1d, 0xf8, 0xec, 0x7d, 0xd0, 0x11,
		0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6,
		0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0,
		'd', 'e', 's', 'c', 1, 0, 0, 0, 6, 0, 0x80, 0, 0, 0, 0, 0,
		0, 0, 0x20, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
		'z', 'e', 'r', 'o', 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
	};
	static const u8 data[8] = { 'd', 'a', 't', 'a', 2, 0, 0, 0 };
	static const u8 end[8] = { 6, 0, 0, 0, 1, 0, 0, 0 };
	static u8 entry[8192];

	(void)state;
	memcpy(entry, head, sizeof(head));
	memcpy(entry + 4096, data, sizeof(data));
	memcpy(entry + 8184, end, sizeof(end));
	assert_true(vhdx_checksum_valid(entry, sizeof(entry)));
}

static void field_does_not_count(void **state)
{
	u8 page[4096] = { 1, 2, 3, 4, 0, 0, 0, 0, 5 };
	u32 checksum = vhdx_checksum(page, sizeof(page));

	(void)state;
	assert_int_equal(checksum, crc_of(page, sizeof(page)));
	memset(page + VHDX_CHECKSUM_OFFSET, 0xff, 4);
	assert_int_equal(vhdx_checksum(page, sizeof(page)), checksum);
}

static void every_byte_counts(void **state)
{
	u8 page[4096];
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(page); i++)
		page[i] = i * 7;
	stamp(page, sizeof(page));
	for (i = 0; i < sizeof(page); i++) {
		page[i] ^= 1 << i % 8;
		assert_false(vhdx_checksum_valid(page, sizeof(page)));
		page[i] ^= 1 << i % 8;
	}
	assert_true(vhdx_checksum_valid(page, sizeof(page)));
}

static void little_endian(void **state)
{
	u8 page[4096] = { 0 };
	u32 checksum = vhdx_checksum(page, sizeof(page));

	(void)state;
	stamp(page, sizeof(page));
	assert_int_equal(page[4], checksum & 0xff);
	assert_int_equal(page[7], checksum >> 24);
}

static void stamped(void **state)
{
	u8 page[4096] = { 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 5 };

	(void)state;
	memcpy(page, windows_header, 80);
	memset(page + VHDX_CHECKSUM_OFFSET, 0xff, 4);
	vhdx_checksum_stamp(page, sizeof(page));
	assert_memory_equal(page, windows_header, 80);
}

int main(void)
{
	suite_add("the CRC-32C of 123456789 is e3069283", crc_of_digits);
	suite_add("the CRC-32C of constant bytes is as published", crc_of_constant);
	suite_add("a CRC-32C may be computed in pieces", crc_in_pieces);
	SUITE_ADD_ROWS(header_vectors, header_checksum);
	SUITE_ADD_ROWS(table_vectors, table_checksum);
	suite_add("a log entry of two descriptors has its checksum", log_entry_checksum);
	suite_add("the checksum field counts as zero whatever it holds", field_does_not_count);
	suite_add("a change of any single bit is noticed", every_byte_counts);
	suite_add("the checksum is stored little endian at byte 4", little_endian);
	suite_add("a stamped header is the one Windows stamped", stamped);
	return suite_run("checksum");
}
