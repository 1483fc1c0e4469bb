// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "locator.h"
#include "guid.h"
#include "range.h"

/* A key-value pair, whose texts are inside the item and valid UTF-16 */
struct vhdx_locator_pair {
	const u8 *key;
	u32 key_length;
	struct vhdx_locator_text value;
};

static const struct vhdx_disk_locator_entry *vhdx_locator_entries(const void *item)
{
	return (const void *)((const u8 *)item + sizeof(struct vhdx_disk_locator));
}

static u16 vhdx_utf16_unit(const u8 *text, u32 at)
{
	return (u16)(text[at] | text[at + 1] << 8);
}

/* Whole code points and no NUL (rule 45); @length is even. */
static bool vhdx_utf16_valid(const u8 *text, u32 length)
{
	u32 i;

	for (i = 0; i < length; i += 2) {
		u16 unit = vhdx_utf16_unit(text, i);

		if (!unit || (unit & 0xfc00) == 0xdc00)
			return false;
		if ((unit & 0xfc00) != 0xd800)
			continue;
		i += 2;
		if (i >= length || (vhdx_utf16_unit(text, i) & 0xfc00) != 0xdc00)
			return false;
	}
	return true;
}

static bool vhdx_utf16_equals(const u8 *text, u32 length, const char *ascii)
{
	u32 i;

	for (i = 0; i < length; i += 2, ascii++)
		if (!*ascii || vhdx_utf16_unit(text, i) != (u16)*ascii)
			return false;
	return !*ascii;
}

static bool vhdx_locator_text_inside(u32 offset, u32 length, u32 item_length)
{
	return offset && length && !(length & 1) &&
	       vhdx_range_inside(offset, length, item_length);
}

static enum vhdx_reason vhdx_locator_pair(struct vhdx_locator_pair *pair, const u8 *item,
					  u32 length, u32 index, u64 at,
					  struct vhdx_fault *fault)
{
	const struct vhdx_disk_locator_entry *entry = &vhdx_locator_entries(item)[index];
	u32 key_offset = le32_to_cpu(entry->key_offset);

	pair->key_length = le16_to_cpu(entry->key_length);
	pair->value.offset = le32_to_cpu(entry->value_offset);
	pair->value.length = le16_to_cpu(entry->value_length);
	if (!vhdx_locator_text_inside(key_offset, pair->key_length, length) ||
	    !vhdx_locator_text_inside(pair->value.offset, pair->value.length, length))
		return vhdx_fault_set(fault, VHDX_REASON_locator_text_range, at, index);
	pair->key = item + key_offset;
	if (!vhdx_utf16_valid(pair->key, pair->key_length) ||
	    !vhdx_utf16_valid(item + pair->value.offset, pair->value.length))
		return vhdx_fault_set(fault, VHDX_REASON_locator_text, at, index);
	return VHDX_OK;
}

/* Does an earlier entry have the same key? All of them passed vhdx_locator_pair(). */
static bool vhdx_locator_key_seen(const u8 *item, u32 index, const struct vhdx_locator_pair *pair)
{
	const struct vhdx_disk_locator_entry *entries = vhdx_locator_entries(item);
	u32 i;

	for (i = 0; i < index; i++)
		if (le16_to_cpu(entries[i].key_length) == pair->key_length &&
		    !memcmp(item + le32_to_cpu(entries[i].key_offset), pair->key,
			    pair->key_length))
			return true;
	return false;
}

/* Store the value of a pair, unless its key is unknown. False: it must be a GUID, and is none */
static bool vhdx_locator_store(struct vhdx_locator *locator, const u8 *item,
			       const struct vhdx_locator_pair *pair, bool *linked)
{
	const u8 *value = item + pair->value.offset;

	if (vhdx_utf16_equals(pair->key, pair->key_length, "parent_linkage")) {
		*linked = true;
		return vhdx_guid_parse_utf16(&locator->linkage, value, pair->value.length);
	}
	if (vhdx_utf16_equals(pair->key, pair->key_length, "parent_linkage2"))
		return vhdx_guid_parse_utf16(&locator->linkage2, value, pair->value.length);
	if (vhdx_utf16_equals(pair->key, pair->key_length, "relative_path"))
		locator->relative_path = pair->value;
	else if (vhdx_utf16_equals(pair->key, pair->key_length, "volume_path"))
		locator->volume_path = pair->value;
	else if (vhdx_utf16_equals(pair->key, pair->key_length, "absolute_win32_path"))
		locator->absolute_path = pair->value;
	return true;
}

static enum vhdx_reason vhdx_locator_decode_pairs(struct vhdx_locator *locator, const u8 *item,
						  u32 length, u32 count, u64 at,
						  struct vhdx_fault *fault)
{
	bool linked = false;
	u32 i;

	for (i = 0; i < count; i++) {
		struct vhdx_locator_pair pair = { .key = NULL };
		enum vhdx_reason reason = vhdx_locator_pair(&pair, item, length, i, at, fault);

		if (reason)
			return reason;
		if (vhdx_locator_key_seen(item, i, &pair))
			return vhdx_fault_set(fault, VHDX_REASON_locator_duplicate, at, i);
		if (!vhdx_locator_store(locator, item, &pair, &linked))
			return vhdx_fault_set(fault, VHDX_REASON_locator_linkage, at, i);
	}
	if (!linked)
		return vhdx_fault_set(fault, VHDX_REASON_locator_linkage, at, count);
	return VHDX_OK;
}

/**
 * vhdx_locator_decode() - decode a parent locator (2.6.2.6, rules 45 and 46)
 * @locator:	filled; also if this returns locator_no_path, for callers that know the path
 * @item:	the metadata item
 * @length:	its bytes
 * @item_offset: where in the file it is, for @fault
 * @fault:	filled on failure
 *
 * Windows writes five entries in less than 2 KiB. The check for duplicates takes time quadratic in
 * the number of entries. So more than 256 entries are refused, and items longer than 64 KiB.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_locator_decode(struct vhdx_locator *locator, const void *item,
				     u32 length, u64 item_offset, struct vhdx_fault *fault)
{
	const struct vhdx_disk_locator *header = item;
	enum vhdx_reason reason;
	u32 count;

	memset(locator, 0, sizeof(*locator));
	if (length < sizeof(*header))
		return vhdx_fault_set(fault, VHDX_REASON_locator_short, item_offset, length);
	if (length > VHDX_LOCATOR_MAX_LENGTH)
		return vhdx_fault_set(fault, VHDX_REASON_locator_too_long, item_offset, length);
	if (!vhdx_guid_equal(&header->type, &vhdx_guid_locator_type))
		return vhdx_fault_set_guid(fault, VHDX_REASON_locator_type, item_offset,
					   &header->type);
	count = le16_to_cpu(header->key_value_count);
	if (!count)
		return vhdx_fault_set(fault, VHDX_REASON_locator_empty, item_offset, 0);
	if (count > VHDX_LOCATOR_MAX_ENTRIES)
		return vhdx_fault_set(fault, VHDX_REASON_locator_count, item_offset, count);
	if (sizeof(*header) + count * sizeof(struct vhdx_disk_locator_entry) > length)
		return vhdx_fault_set(fault, VHDX_REASON_locator_short, item_offset, length);
	reason = vhdx_locator_decode_pairs(locator, item, length, count, item_offset, fault);
	if (reason)
		return reason;
	if (!locator->relative_path.length && !locator->volume_path.length &&
	    !locator->absolute_path.length)
		return vhdx_fault_set(fault, VHDX_REASON_locator_no_path, item_offset, 0);
	return VHDX_OK;
}
