// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * GUIDs: their order of bytes, their text, and the ones that the format names.
 */
#include "suite.h"

#include "format/guid.h"
#include "format/metadata.h"
#include "make.h"

struct known {
	const char *claim;
	const struct vhdx_guid *guid;
	enum vhdx_item item;		/* if @guid is NULL */
	const char *text;
};

static const struct known known[] = {
	{ "the BAT region is 2dc27766-...", &vhdx_guid_bat_region, 0,
	  "2dc27766-f623-4200-9d64-115e9bfd4a08" },
	{ "the metadata region is 8b7ca206-...", &vhdx_guid_metadata_region, 0,
	  "8b7ca206-4790-4b9a-b8fe-575f050f886e" },
	{ "the locator type is b04aefb7-...", &vhdx_guid_locator_type, 0,
	  "b04aefb7-d19e-4a81-b789-25b8e9445913" },
	{ "file parameters are caa16737-fa36-4d43-...", NULL, VHDX_ITEM_FILE_PARAMETERS,
	  "caa16737-fa36-4d43-b3b6-33f0aa44e76b" },
	{ "the virtual disk size is 2fa54224-...", NULL, VHDX_ITEM_DISK_SIZE,
	  "2fa54224-cd1b-4876-b211-5dbed83bf4b8" },
	{ "the virtual disk id is beca12ab-...", NULL, VHDX_ITEM_DISK_ID,
	  "beca12ab-b2e6-4523-93ef-c309e000c746" },
	{ "the logical sector size is 8141bf1d-...", NULL, VHDX_ITEM_LOGICAL_SECTOR_SIZE,
	  "8141bf1d-a96f-4709-ba47-f233a8faab5f" },
	{ "the physical sector size is cda348c7-...", NULL, VHDX_ITEM_PHYSICAL_SECTOR_SIZE,
	  "cda348c7-445d-4471-9cc9-e9885251c556" },
	{ "the parent locator is a8d35f2d-...", NULL, VHDX_ITEM_PARENT_LOCATOR,
	  "a8d35f2d-b30b-454d-abf7-d3d84834ab0c" },
	{ "CHS parameters are da02d7bc-...", NULL, VHDX_ITEM_CHS_PARAMETERS,
	  "da02d7bc-3d3a-423c-ac88-2a36ab21479b" },
	{ "PMEM labels are 10e1ae8a-...", NULL, VHDX_ITEM_PMEM_LABELS,
	  "10e1ae8a-4b7e-4169-a40f-cd70de928393" },
	{ "the mark of an incomplete file is 71cc85f0-...", NULL, VHDX_ITEM_INCOMPLETE_FILE,
	  "71cc85f0-1b69-4e28-9558-c3bf83ae75d3" },
};

static void known_guid(void **state)
{
	const struct known *row = *state;
	char text[VHDX_GUID_TEXT_SIZE];

	vhdx_guid_text(row->guid ? row->guid : vhdx_item_guid(row->item), text);
	assert_string_equal(text, row->text);
}

static void mixed_endian(void **state)
{
	static const struct vhdx_guid guid = { {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	} };
	char text[VHDX_GUID_TEXT_SIZE];

	(void)state;
	vhdx_guid_text(&guid, text);
	assert_string_equal(text, "33221100-5544-7766-8899-aabbccddeeff");
}

static void null_and_equal(void **state)
{
	struct vhdx_guid a = { { 0 } }, b = { { 0 } };
	u32 i;

	(void)state;
	assert_true(vhdx_guid_is_null(&a));
	for (i = 0; i < 16; i++) {
		b.bytes[i] = 1;
		assert_false(vhdx_guid_is_null(&b));
		assert_false(vhdx_guid_equal(&a, &b));
		b.bytes[i] = 0;
		assert_true(vhdx_guid_equal(&a, &b));
	}
}

/* ASCII to UTF-16LE, in a buffer of the exact size so that the sanitizers see overruns */
static bool parse(struct vhdx_guid *guid, const char *ascii)
{
	u32 bytes = 2 * strlen(ascii);
	u8 *text = test_malloc(bytes + 1);
	bool right;
	u32 i;

	for (i = 0; ascii[i]; i++) {
		text[2 * i] = ascii[i];
		text[2 * i + 1] = 0;
	}
	right = vhdx_guid_parse_utf16(guid, text, bytes);
	test_free(text);
	return right;
}

struct spelling {
	const char *claim;
	const char *text;
	bool right;
};

