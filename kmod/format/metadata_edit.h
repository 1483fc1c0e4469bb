/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Changes of a metadata table: another place for an item, to replace a parent locator.
 */
#ifndef VHDX_FORMAT_METADATA_EDIT_H
#define VHDX_FORMAT_METADATA_EDIT_H

#include "metadata.h"

u32 vhdx_metadata_table_end(const void *table);
bool vhdx_metadata_table_move(void *table, enum vhdx_item item, u32 offset, u32 length);

#endif /* VHDX_FORMAT_METADATA_EDIT_H */
