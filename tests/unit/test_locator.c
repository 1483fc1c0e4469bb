// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Parent locators: what is found in them, and which are refused.
 */
#include "suite.h"

#include "format/guid.h"
#include "format/locator.h"
#include "make.h"

#define ITEM_AT 0x210028ULL
#define LINKAGE "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}"

static const struct vhdx_guid linkage = { {
	0xc3, 0x0e, 0xed, 0x83, 0xc8, 0x24, 0xa6, 0x49, 0xa9, 0x59, 0x5e, 0x4b, 0xf1, 0x28, 0x8b, 0xfb,
} };

static u8 item[16384];
static struct vhdx_locator locator;
static struct vhdx_fault fault;

static enum vhdx_reason decode(const void *bytes, u32 length)
{
	u8 *exact = test_malloc(length + 1);	/* for the sanitizers */
	enum vhdx_reason reason;

	memcpy(exact, bytes, length);
	reason = vhdx_locator_decode(&locator, exact, length, ITEM_AT, &fault);
	test_free(exact);
	return reason;
}

static u32 put_text(u32 at, const char *ascii)
{
	for (; *ascii; ascii++, at += 2) {
		item[at] = *ascii;
		item[at + 1] = 0;
	}
	return at;
}

static struct vhdx_disk_locator_entry *entry_of(u32 index)
{
	return (struct vhdx_disk_locator_entry *)(item + 20 + 12 * index);
}

/* Keys and values in turn, up to NULL, at most 6 pairs; the item's length */
static u32 make(const char *const *texts)
{
	struct vhdx_disk_locator *header = (void *)item;
	u32 count = 0, at, i;

	memset(item, 0, sizeof(item));
	while (texts[2 * count])
		count++;
	header->type = vhdx_guid_locator_type;
	header->key_value_count = cpu_to_le16(count);
	at = 20 + 12 * count;
	for (i = 0; i < count; i++) {
		struct vhdx_disk_locator_entry *entry = entry_of(i);

		entry->key_offset = cpu_to_le32(at);
		entry->key_length = cpu_to_le16(2 * strlen(texts[2 * i]));
		at = put_text(at, texts[2 * i]);
		entry->value_offset = cpu_to_le32(at);
		entry->value_length = cpu_to_le16(2 * strlen(texts[2 * i + 1]));
		at = put_text(at, texts[2 * i + 1]);
	}
	return at;
}

/* The smallest locator: byte for byte as printed in the description of the format */
static void example(void **state)
{
	static const char *const texts[] = {
		"parent_linkage", LINKAGE, "relative_path", ".\\base.vhdx", NULL,
	};
	static const u8 start[] = {
		0xb7, 0xef, 0x4a, 0xb0, 0x9e, 0xd1, 0x81, 0x4a,
		0xb7, 0x89, 0x25, 0xb8, 0xe9, 0x44, 0x59, 0x13,
		0, 0, 2, 0, 0x2c, 0, 0, 0, 0x48, 0, 0, 0, 0x1c, 0, 0x4c, 0,
		0x94, 0, 0, 0, 0xae, 0, 0, 0, 0x1a, 0, 0x16, 0, 'p', 0, 'a', 0,
	};

	(void)state;
	assert_int_equal(make(texts), 196);
	assert_memory_equal(item, start, sizeof(start));
	assert_int_equal(decode(item, 196), VHDX_OK);
	assert_true(vhdx_guid_equal(&locator.linkage, &linkage));
	assert_true(vhdx_guid_is_null(&locator.linkage2));
	assert_int_equal(locator.relative_path.offset, 0xae);
	assert_int_equal(locator.relative_path.length, 22);
	assert_int_equal(locator.volume_path.length, 0);
	assert_int_equal(locator.absolute_path.length, 0);
}

struct row {
	const char *claim;
	const char *texts[13];
	enum vhdx_reason reason;
	u64 value;
};

#define NULL_GUID "{00000000-0000-0000-0000-000000000000}"