static const struct spelling spellings[] = {
	{ "lower case in braces, as Hyper-V writes it, is a GUID",
	  "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}", true },
	{ "no braces are a GUID", "83ed0ec3-24c8-49a6-a959-5e4bf1288bfb", true },
	{ "upper case is a GUID", "{83ED0EC3-24C8-49A6-A959-5E4BF1288BFB}", true },
	{ "mixed case is a GUID", "83Ed0eC3-24c8-49A6-a959-5e4bF1288bfB", true },
	{ "nothing is no GUID", "", false },
	{ "braces around nothing are no GUID", "{}", false },
	{ "only an opening brace is no GUID", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb", false },
	{ "only a closing brace is no GUID", "83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}", false },
	{ "parentheses are no braces", "(83ed0ec3-24c8-49a6-a959-5e4bf1288bfb)", false },
	{ "two opening braces are no GUID", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb{", false },
	{ "a digit too few is no GUID", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bf}", false },
	{ "a digit too many is no GUID", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb0}", false },
	{ "no dashes are no GUID", "{83ed0ec324c849a6a9595e4bf1288bfb}", false },
	{ "dashes elsewhere are no GUID", "{83ed-0ec324c8-49a6-a959-5e4bf1288bfb}", false },
	{ "digits in place of a dash are no GUID", "{83ed0ec3024c8-49a6-a959-5e4bf1288bfb}", false },
	{ "a letter g is no digit", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfg}", false },
	{ "a blank is no digit", "{ 3ed0ec3-24c8-49a6-a959-5e4bf1288bfb}", false },
	{ "a colon, which follows 9, is no digit", "{83ed0ec:-24c8-49a6-a959-5e4bf1288bfb}", false },
	{ "a slash, which precedes 0, is no digit", "{83ed0ec/-24c8-49a6-a959-5e4bf1288bfb}", false },
};

static void spelled(void **state)
{
	static const struct vhdx_guid expected = { {
		0xc3, 0x0e, 0xed, 0x83, 0xc8, 0x24, 0xa6, 0x49,
		0xa9, 0x59, 0x5e, 0x4b, 0xf1, 0x28, 0x8b, 0xfb,
	} };
	const struct spelling *row = *state;
	struct vhdx_guid guid = { { 0 } };

	assert_int_equal(parse(&guid, row->text), row->right);
	if (row->right)
		assert_memory_equal(&guid, &expected, sizeof(guid));
}

/* 0x0130 looks like '0' if the upper half is ignored. */
static void upper_half_counts(void **state)
{
	static const char ascii[] = "{00000000-0000-0000-0000-000000000000}";
	struct vhdx_guid guid;
	u8 text[2 * (sizeof(ascii) - 1)];
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? 0 : ascii[i / 2];
	assert_true(vhdx_guid_parse_utf16(&guid, text, sizeof(text)));
	for (i = 1; i < sizeof(text); i += 2) {
		text[i] = 1;
		assert_false(vhdx_guid_parse_utf16(&guid, text, sizeof(text)));
		text[i] = 0;
	}
}

static void every_length(void **state)
{
	struct vhdx_guid guid;
	u32 bytes;

	(void)state;
	for (bytes = 0; bytes < 100; bytes++) {
		u8 *text = test_calloc(1, bytes + 1);

		memset(text, '0', bytes);
		assert_false(vhdx_guid_parse_utf16(&guid, text, bytes));
		test_free(text);
	}
}

static void there_and_back(void **state)
{
	char text[VHDX_GUID_TEXT_SIZE];
	struct vhdx_guid guid, again;
	u32 i, j;

	(void)state;
	for (i = 0; i < 256; i++) {
		for (j = 0; j < 16; j++)
			guid.bytes[j] = i * 17 + j * 31;
		vhdx_guid_text(&guid, text);
		assert_true(parse(&again, text));
		assert_true(vhdx_guid_equal(&guid, &again));
	}
}

static void naa(void **state)
{
	static const u8 expected[] = {
		0x60, 0x02, 0x24, 0x80, 0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15,
	};
	u8 made[VHDX_GUID_NAA_SIZE];
	struct vhdx_guid guid;
	u32 i;

	(void)state;
	for (i = 0; i < 16; i++)
		guid.bytes[i] = i;
	vhdx_guid_naa(&guid, made);
	assert_memory_equal(made, expected, sizeof(expected));
}

int main(void)
{
	suite_add("a disk's NAA identifier is that of Hyper-V", naa);
	SUITE_ADD_ROWS(known, known_guid);
	suite_add("the first three fields are little endian, the rest is as printed", mixed_endian);
	suite_add("only 16 bytes of zero are the null GUID", null_and_equal);
	SUITE_ADD_ROWS(spellings, spelled);
	suite_add("all 16 bits of a character count", upper_half_counts);
	suite_add("text of any wrong length is no GUID", every_length);
	suite_add("what is printed can be read back", there_and_back);
	return suite_run("guid");
}
