/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The list of the files of a chain.
 */
#ifndef VHDX_INFO_CHAIN_REPORT_H
#define VHDX_INFO_CHAIN_REPORT_H

#include "lib/message.h"

struct json_object;
struct parent_options;

enum exit_code chain_report(struct json_object *image, const char *path,
			    const struct parent_options *options);

#endif /* VHDX_INFO_CHAIN_REPORT_H */