static const struct row rows[] = {
	{ "the five pairs of Hyper-V are accepted",
	  { "parent_linkage", LINKAGE, "absolute_win32_path", "C:\\d\\p.vhdx",
	    "relative_path", ".\\p.vhdx",
	    "volume_path", "\\\\?\\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\\p.vhdx",
	    "parent_linkage2", NULL_GUID } },
	{ "rule 46: only a volume path is a path", { "parent_linkage", LINKAGE, "volume_path", "x" } },
	{ "rule 46: only an absolute path is a path",
	  { "parent_linkage", LINKAGE, "absolute_win32_path", "x" } },
	{ "pairs come in any order", { "relative_path", "x", "parent_linkage", LINKAGE } },
	{ "unknown keys are ignored",
	  { "shoe_size", "43", "relative_path", "x", "parent_linkage", LINKAGE } },
	{ "a linkage without braces, in upper case, is accepted",
	  { "relative_path", "x", "parent_linkage", "83ED0EC3-24C8-49A6-A959-5E4BF1288BFB" } },
	{ "rule 45: the same key twice is refused",
	  { "parent_linkage", LINKAGE, "relative_path", "x", "relative_path", "y" },
	  VHDX_REASON_locator_duplicate, 2 },
	{ "rule 45: an unknown key twice is refused", { "a", "b", "a", "b" },
	  VHDX_REASON_locator_duplicate, 1 },
	{ "rule 45: keys differ in case", { "parent_linkage", LINKAGE, "relative_path", "x",
	  "Relative_path", "y" } },
	{ "rule 45: a key that begins like another is another",
	  { "parent_linkage", LINKAGE, "relative_path", "x", "relative_pat", "y", "relative_paths", "z" } },
	{ "rule 46: no linkage is refused", { "relative_path", "x" }, VHDX_REASON_locator_linkage, 1 },
	{ "rule 46: only the second linkage is refused",
	  { "relative_path", "x", "parent_linkage2", LINKAGE }, VHDX_REASON_locator_linkage, 2 },
	{ "rule 46: a linkage in capitals is none", { "relative_path", "x", "PARENT_LINKAGE", LINKAGE },
	  VHDX_REASON_locator_linkage, 2 },
	{ "rule 46: a linkage that is no GUID is refused",
	  { "relative_path", "x", "parent_linkage", "{parent}" }, VHDX_REASON_locator_linkage, 1 },
	{ "rule 46: a second linkage that is no GUID is refused",
	  { "relative_path", "x", "parent_linkage", LINKAGE, "parent_linkage2", "0" },
	  VHDX_REASON_locator_linkage, 2 },
	{ "rule 46: no path is refused", { "parent_linkage", LINKAGE }, VHDX_REASON_locator_no_path, 0 },
	{ "rule 45: an empty key is refused", { "parent_linkage", LINKAGE, "", "x" },
	  VHDX_REASON_locator_text_range, 1 },
	{ "rule 45: an empty value is refused", { "parent_linkage", LINKAGE, "relative_path", "" },
	  VHDX_REASON_locator_text_range, 1 },
	{ "rule 45: no pairs are refused", { NULL }, VHDX_REASON_locator_empty, 0 },
};

static void row_decode(void **state)
{
	const struct row *row = *state;

	assert_int_equal(decode(item, make(row->texts)), row->reason);
	if (row->reason) {
		assert_int_equal(fault.reason, row->reason);
		assert_int_equal(fault.offset, ITEM_AT);
		assert_int_equal(fault.value, row->value);
	} else {
		assert_true(vhdx_guid_equal(&locator.linkage, &linkage));
	}
}

static void hyper_v(void **state)
{
	const struct row *row = &rows[0];
	u32 length = make(row->texts);

	(void)state;
	assert_int_equal(decode(item, length), VHDX_OK);
	assert_int_equal(locator.absolute_path.length, 2 * strlen(row->texts[3]));
	assert_int_equal(locator.relative_path.length, 2 * strlen(row->texts[5]));
	assert_int_equal(locator.volume_path.length, 2 * strlen(row->texts[7]));
	assert_int_equal(locator.relative_path.offset, le32_to_cpu(entry_of(2)->value_offset));
	assert_int_equal(item[locator.volume_path.offset], '\\');
	assert_true(vhdx_guid_is_null(&locator.linkage2));
}

static void second_linkage(void **state)
{
	static const char *const texts[] = {
		"parent_linkage2", LINKAGE, "parent_linkage", NULL_GUID, "volume_path", "x", NULL,
	};

	(void)state;
	assert_int_equal(decode(item, make(texts)), VHDX_OK);
	assert_true(vhdx_guid_equal(&locator.linkage2, &linkage));
	assert_true(vhdx_guid_is_null(&locator.linkage));
}

static void path_by_others(void **state)
{
	static const char *const texts[] = { "parent_linkage", LINKAGE, NULL };

	(void)state;
	assert_int_equal(decode(item, make(texts)), VHDX_REASON_locator_no_path);
	assert_true(vhdx_guid_equal(&locator.linkage, &linkage));
}

static const char *const good_texts[] = {
	"parent_linkage", LINKAGE, "relative_path", "abc", NULL,
};

static void type(void **state)
{
	u32 length = make(good_texts), i;

	(void)state;
	for (i = 0; i < 16; i++) {
		item[i] ^= 1;
		assert_int_equal(decode(item, length), VHDX_REASON_locator_type);
		assert_true(fault.has_guid);
		assert_memory_equal(fault.guid.bytes, item, 16);
		item[i] ^= 1;
	}
}

/* Cut anywhere: refused, and nothing behind the end is touched. */
static void cut(void **state)
{
	u32 length = make(good_texts), i;

	(void)state;
	assert_int_equal(decode(item, length), VHDX_OK);
	for (i = 0; i < length; i++)
		assert_int_equal(decode(item, i), i < 20 + 2 * 12 ? VHDX_REASON_locator_short :
						  VHDX_REASON_locator_text_range);
}

struct text {
	const char *claim;
	u32 offset;			/* of the value of relative_path; 0: where it is */
	u32 units;			/* its length */
	u16 unit[3];			/* what is there */
	enum vhdx_reason reason;
};

