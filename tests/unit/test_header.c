// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Headers: which of the two counts, and which are refused.
 */
#include "suite.h"

#include "format/guid.h"
#include "format/header.h"
#include "make.h"

static void identifier(void **state)
{
	struct vhdx_disk_identifier raw = { .signature = "vhdxfile" };
	u32 i;

	(void)state;
	assert_true(vhdx_identifier_valid(&raw));
	memset(raw.creator, 0xff, sizeof(raw.creator));
	assert_true(vhdx_identifier_valid(&raw));
	for (i = 0; i < sizeof(raw.signature); i++) {
		raw.signature[i] ^= 0x20;
		assert_false(vhdx_identifier_valid(&raw));
		raw.signature[i] ^= 0x20;
	}
}

static void decode(void **state)
{
	struct vhdx_guid log_guid = make_guid(9);
	struct vhdx_disk_header raw;
	struct vhdx_header header;

	(void)state;
	make_header(&raw, 0x1122334455667788);
	raw.log_guid = log_guid;
	raw.log_version = cpu_to_le16(0x1234);
	raw.version = cpu_to_le16(0x5678);
	raw.log_length = cpu_to_le32(0x9abcdef0);
	raw.log_offset = cpu_to_le64(0xfedcba9876543210);
	stamp(&raw, sizeof(raw));
	assert_true(vhdx_header_decode(&header, &raw));
	assert_int_equal(header.sequence_number, 0x1122334455667788);
	assert_true(vhdx_guid_equal(&header.file_write_guid, &raw.file_write_guid));
	assert_true(vhdx_guid_equal(&header.data_write_guid, &raw.data_write_guid));
	assert_true(vhdx_guid_equal(&header.log_guid, &log_guid));
	assert_int_equal(header.log_version, 0x1234);
	assert_int_equal(header.version, 0x5678);
	assert_int_equal(header.log_length, 0x9abcdef0);
	assert_int_equal(header.log_offset, 0xfedcba9876543210);
	assert_true(vhdx_header_log_dirty(&header));
	header.log_guid = make_guid(0);
	assert_false(vhdx_header_log_dirty(&header));
}

static void decode_damaged(void **state)
{
	struct vhdx_disk_header raw;
	struct vhdx_header header;

	(void)state;
	make_header(&raw, 1);
	raw.reserved[4015] = 1;
	assert_false(vhdx_header_decode(&header, &raw));
	stamp(&raw, sizeof(raw));
	assert_true(vhdx_header_decode(&header, &raw));
	raw.signature[0] = 'H';
	stamp(&raw, sizeof(raw));
	assert_false(vhdx_header_decode(&header, &raw));
	memset(&raw, 0, sizeof(raw));
	assert_false(vhdx_header_decode(&header, &raw));
}

/* Header 2 of an image with a dirty log by Windows 10; the other 4016 bytes are zero */
static const u8 windows_header[80] = {
	0x68, 0x65, 0x61, 0x64, 0xbf, 0x95, 0x9a, 0xef, 9, 0, 0, 0, 0, 0, 0, 0,
	0xbc, 0x91, 0x87, 0xb9, 0xd8, 0x45, 0x5b, 0x44, 0xad, 0xe6, 0x5c, 0xbe, 0x55, 0x0f, 0x22, 0x90,
	0xb8, 0x9d, 0xbc, 0x8f, 0xfd, 0x2c, 0xb8, 0x45, 0x96, 0x88, 0x1c, 0x6f, 0xed, 0xbc, 0x72, 0x30,
	0x3c, 0x74, 0xfc, 0xe6, 0xed, 0x81, 0xe8, 0x4f, 0xbf, 0x54, 0x69, 0x8e, 0xd5, 0x7b, 0xa0, 0xb8,
	0, 0, 1, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
};

static void encode_as_windows(void **state)
{
	struct vhdx_disk_header raw, expected = { 0 };
	struct vhdx_header header;

	(void)state;
	memcpy(&expected, windows_header, sizeof(windows_header));
	assert_true(vhdx_header_decode(&header, &expected));
	memset(&raw, 0xa5, sizeof(raw));
	vhdx_header_encode(&raw, &header);
	assert_memory_equal(&raw, &expected, sizeof(raw));
}

