/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checking the parents of an image as well.
 */
#ifndef VHDXCTL_CHECKCHAIN_H
#define VHDXCTL_CHECKCHAIN_H

#include "checkreport.h"
#include "parentoptions.h"

enum exit_code check_worse(enum exit_code a, enum exit_code b);
enum exit_code check_parents(const char *path, const struct parent_options *options,
			     struct rows *rows, struct json_object *list);

#endif /* VHDXCTL_CHECKCHAIN_H */
