// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "metadata_edit.h"
#include "guid.h"

static u32 vhdx_table_count(const void *table)
{
	const struct vhdx_disk_metadata_table *header = table;

	return le16_to_cpu(header->entry_count);
}

/**
 * vhdx_metadata_table_end() - end of the last item, known or not
 * @table:	VHDX_METADATA_TABLE_SIZE bytes that vhdx_metadata_table_decode() has accepted
 *
 * Return: bytes from the start of the region
 */
u32 vhdx_metadata_table_end(const void *table)
{
	const struct vhdx_disk_metadata_entry *entry =
		(const void *)((const struct vhdx_disk_metadata_table *)table + 1);
	u32 end = VHDX_METADATA_TABLE_SIZE, i;

	for (i = 0; i < vhdx_table_count(table); i++, entry++)
		if (le32_to_cpu(entry->offset) + le32_to_cpu(entry->length) > end)
			end = le32_to_cpu(entry->offset) + le32_to_cpu(entry->length);
	return end;
}

/**
 * vhdx_metadata_table_move() - change place and length of an item in the table
 * @table:	as for vhdx_metadata_table_end(); the entry is changed
 * @item:	the item
 * @offset:	bytes from the start of the region
 * @length:	bytes, not 0
 *
 * Return: false if there is no such item
 */
bool vhdx_metadata_table_move(void *table, enum vhdx_item item, u32 offset, u32 length)
{
	struct vhdx_disk_metadata_entry *entry =
		(void *)((struct vhdx_disk_metadata_table *)table + 1);
	u32 i;

	for (i = 0; i < vhdx_table_count(table); i++, entry++) {
		if (!vhdx_guid_equal(&entry->item_id, vhdx_item_guid(item)))
			continue;
		entry->offset = cpu_to_le32(offset);
		entry->length = cpu_to_le32(length);
		return true;
	}
	return false;
}
