/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Sizes as users type them.
 */
#ifndef VHDX_LIB_SIZE_H
#define VHDX_LIB_SIZE_H

#include <stdbool.h>
#include <stdint.h>

bool size_of_text(uint64_t *bytes, const char *text);

#endif /* VHDX_LIB_SIZE_H */
