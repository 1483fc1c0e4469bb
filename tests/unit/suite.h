/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A suite of claims. Tables of rows become one test per row, named by the row's claim.
 */
#ifndef VHDX_TEST_SUITE_H
#define VHDX_TEST_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/env.h"

void suite_add(const char *claim, CMUnitTestFunction test);

/* @rows: structures whose first member is the claim; @test gets its row as *state */
void suite_add_rows(const void *rows, size_t count, size_t size, CMUnitTestFunction test);

#define SUITE_ADD_ROWS(rows, test) \
	suite_add_rows(rows, ARRAY_SIZE(rows), sizeof((rows)[0]), test)

int suite_run(const char *name);

#endif /* VHDX_TEST_SUITE_H */
