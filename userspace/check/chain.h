/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Checks of the parents of an image.
 */
#ifndef VHDX_CHECK_CHAIN_H
#define VHDX_CHECK_CHAIN_H

#include "check/report.h"
#include "image/parent_options.h"

enum exit_code check_worse(enum exit_code a, enum exit_code b);
enum exit_code check_parents(const char *path, const struct parent_options *options,
			     struct table *rows, struct json_object *list);

#endif /* VHDX_CHECK_CHAIN_H */
