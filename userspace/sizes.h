/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes as users type them.
 */
#ifndef VHDXCTL_SIZES_H
#define VHDXCTL_SIZES_H

#include <stdbool.h>
#include <stdint.h>

bool size_of_text(uint64_t *bytes, const char *text);

#endif /* VHDXCTL_SIZES_H */