static void encode_every_field(void **state)
{
	struct vhdx_header header = {
		.sequence_number = 0x1122334455667788, .file_write_guid = make_guid(1),
		.data_write_guid = make_guid(2), .log_guid = make_guid(3),
		.version = 0x5678, .log_version = 0x1234, .log_offset = 0xfedcba9876543210,
		.log_length = 0x9abcdef0,
	}, again;
	struct vhdx_disk_header raw;

	(void)state;
	vhdx_header_encode(&raw, &header);
	assert_true(vhdx_header_decode(&again, &raw));
	assert_int_equal(again.sequence_number, header.sequence_number);
	assert_true(vhdx_guid_equal(&again.file_write_guid, &header.file_write_guid));
	assert_true(vhdx_guid_equal(&again.data_write_guid, &header.data_write_guid));
	assert_true(vhdx_guid_equal(&again.log_guid, &header.log_guid));
	assert_int_equal(again.version, header.version);
	assert_int_equal(again.log_version, header.log_version);
	assert_int_equal(again.log_offset, header.log_offset);
	assert_int_equal(again.log_length, header.log_length);
}

struct creator {
	const char *claim;
	u32 length;
};

static const struct creator creators[] = {
	{ "no creator leaves its field zero", 0 },
	{ "a short creator ends with NUL", 10 },
	{ "a creator of 255 characters ends with NUL", 255 },
	{ "a creator of 256 characters fills its field", 256 },
	{ "a longer creator is cut off", 300 },
};

static void encode_identifier(void **state)
{
	const struct creator *row = *state;
	struct vhdx_disk_identifier raw[2];
	char creator[301];
	u32 i;

	for (i = 0; i < row->length; i++)
		creator[i] = 'a' + i % 26;
	creator[row->length] = '\0';
	memset(raw, 0xa5, sizeof(raw));
	vhdx_identifier_encode(&raw[0], creator);
	assert_true(vhdx_identifier_valid(&raw[0]));
	for (i = 0; i < ARRAY_SIZE(raw[0].creator); i++)
		assert_int_equal(le16_to_cpu(raw[0].creator[i]),
				 i < row->length ? 'a' + i % 26 : 0);
	assert_int_equal(raw[1].signature[0], 0xa5);
}

#define DAMAGED_1 (1U << VHDX_WARNING_header_1_damaged)
#define DAMAGED_2 (1U << VHDX_WARNING_header_2_damaged)

/* A sequence number of 0 with @damaged: the copy is not valid */
struct choice {
	const char *claim;
	u64 sequence[2];
	bool damaged[2];
	bool differ;			/* in a GUID, not only in the sequence number */
	enum vhdx_reason reason;
	unsigned int slot;
	u32 warnings;
};

static const struct choice choices[] = {
	{ "rule 2: the larger sequence number is current, in slot 1", { 2, 1 }, .slot = 0 },
	{ "rule 2: the larger sequence number is current, in slot 2", { 1, 2 }, .slot = 1 },
	{ "rule 2: sequence numbers need not be neighbours", { 5, 1000 }, .differ = true, .slot = 1 },
	{ "rule 2: sequence numbers are compared unsigned", { 0x7fffffffffffffff, 0x8000000000000000 },
	  .slot = 1 },
	{ "rule 2: the largest of all does not wrap", { ~0ULL, 0 }, .slot = 0 },
	{ "rule 2: all 64 bits are compared", { 0x100000000, 1 }, .slot = 0 },
	{ "rule 2: a damaged header 1 does not count", { 9, 1 }, { true, false }, .slot = 1,
	  .warnings = DAMAGED_1 },
	{ "rule 2: a damaged header 2 does not count", { 1, 9 }, { false, true }, .slot = 0,
	  .warnings = DAMAGED_2 },
	{ "rule 2: a damaged header 1 does not tie", { 4, 4 }, { true, false }, .differ = true,
	  .slot = 1, .warnings = DAMAGED_1 },
	{ "rule 2: two damaged headers are refused", { 1, 2 }, { true, true },
	  .reason = VHDX_REASON_header_none_valid },
	{ "rule 3: two identical headers are accepted, the first is current", { 1, 1 }, .slot = 0 },
	{ "rule 3: two different headers with the same sequence number are refused", { 1, 1 },
	  .differ = true, .reason = VHDX_REASON_header_tie },
	{ "rule 3: sequence number 0 twice is a tie like any other", { 0, 0 }, .differ = true,
	  .reason = VHDX_REASON_header_tie },
};

