// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: log entries (2.3.1)
 *
 * The log is a ring of sectors of 4 KiB. An entry is a header, the descriptors behind it (126 in
 * the first sector, 128 in each further one), and one data sector for each data descriptor. It may
 * wrap around the end of the ring at any sector.
 *
 *	| loge desc zero desc ... | desc ... | data | data | data |
 *	+------- descriptor sectors ---------+---- data sectors --+
 *
 * A data sector is a page whose first 8 and last 4 bytes are in its descriptor instead. In their
 * place are a signature and, at both ends, the sequence number. These reveal a sector that was
 * written in part, or to the wrong place, or not at all.
 *
 * An entry is valid if all of its sectors are. What it may change is checked later: see log_scan.c.
 */
#include "log_entry.h"
#include "checksum.h"
#include "guid.h"
#include "log_encode.h"

/* What the check of an entry has found so far */
struct vhdx_log_cursor {
	u32 crc;
	u32 data_sectors;
};

/**
 * vhdx_log_after() - the offset in the ring behind a part of it
 * @log:	the log
 * @offset:	of the part in the ring, in bytes, less than its length
 * @length:	of the part in bytes, at most that of the ring
 *
 * Return: bytes, less than the length of the ring
 */
u32 vhdx_log_after(const struct vhdx_log *log, u32 offset, u32 length)
{
	u64 end = (u64)offset + length;

	return end >= log->length ? end - log->length : end;
}

/**
 * vhdx_log_read_sector() - read a sector of the ring
 * @log:	the log
 * @offset:	in the ring, in bytes
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes, filled
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_log_read_sector(const struct vhdx_log *log, u32 offset, void *sector,
				      struct vhdx_fault *fault)
{
	return vhdx_read(log->reader, log->offset + offset, sector, VHDX_LOG_SECTOR_SIZE, fault);
}

/**
 * vhdx_log_descriptor_area() - size of the descriptor sectors of an entry
 * @count:	number of its descriptors
 *
 * Return: bytes
 */
u64 vhdx_log_descriptor_area(u32 count)
{
	return (u64)vhdx_log_entry_descriptor_sectors(count) * VHDX_LOG_SECTOR_SIZE;
}

/**
 * vhdx_log_init() - prepare for a log that must be replayed
 * @log:	filled
 * @reader:	of the file; must outlive @log
 * @header:	the current header, checked, with a LogGuid
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or log_too_large
 */
enum vhdx_reason vhdx_log_init(struct vhdx_log *log, const struct vhdx_reader *reader,
			       const struct vhdx_header *header, struct vhdx_fault *fault)
{
	if (header->log_length > VHDX_LOG_MAX_LENGTH)
		return vhdx_fault_set(fault, VHDX_REASON_log_too_large, header->log_offset,
				      header->log_length);
	log->reader = reader;
	log->offset = header->log_offset;
	log->length = header->log_length;
	log->guid = header->log_guid;
	return VHDX_OK;
}

/* Decode the header of an entry. Return: false if no valid entry of @log starts with the sector */
static bool vhdx_log_decode_header(const struct vhdx_log *log, u32 offset,
				   struct vhdx_log_entry *entry, const void *sector)
{
	const struct vhdx_disk_log_entry *raw = sector;

	if (memcmp(raw->signature, "loge", sizeof(raw->signature)) ||
	    !vhdx_guid_equal(&raw->log_guid, &log->guid))
		return false;
	entry->offset = offset;
	entry->length = le32_to_cpu(raw->entry_length);
	entry->tail = le32_to_cpu(raw->tail);
	entry->descriptors = le32_to_cpu(raw->descriptor_count);
	entry->sequence = le64_to_cpu(raw->sequence_number);
	entry->flushed_size = le64_to_cpu(raw->flushed_file_offset);
	entry->last_size = le64_to_cpu(raw->last_file_offset);
	return entry->sequence && entry->length && entry->length <= log->length &&
	       entry->tail < log->length &&
	       vhdx_is_aligned(entry->length, VHDX_LOG_SECTOR_SIZE) &&
	       vhdx_is_aligned(entry->tail, VHDX_LOG_SECTOR_SIZE) &&
	       vhdx_log_descriptor_area(entry->descriptors) <= entry->length;
}

/*
 * Is a descriptor valid? Its target must be whole pages; whether it may be changed is checked
 * later. @data is set to true for a data descriptor.
 */
static bool vhdx_log_descriptor_valid(const struct vhdx_log_entry *entry, const u8 *bytes,
				      bool *data)
{
	const struct vhdx_disk_log_zero *zero = (const void *)bytes;
	bool is_zero = !memcmp(bytes, "zero", 4);

	*data = !memcmp(bytes, "desc", 4);
	if (!*data && !is_zero)
		return false;
	if (le64_to_cpu(zero->sequence_number) != entry->sequence ||
	    !vhdx_is_aligned(le64_to_cpu(zero->file_offset), VHDX_PAGE_SIZE))
		return false;
	return *data || vhdx_is_aligned(le64_to_cpu(zero->length), VHDX_PAGE_SIZE);
}

/**
 * vhdx_log_descriptor_span() - where descriptors are in a sector of an entry
 * @entry:	the entry
 * @index:	number of the descriptor sector, from 0
 * @first:	set to the offset in the sector of the first descriptor, in bytes
 * @last:	set to the offset behind the last one
 */
