/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Conversion of text from an image, and for a terminal. All results of type char * must be freed.
 */
#ifndef VHDX_LIB_TEXT_H
#define VHDX_LIB_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Enough for "1023.9 GiB" */
#define TEXT_SIZE_MAX 32

char *text_from_utf16(const void *utf16, size_t length);
unsigned char *text_to_utf16(const char *utf8, size_t *length);
char *text_valid_utf8(const char *text);
char *text_printable(const char *text);
char *text_quoted(const char *path);
char *text_code(const char *name);
const char *text_size(char buffer[TEXT_SIZE_MAX], uint64_t bytes, const char *gap);

#endif /* VHDX_LIB_TEXT_H */