static void choose(void **state)
{
	const struct choice *row = *state;
	struct vhdx_disk_header raw[2];
	struct vhdx_header header;
	struct vhdx_fault fault;
	unsigned int slot = 77;
	u32 warnings = 0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		make_header(&raw[i], row->sequence[i]);
		if (row->differ && i)
			raw[i].data_write_guid = make_guid(200);
		stamp(&raw[i], sizeof(raw[i]));
		raw[i].reserved[0] = row->damaged[i];
	}
	assert_int_equal(vhdx_header_choose(&header, &slot, &warnings, raw, &fault), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		return;
	}
	assert_int_equal(slot, row->slot);
	assert_int_equal(header.sequence_number, row->sequence[slot]);
	assert_true(vhdx_guid_equal(&header.data_write_guid, &raw[slot].data_write_guid));
	assert_int_equal(warnings, row->warnings);
}

/* "4 KiB images identical" means all of them: a difference in reserved bytes is one. */
static void tie_in_reserved(void **state)
{
	struct vhdx_disk_header raw[2];
	struct vhdx_header header;
	struct vhdx_fault fault;
	unsigned int slot;
	u32 warnings = 0;

	(void)state;
	make_header(&raw[0], 1);
	make_header(&raw[1], 1);
	raw[1].reserved[4000] = 1;
	stamp(&raw[1], sizeof(raw[1]));
	assert_int_equal(vhdx_header_choose(&header, &slot, &warnings, raw, &fault),
			 VHDX_REASON_header_tie);
}

#define FILE_SIZE (16 * MIB)

struct check {
	const char *claim;
	struct vhdx_header header;
	bool dirty;
	enum vhdx_reason reason;
	u64 value;
};

#define LOG(offset, length) .version = 1, .log_offset = (offset), .log_length = (length)

static const struct check checks[] = {
	{ "rule 4: version 1 is accepted", { LOG(MIB, MIB) } },
	{ "rule 4: version 0 is refused", { .version = 0 },
	  .reason = VHDX_REASON_header_version, .value = 0 },
	{ "rule 4: version 2 is refused", { .version = 2 },
	  .reason = VHDX_REASON_header_version, .value = 2 },
	{ "rule 4: version 257 is refused", { .version = 257 },
	  .reason = VHDX_REASON_header_version, .value = 257 },
	{ "rule 5: LogVersion does not matter while the log is empty", { LOG(MIB, MIB),
	  .log_version = 1 } },
	{ "rule 5: LogVersion 1 of a dirty log is refused", { LOG(MIB, MIB), .log_version = 1 },
	  true, VHDX_REASON_log_version, 1 },
	{ "rule 5: LogVersion 0 of a dirty log is accepted", { LOG(MIB, MIB) }, true },
	{ "rule 6: a log offset off by one sector is refused", { LOG(MIB + 512, MIB) },
	  .reason = VHDX_REASON_log_misaligned, .value = MIB + 512 },
	{ "rule 6: a log length off by one page is refused", { LOG(MIB, MIB + 4096) },
	  .reason = VHDX_REASON_log_misaligned, .value = MIB + 4096 },
	{ "rule 6: a log shorter than 1 MiB is refused", { LOG(MIB, 4096) },
	  .reason = VHDX_REASON_log_misaligned, .value = 4096 },
	{ "rule 6: a log at offset 0 is refused", { LOG(0, MIB) },
	  .reason = VHDX_REASON_log_in_header_section, .value = 0 },
	{ "rule 6: a log that ends where the file ends is accepted", { LOG(FILE_SIZE - MIB, MIB) } },
	{ "rule 6: a log of all the file but its header section is accepted",
	  { LOG(MIB, FILE_SIZE - MIB) } },
	{ "rule 6: a log that ends 1 MiB behind the file is refused", { LOG(FILE_SIZE - MIB, 2 * MIB) },
	  .reason = VHDX_REASON_log_past_eof, .value = FILE_SIZE - MIB },
	{ "rule 6: a log that begins where the file ends is refused", { LOG(FILE_SIZE, MIB) },
	  .reason = VHDX_REASON_log_past_eof, .value = FILE_SIZE },
	{ "rule 6: offset and length whose sum overflows are refused",
	  { LOG(0xfffffffffff00000, MIB) }, .reason = VHDX_REASON_log_past_eof,
	  .value = 0xfffffffffff00000 },
	{ "rule 6: the longest log the field can hold is refused in a small file",
	  { LOG(MIB, 0xfff00000) }, .reason = VHDX_REASON_log_past_eof, .value = MIB },
	{ "rule 7: no log at all is accepted", { LOG(0, 0) } },
	{ "rule 7: the offset of no log does not matter", { LOG(12345, 0) } },
	{ "rule 7: a dirty log without length is refused", { LOG(MIB, 0) }, true,
	  VHDX_REASON_log_missing, 0 },
};