void vhdx_log_descriptor_span(const struct vhdx_log_entry *entry, u32 index, u32 *first, u32 *last)
{
	u64 end = sizeof(struct vhdx_disk_log_entry) +
		  (u64)entry->descriptors * VHDX_LOG_DESCRIPTOR_SIZE -
		  (u64)index * VHDX_LOG_SECTOR_SIZE;

	*first = index ? 0 : sizeof(struct vhdx_disk_log_entry);
	*last = end < VHDX_LOG_SECTOR_SIZE ? end : VHDX_LOG_SECTOR_SIZE;
}

/* Check the @index-th sector of an entry, which has descriptors. */
static bool vhdx_log_check_descriptors(const struct vhdx_log_entry *entry, u32 index,
				       const u8 *sector, struct vhdx_log_cursor *cursor)
{
	u32 at, last;
	bool data;

	vhdx_log_descriptor_span(entry, index, &at, &last);
	for (; at < last; at += VHDX_LOG_DESCRIPTOR_SIZE) {
		if (!vhdx_log_descriptor_valid(entry, sector + at, &data))
			return false;
		cursor->data_sectors += data;
	}
	return true;
}

/* Check a data sector of an entry. */
static bool vhdx_log_check_data(const struct vhdx_log_entry *entry, const void *sector)
{
	const struct vhdx_disk_log_sector *raw = sector;

	return !memcmp(raw->signature, "data", sizeof(raw->signature)) &&
	       le32_to_cpu(raw->sequence_high) == (u32)(entry->sequence >> 32) &&
	       le32_to_cpu(raw->sequence_low) == (u32)entry->sequence;
}

/* Add the @index-th sector to the checksum, which covers the entry as it is in the ring. */
static void vhdx_log_checksum_sector(struct vhdx_log_cursor *cursor, u32 index,
				     const u8 *sector)
{
	static const u8 zero[4];
	u32 skip = 0;

	if (!index) {
		skip = VHDX_CHECKSUM_OFFSET + sizeof(zero);
		cursor->crc = crc32c(~0U, sector, VHDX_CHECKSUM_OFFSET);
		cursor->crc = crc32c(cursor->crc, zero, sizeof(zero));
	}
	cursor->crc = crc32c(cursor->crc, sector + skip, VHDX_LOG_SECTOR_SIZE - skip);
}

/* Check all sectors of an entry, the first of which is in @sector already; @valid was false. */
static enum vhdx_reason vhdx_log_check_entry(const struct vhdx_log *log,
					     const struct vhdx_log_entry *entry, void *sector,
					     bool *valid, struct vhdx_fault *fault)
{
	u32 checksum = le32_to_cpu(((struct vhdx_disk_log_entry *)sector)->checksum);
	u32 area = vhdx_log_descriptor_area(entry->descriptors) / VHDX_LOG_SECTOR_SIZE;
	u32 sectors = entry->length / VHDX_LOG_SECTOR_SIZE;
	struct vhdx_log_cursor cursor = { .crc = 0 };
	enum vhdx_reason reason;
	u32 i;

	for (i = 0; i < sectors; i++) {
		u32 offset = vhdx_log_after(log, entry->offset, i * VHDX_LOG_SECTOR_SIZE);

		reason = i ? vhdx_log_read_sector(log, offset, sector, fault) : VHDX_OK;
		if (reason)
			return reason;
		vhdx_log_checksum_sector(&cursor, i, sector);
		if (i < area ? !vhdx_log_check_descriptors(entry, i, sector, &cursor) :
			       !vhdx_log_check_data(entry, sector))
			return VHDX_OK;
	}
	*valid = area + cursor.data_sectors == sectors && ~cursor.crc == checksum;
	return VHDX_OK;
}

/**
 * vhdx_log_read_entry() - read and check the entry that starts at a place in the ring (2.3.1)
 * @log:	the log
 * @offset:	in the ring, in bytes, a multiple of VHDX_LOG_SECTOR_SIZE, less than its length
 * @entry:	filled if @valid
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @valid:	set to whether a valid entry starts there
 * @fault:	filled on failure
 *
 * An invalid entry is no failure: rings are full of them.
 *
 * Return: VHDX_OK, or the reason why the ring could not be read
 */
enum vhdx_reason vhdx_log_read_entry(const struct vhdx_log *log, u32 offset,
				     struct vhdx_log_entry *entry, void *sector, bool *valid,
				     struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_log_read_sector(log, offset, sector, fault);

	*valid = false;
	if (reason || !vhdx_log_decode_header(log, offset, entry, sector))
		return reason;
	return vhdx_log_check_entry(log, entry, sector, valid, fault);
}

/**
 * vhdx_log_restore_page() - turn a data sector into the page that it has (2.3.1.4)
 * @page:	the data sector as read; changed in place
 * @leading:	first 8 bytes of the page, from the descriptor
 * @trailing:	last 4 bytes of the page, from the descriptor
 */
void vhdx_log_restore_page(void *page, const u8 leading[8], const u8 trailing[4])
{
	memcpy(page, leading, 8);
	memcpy((u8 *)page + VHDX_PAGE_SIZE - 4, trailing, 4);
}
