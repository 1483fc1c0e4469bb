/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Files and devices as memory.
 */
#ifndef VHDX_CUTS_MAP_H
#define VHDX_CUTS_MAP_H

#include "util.h"

u8 *map_file(const char *path, u64 *size);

#endif /* VHDX_CUTS_MAP_H */