static const struct text values[] = {
	{ "rule 45: characters beyond ASCII are accepted", 0, 3, { 0xe9, 0x4e2d, 0xffff }, 0 },
	{ "rule 45: a surrogate pair is accepted", 0, 3, { 'a', 0xd83d, 0xde00 }, 0 },
	{ "rule 45: the last surrogate pair is accepted", 0, 3, { 0xdbff, 0xdfff, 'a' }, 0 },
	{ "rule 45: the characters around the surrogates are accepted", 0, 2, { 0xd7ff, 0xe000 }, 0 },
	{ "rule 45: a high surrogate alone is refused", 0, 3, { 0xd83d, 'a', 'b' },
	  VHDX_REASON_locator_text },
	{ "rule 45: a high surrogate at the end is refused", 0, 3, { 'a', 'b', 0xd800 },
	  VHDX_REASON_locator_text },
	{ "rule 45: a high surrogate whose mate is behind the value is refused", 0, 2,
	  { 'a', 0xd83d, 0xde00 }, VHDX_REASON_locator_text },
	{ "rule 45: a low surrogate alone is refused", 0, 3, { 'a', 0xdc00, 'b' },
	  VHDX_REASON_locator_text },
	{ "rule 45: two high surrogates are refused", 0, 3, { 0xd800, 0xd800, 0xdc00 },
	  VHDX_REASON_locator_text },
	{ "rule 45: NUL in the middle is refused", 0, 3, { 'a', 0, 'b' }, VHDX_REASON_locator_text },
	{ "rule 45: NUL at the end is refused", 0, 3, { 'a', 'b', 0 }, VHDX_REASON_locator_text },
	{ "rule 45: a value behind the item is refused", 10000, 3, { 'a' },
	  VHDX_REASON_locator_text_range },
	{ "rule 45: an offset that overflows is refused", 0xfffffffe, 3, { 'a' },
	  VHDX_REASON_locator_text_range },
};

static void value_text(void **state)
{
	const struct text *row = *state;
	struct vhdx_disk_locator_entry *entry = entry_of(1);
	u32 length = make(good_texts), at = le32_to_cpu(entry->value_offset), i;

	entry->value_length = cpu_to_le16(2 * row->units);
	for (i = 0; i < 3; i++) {
		item[at + 2 * i] = row->unit[i] & 0xff;
		item[at + 2 * i + 1] = row->unit[i] >> 8;
	}
	if (row->offset)
		entry->value_offset = cpu_to_le32(row->offset);
	assert_int_equal(decode(item, length), row->reason);
	if (row->reason)
		assert_int_equal(fault.value, 1);
}

struct place {
	const char *claim;
	unsigned int at;		/* byte of the entry */
	u8 value;
};

static const struct place places[] = {
	{ "rule 45: key offset 0 is refused", 0, 0 },
	{ "rule 45: value offset 0 is refused", 4, 0 },
	{ "rule 45: an odd key length is refused", 8, 27 },
	{ "rule 45: an odd value length is refused", 10, 5 },
	{ "rule 45: key length 0 is refused", 8, 0 },
	{ "rule 45: a value a character too long is refused", 10, 8 },
};

static void entry_field(void **state)
{
	const struct place *row = *state;
	u32 length = make(good_texts);

	item[20 + 12 + row->at] = row->value;
	assert_int_equal(decode(item, length), VHDX_REASON_locator_text_range);
	assert_int_equal(fault.value, 1);
}

/* A locator has 256 keys at most. */
static void many(void **state)
{
	struct vhdx_disk_locator *header = (void *)item;
	u32 count, i;

	(void)state;
	for (count = 256; count <= 257; count++) {
		u32 at = 20 + 12 * count;

		make(good_texts);
		memset(item + 20, 0, sizeof(item) - 20);
		header->key_value_count = cpu_to_le16(count);
		for (i = 0; i < count; i++) {
			entry_of(i)->key_offset = cpu_to_le32(at);
			entry_of(i)->value_offset = cpu_to_le32(at);
			entry_of(i)->key_length = cpu_to_le16(4);
			entry_of(i)->value_length = cpu_to_le16(4);
			item[at++] = 'a' + i % 26;
			item[at++] = 1;
			item[at++] = 'a' + i / 26;
			item[at++] = 1;
		}
		/* all in order but that nothing is linked */
		assert_int_equal(decode(item, at), count > 256 ? VHDX_REASON_locator_count :
					      VHDX_REASON_locator_linkage);
	}
}

int main(void)
{
	suite_add("the minimal locator is read as documented", example);
	SUITE_ADD_ROWS(rows, row_decode);
	suite_add("Hyper-V's five pairs give three paths and one linkage", hyper_v);
	suite_add("the linkage a merge prepares is kept beside the present one", second_linkage);
	suite_add("a locator without path has its linkage", path_by_others);
	suite_add("rule 45: only one locator type is known", type);
	suite_add("rule 45: a locator cut anywhere is refused", cut);
	SUITE_ADD_ROWS(values, value_text);
	SUITE_ADD_ROWS(places, entry_field);
	suite_add("rule 45: 256 pairs are accepted, 257 refused", many);
	return suite_run("locator");
}
