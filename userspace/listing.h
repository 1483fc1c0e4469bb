/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attached disks as a table, or as JSON.
 */
#ifndef VHDXCTL_LISTING_H
#define VHDXCTL_LISTING_H

#include <stdbool.h>

#include "message.h"

struct disk_list;
struct globals;
struct json_object;

struct json_object *listing_json(const struct disk_list *disks);
enum exit_code listing_print(const struct disk_list *disks, const struct globals *globals,
			     bool tree);

#endif /* VHDXCTL_LISTING_H */
