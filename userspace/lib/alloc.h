/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Allocation that ends the program with EXIT_MEMORY when it fails. That is safe, because vhdxctl
 * keeps no state that must be undone.
 */
#ifndef VHDX_LIB_ALLOC_H
#define VHDX_LIB_ALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t count, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* VHDX_LIB_ALLOC_H */
