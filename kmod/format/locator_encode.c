// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "locator_encode.h"
#include "guid.h"

static u32 vhdx_key_bytes(const struct vhdx_locator_field *field)
{
	return 2 * (u32)strlen(field->key);
}

/**
 * vhdx_locator_length() - length of an encoded parent locator
 * @fields:	its entries
 * @count:	how many, 1 to VHDX_LOCATOR_MAX_ENTRIES
 *
 * Return: bytes of header, entries and texts
 */
u32 vhdx_locator_length(const struct vhdx_locator_field *fields, u32 count)
{
	u32 length = sizeof(struct vhdx_disk_locator), i;

	for (i = 0; i < count; i++)
		length += sizeof(struct vhdx_disk_locator_entry) + vhdx_key_bytes(&fields[i]) +
			  fields[i].length;
	return length;
}

/**
 * vhdx_locator_encode() - encode a parent locator (2.6.2.6)
 * @item:	vhdx_locator_length() bytes, filled; not aligned
 * @fields:	its entries, each key once
 * @count:	how many
 *
 * Behind the entries each key is followed by its value.
 */
void vhdx_locator_encode(void *item, const struct vhdx_locator_field *fields, u32 count)
{
	struct vhdx_disk_locator *header = item;
	struct vhdx_disk_locator_entry *entry = (void *)(header + 1);
	u8 *start = item, *text = (u8 *)(entry + count);
	const char *key;
	u32 i;

	memset(header, 0, sizeof(*header));
	header->type = vhdx_guid_locator_type;
	header->key_value_count = cpu_to_le16((u16)count);
	for (i = 0; i < count; i++, entry++) {
		entry->key_offset = cpu_to_le32((u32)(text - start));
		entry->key_length = cpu_to_le16((u16)vhdx_key_bytes(&fields[i]));
		for (key = fields[i].key; *key; key++) {
			*text++ = (u8)*key;
			*text++ = 0;
		}
		entry->value_offset = cpu_to_le32((u32)(text - start));
		entry->value_length = cpu_to_le16(fields[i].length);
		memcpy(text, fields[i].value, fields[i].length);
		text += fields[i].length;
	}
}
