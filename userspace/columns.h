/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns in which attached disks are shown.
 */
#ifndef VHDXCTL_COLUMNS_H
#define VHDXCTL_COLUMNS_H

#include <stdbool.h>

#include "disk.h"
#include "message.h"

struct globals;
struct json_object;

struct json_object *columns_json(const struct disk_list *disks);
enum exit_code columns_print(const struct disk_list *disks, const struct globals *globals);
void columns_print_help(void);

#endif /* VHDXCTL_COLUMNS_H */