static void check(void **state)
{
	const struct check *row = *state;
	struct vhdx_header header = row->header;
	struct vhdx_fault fault;

	header.log_guid = make_guid(row->dirty);
	assert_int_equal(vhdx_header_check(&header, VHDX_HEADER_2_OFFSET, FILE_SIZE, &fault),
			 row->reason);
	if (!row->reason)
		return;
	assert_int_equal(fault.reason, row->reason);
	assert_int_equal(fault.offset, VHDX_HEADER_2_OFFSET);
	assert_int_equal(fault.value, row->value);
}

static void writable(void **state)
{
	struct vhdx_header header = { .log_length = MIB };
	struct vhdx_fault fault;

	(void)state;
	assert_int_equal(vhdx_header_check_writable(&header, &fault), VHDX_OK);
	header.sequence_number = UINT64_MAX - 64;
	assert_int_equal(vhdx_header_check_writable(&header, &fault), VHDX_OK);
	header.sequence_number++;
	assert_int_equal(vhdx_header_check_writable(&header, &fault),
			 VHDX_REASON_attach_sequence_max);
	header.log_length = 0;
	assert_int_equal(vhdx_header_check_writable(&header, &fault),
			 VHDX_REASON_attach_no_log);
}

static void next(void **state)
{
	struct vhdx_header header = { .sequence_number = 7, .version = 1 }, decoded;
	struct vhdx_disk_header raw;
	unsigned int slot = 0;

	(void)state;
	assert_int_equal(vhdx_header_next(&raw, &header, &slot), VHDX_HEADER_2_OFFSET);
	assert_int_equal(slot, 1);
	assert_true(vhdx_header_decode(&decoded, &raw));
	assert_int_equal(decoded.sequence_number, 8);
	assert_int_equal(vhdx_header_next(&raw, &header, &slot), VHDX_HEADER_1_OFFSET);
	assert_int_equal(slot, 0);
	assert_int_equal(header.sequence_number, 9);
}

int main(void)
{
	suite_add("updates go to the two copies in turn, with rising sequence numbers", next);
	suite_add("rule 1: only \"vhdxfile\" is the signature, whatever the creator", identifier);
	suite_add("rule 2: a header has its fields where the format puts them", decode);
	suite_add("rule 2: a header needs signature and checksum", decode_damaged);
	SUITE_ADD_ROWS(choices, choose);
	suite_add("rule 3: headers that differ in a reserved byte only are different", tie_in_reserved);
	SUITE_ADD_ROWS(checks, check);
	suite_add("rule 50: without log or sequence numbers an image cannot be changed", writable);
	suite_add("a header of Windows, decoded and encoded, is the same 4 KiB", encode_as_windows);
	suite_add("every field of an encoded header can be decoded again", encode_every_field);
	SUITE_ADD_ROWS(creators, encode_identifier);
	return suite_run("header");
}
