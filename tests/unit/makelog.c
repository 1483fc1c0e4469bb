// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include <errno.h>
#include <stdlib.h>

#include "makelog.h"

#include "format/checksum.h"

static u32 descriptor_area(u32 count)
{
	u32 bytes = 64 + 32 * count;

	return (bytes + 4095) / 4096 * 4096;
}

u32 log_entry_length(const struct log_entry *entry)
{
	u32 length = descriptor_area(entry->count), i;

	for (i = 0; i < entry->count; i++)
		length += entry->changes[i].page ? 4096 : 0;
	return length;
}

static void encode_head(u8 *bytes, const struct log_entry *entry, u32 length)
{
	struct vhdx_disk_log_entry head = {
		.signature = { 'l', 'o', 'g', 'e' },
		.entry_length = cpu_to_le32(length),
		.tail = cpu_to_le32(entry->tail),
		.sequence_number = cpu_to_le64(entry->sequence),
		.descriptor_count = cpu_to_le32(entry->count),
		.log_guid = entry->guid,
		.flushed_file_offset = cpu_to_le64(entry->flushed_size),
		.last_file_offset = cpu_to_le64(entry->last_size),
	};

	memcpy(bytes, &head, sizeof(head));
}

static void encode_zeros(u8 *bytes, const struct log_change *change, u64 sequence)
{
	struct vhdx_disk_log_zero zero = {
		.signature = { 'z', 'e', 'r', 'o' },
		.length = cpu_to_le64(change->zeros),
		.file_offset = cpu_to_le64(change->offset),
		.sequence_number = cpu_to_le64(sequence),
	};

	memcpy(bytes, &zero, sizeof(zero));
}

static void encode_page(u8 *bytes, u8 *sector, const struct log_change *change, u64 sequence)
{
	struct vhdx_disk_log_data data = {
		.signature = { 'd', 'e', 's', 'c' },
		.file_offset = cpu_to_le64(change->offset),
		.sequence_number = cpu_to_le64(sequence),
	};
	__le32 high = cpu_to_le32(sequence >> 32), low = cpu_to_le32((u32)sequence);

	memcpy(data.leading, change->page, 8);
	memcpy(data.trailing, change->page + 4092, 4);
	memcpy(bytes, &data, sizeof(data));
	memcpy(sector, change->page, 4096);
	memcpy(sector, "data", 4);
	memcpy(sector + 4, &high, 4);
	memcpy(sector + 4092, &low, 4);
}

void log_entry_encode(u8 *bytes, const struct log_entry *entry)
{
	u32 length = log_entry_length(entry), i;
	u8 *sector = bytes + descriptor_area(entry->count);

	memset(bytes, 0, length);
	encode_head(bytes, entry, length);
	for (i = 0; i < entry->count; i++) {
		const struct log_change *change = &entry->changes[i];
		u8 *descriptor = bytes + 64 + 32 * i;

		if (change->page) {
			encode_page(descriptor, sector, change, entry->sequence);
			sector += 4096;
		} else {
			encode_zeros(descriptor, change, entry->sequence);
		}
	}
	vhdx_checksum_stamp(bytes, length);
}

void ring_put(u8 *ring, u32 ring_length, u32 offset, const u8 *bytes, u32 length)
{
	u32 i;

	for (i = 0; i < length; i += 4096)
		memcpy(ring + (offset + i) % ring_length, bytes + i, 4096);
}

void ring_file_plain(u64 offset, u8 *to, u32 length)
{
	u32 i;

	for (i = 0; i < length; i++) {
		u64 at = offset + i;
		u64 word = ~(at & ~7ULL);

		to[i] = word >> 8 * (at & 7);
	}
}

static int ring_file_read(void *context, u64 offset, void *buffer, u32 length)
{
	struct ring_file *file = context;

	if (!vhdx_range_inside(offset, length, file->reader.size))
		abort();
	file->reads++;
	if (file->reads == file->change_at)
		file->change(file);
	if (file->reads == file->fail_at)
		return -EIO;
	if (vhdx_range_inside(offset - file->offset, length, file->length))
		memcpy(buffer, file->ring + (offset - file->offset), length);
	else
		ring_file_plain(offset, buffer, length);
	return 0;
}

void ring_file_init(struct ring_file *file, u64 offset, u32 length, u64 size)
{
	memset(file, 0, sizeof(*file));
	file->ring = calloc(1, length);
	if (!file->ring)
		abort();
	file->length = length;
	file->offset = offset;
	file->reader.read = ring_file_read;
	file->reader.context = file;
	file->reader.size = size;
}

void ring_file_free(struct ring_file *file)
{
	free(file->ring);
	file->ring = NULL;
}

u64 chance(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u32 chance_below(u64 *seed, u32 limit)
{
	return limit ? (u32)(chance(seed) % limit) : 0;
}
