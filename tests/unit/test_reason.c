// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Reasons: each has a number, a name and a text of its own.
 */
#include <ctype.h>

#include "suite.h"

#include "format/guid.h"
#include "make.h"

static const struct row {
	const char *claim;
	const char *name;
	unsigned int number;
	enum vhdx_class class;
	const char *text;
} rows[] = {
#define ROW(number, name, class, text) \
	{ "reason " #name " has name, text and class", #name, number, VHDX_CLASS_##class, text },
	VHDX_REASONS(ROW)
};

static void is_described(void **state)
{
	const struct row *row = *state;
	const char *c;

	assert_string_equal(vhdx_reason_name(row->number), row->name);
	assert_string_equal(vhdx_reason_text(row->number), row->text);
	assert_int_equal(vhdx_reason_class(row->number), row->class);
	for (c = row->name; *c; c++)
		assert_true(islower(*c) || isdigit(*c) || *c == '_');
	assert_non_null(strstr(row->text, ": "));
	assert_int_not_equal(row->text[strlen(row->text) - 1], '.');
}

static void are_unique(void **state)
{
	u32 i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (j = 0; j < i; j++) {
			assert_int_not_equal(rows[i].number, rows[j].number);
			assert_string_not_equal(rows[i].name, rows[j].name);
			assert_string_not_equal(rows[i].text, rows[j].text);
		}
}

static void unknown_number(void **state)
{
	static const unsigned int numbers[] = { VHDX_OK, 1, 100, 999, 0x7fffffff };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		assert_string_equal(vhdx_reason_name(numbers[i]), "unknown");
		assert_string_equal(vhdx_reason_text(numbers[i]), "unknown reason");
		assert_int_equal(vhdx_reason_class(numbers[i]), VHDX_CLASS_NONE);
	}
}

static void warnings(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < VHDX_WARNING_COUNT; i++) {
		assert_true(strlen(vhdx_warning_name(i)) > 0);
		assert_true(strlen(vhdx_warning_text(i)) > 0);
	}
}

static void fault_is_filled(void **state)
{
	struct vhdx_guid guid = make_guid(5);
	struct vhdx_fault fault;

	(void)state;
	memset(&fault, 0xff, sizeof(fault));
	assert_int_equal(vhdx_fault_set(&fault, VHDX_REASON_header_tie, 3, 4),
			 VHDX_REASON_header_tie);
	assert_int_equal(fault.reason, VHDX_REASON_header_tie);
	assert_false(fault.has_guid);
	assert_int_equal(fault.offset, 3);
	assert_int_equal(fault.value, 4);
	memset(&fault, 0xff, sizeof(fault));
	assert_int_equal(vhdx_fault_set_guid(&fault, VHDX_REASON_header_tie, 3, &guid),
			 VHDX_REASON_header_tie);
	assert_true(fault.has_guid);
	assert_int_equal(fault.value, 0);
	assert_true(vhdx_guid_equal(&fault.guid, &guid));
}

static void longest_text_fits(void **state)
{
	char text[VHDX_FAULT_TEXT_SIZE + 1];
	struct vhdx_fault fault;
	u32 i, size;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		vhdx_fault_set_guid(&fault, rows[i].number, ~0ULL, &vhdx_guid_bat_region);
		vhdx_fault_text(&fault, text, VHDX_FAULT_TEXT_SIZE);
		assert_int_equal(text[strlen(text) - 1], ')');
		vhdx_fault_set(&fault, rows[i].number, ~0ULL, ~0ULL);
		vhdx_fault_text(&fault, text, VHDX_FAULT_TEXT_SIZE);
		assert_int_equal(text[strlen(text) - 1], ')');
	}
	for (size = 1; size < VHDX_FAULT_TEXT_SIZE; size++) {
		memset(text, 'x', sizeof(text));
		assert_ptr_equal(vhdx_fault_text(&fault, text, size), text);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], 'x');
	}
}

static void texts(void **state)
{
	char text[VHDX_FAULT_TEXT_SIZE];
	struct vhdx_fault fault;

	(void)state;
	vhdx_fault_set(&fault, VHDX_REASON_region_empty, 0, 0);
	assert_string_equal(vhdx_fault_text(&fault, text, sizeof(text)),
			    "region table: a region has length zero");
	vhdx_fault_set(&fault, VHDX_REASON_region_empty, 0x30010, 0);
	assert_string_equal(vhdx_fault_text(&fault, text, sizeof(text)),
			    "region table: a region has length zero (at 0x30010, value 0x0)");
	vhdx_fault_set_guid(&fault, VHDX_REASON_region_duplicate, 0x30030, &vhdx_guid_bat_region);
	assert_string_equal(vhdx_fault_text(&fault, text, sizeof(text)),
			    "region table: a region is listed twice "
			    "(at 0x30030, {2dc27766-f623-4200-9d64-115e9bfd4a08})");
}

int main(void)
{
	SUITE_ADD_ROWS(rows, is_described);
	suite_add("numbers, names and texts of reasons are unique", are_unique);
	suite_add("a number from a newer module is unknown, not a crash", unknown_number);
	suite_add("every warning has a name and a text", warnings);
	suite_add("a fault holds reason, place and value or GUID, and nothing older", fault_is_filled);
	suite_add("the longest fault fits, any buffer is NUL-terminated", longest_text_fits);
	suite_add("a fault reads: text (at place, value or GUID)", texts);
	return suite_run("reason");
}
