/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An inspection as a JSON tree, from which the text is made as well.
 */
#ifndef VHDXCTL_REPORT_H
#define VHDXCTL_REPORT_H

#include <stdbool.h>

struct inspection;
struct json_object;

struct json_object *report_image(const struct inspection *inspection, bool with_tables);

#endif /* VHDXCTL_REPORT_H */
