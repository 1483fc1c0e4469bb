/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May an image be changed or replaced, or do others need it as it is?
 */
#ifndef VHDX_EDIT_DEPENDENTS_H
#define VHDX_EDIT_DEPENDENTS_H

#include "lib/message.h"

struct layer;

enum exit_code dependents_check_write(const struct layer *layer);
enum exit_code dependents_check_replace(const char *path);

#endif /* VHDX_EDIT_DEPENDENTS_H */
