/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * CRC-32C of a structure that stores its own checksum.
 */
#ifndef VHDX_FORMAT_CHECKSUM_H
#define VHDX_FORMAT_CHECKSUM_H

#include "env.h"

/* Offset of the checksum in headers, region tables and log entries */
#define VHDX_CHECKSUM_OFFSET 4U

u32 vhdx_checksum(const void *data, u32 length);
bool vhdx_checksum_valid(const void *data, u32 length);
void vhdx_checksum_stamp(void *data, u32 length);

#endif /* VHDX_FORMAT_CHECKSUM_H */
