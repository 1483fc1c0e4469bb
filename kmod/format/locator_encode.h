/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Encoding of parent locators: the inverse of locator.h.
 */
#ifndef VHDX_FORMAT_LOCATOR_ENCODE_H
#define VHDX_FORMAT_LOCATOR_ENCODE_H

#include "disk.h"

/**
 * struct vhdx_locator_field - a key and its value
 * @key:	ASCII
 * @value:	UTF-16LE, not aligned, without NUL
 * @length:	of @value in bytes; not 0
 */
struct vhdx_locator_field {
	const char *key;
	const u8 *value;
	u16 length;
};

u32 vhdx_locator_length(const struct vhdx_locator_field *fields, u32 count);
void vhdx_locator_encode(void *item, const struct vhdx_locator_field *fields, u32 count);

#endif /* VHDX_FORMAT_LOCATOR_ENCODE_H */
