/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Attached disks as a table, or as JSON.
 */
#ifndef VHDX_ATTACHED_LIST_H
#define VHDX_ATTACHED_LIST_H

#include <stdbool.h>

#include "lib/message.h"

struct disk_list;
struct globals;
struct json_object;

struct json_object *list_json(const struct disk_list *disks);
enum exit_code list_print(const struct disk_list *disks, const struct globals *globals,
			  bool tree);

#endif /* VHDX_ATTACHED_LIST_H */
