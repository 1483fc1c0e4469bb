// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include <stdio.h>

#include "suite.h"

static struct CMUnitTest tests[2048];
static size_t test_count;

static void add(const char *claim, CMUnitTestFunction test, void *row)
{
	assert_true(test_count < ARRAY_SIZE(tests));
	tests[test_count++] = (struct CMUnitTest){
		.name = claim, .test_func = test, .initial_state = row,
	};
}

void suite_add(const char *claim, CMUnitTestFunction test)
{
	add(claim, test, NULL);
}

void suite_add_rows(const void *rows, size_t count, size_t size, CMUnitTestFunction test)
{
	const char *row = rows;
	size_t i;

	for (i = 0; i < count; i++, row += size)
		add(*(const char *const *)row, test, (void *)row);
}

int suite_run(const char *name)
{
	printf("KTAP version 1\n");
	fflush(stdout);
	return _cmocka_run_group_tests(name, tests, test_count, NULL, NULL);
}
