/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * GUIDs: those that the format defines, comparison, text form.
 */
#ifndef VHDX_FORMAT_GUID_H
#define VHDX_FORMAT_GUID_H

#include "disk.h"

/* "2dc27766-f623-4200-9d64-115e9bfd4a08" and its NUL */
#define VHDX_GUID_TEXT_SIZE 37

/* Bytes of an NAA identifier */
#define VHDX_GUID_NAA_SIZE 16

extern const struct vhdx_guid vhdx_guid_bat_region;
extern const struct vhdx_guid vhdx_guid_metadata_region;
extern const struct vhdx_guid vhdx_guid_locator_type;

static inline bool vhdx_guid_equal(const struct vhdx_guid *a, const struct vhdx_guid *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool vhdx_guid_is_null(const struct vhdx_guid *guid);
void vhdx_guid_naa(const struct vhdx_guid *disk_id, u8 naa[VHDX_GUID_NAA_SIZE]);
void vhdx_guid_text(const struct vhdx_guid *guid, char text[VHDX_GUID_TEXT_SIZE]);
bool vhdx_guid_parse_utf16(struct vhdx_guid *guid, const u8 *text, u32 bytes);

#endif /* VHDX_FORMAT_GUID_H */
