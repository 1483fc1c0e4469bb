// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "header.h"
#include "checksum.h"
#include "guid.h"
#include "range.h"

/**
 * vhdx_identifier_valid() - is there a VHDX signature? (2.2.1, rule 1)
 * @raw:	the first bytes of the file
 *
 * Return: true if there is one
 */
bool vhdx_identifier_valid(const struct vhdx_disk_identifier *raw)
{
	return !memcmp(raw->signature, "vhdxfile", sizeof(raw->signature));
}

/**
 * vhdx_identifier_encode() - make a file type identifier
 * @raw:	filled
 * @creator:	ASCII, cut off after 256 characters
 *
 * The rest of its 64 KiB must be zero.
 */
void vhdx_identifier_encode(struct vhdx_disk_identifier *raw, const char *creator)
{
	unsigned int i;

	memset(raw, 0, sizeof(*raw));
	memcpy(raw->signature, "vhdxfile", sizeof(raw->signature));
	for (i = 0; i < ARRAY_SIZE(raw->creator) && creator[i]; i++)
		raw->creator[i] = cpu_to_le16((u8)creator[i]);
}

/**
 * vhdx_header_decode() - decode one copy of the header (2.2.2)
 * @header:	filled on success
 * @raw:	4 KiB as read
 *
 * Checks only signature and checksum. vhdx_header_check() checks the fields, and only those of the
 * current header.
 *
 * Return: false if the copy is not valid
 */
bool vhdx_header_decode(struct vhdx_header *header, const struct vhdx_disk_header *raw)
{
	if (memcmp(raw->signature, "head", sizeof(raw->signature)) ||
	    !vhdx_checksum_valid(raw, sizeof(*raw)))
		return false;
	header->sequence_number = le64_to_cpu(raw->sequence_number);
	header->file_write_guid = raw->file_write_guid;
	header->data_write_guid = raw->data_write_guid;
	header->log_guid = raw->log_guid;
	header->version = le16_to_cpu(raw->version);
	header->log_version = le16_to_cpu(raw->log_version);
	header->log_offset = le64_to_cpu(raw->log_offset);
	header->log_length = le32_to_cpu(raw->log_length);
	return true;
}

/**
 * vhdx_header_encode() - encode a header, the inverse of vhdx_header_decode()
 * @raw:	filled, with reserved fields zero, and the checksum
 * @header:	its values
 */
void vhdx_header_encode(struct vhdx_disk_header *raw, const struct vhdx_header *header)
{
	memset(raw, 0, sizeof(*raw));
	memcpy(raw->signature, "head", sizeof(raw->signature));
	raw->sequence_number = cpu_to_le64(header->sequence_number);
	raw->file_write_guid = header->file_write_guid;
	raw->data_write_guid = header->data_write_guid;
	raw->log_guid = header->log_guid;
	raw->log_version = cpu_to_le16(header->log_version);
	raw->version = cpu_to_le16(header->version);
	raw->log_length = cpu_to_le32(header->log_length);
	raw->log_offset = cpu_to_le64(header->log_offset);
	vhdx_checksum_stamp(raw, sizeof(*raw));
}

/**
 * vhdx_header_next() - encode the next update of the header (2.2.2.1)
 * @raw:	filled with what is to be written, checksum included
 * @header:	the current header with its changes; its sequence number is raised
 * @slot:	0 or 1: the copy that is current; set to the other one, which is to be written
 *
 * The current copy is not overwritten, so one copy is valid at every moment. The caller flushes
 * each update before the next one.
 *
 * Return: the byte offset in the file where @raw is to be written
 */
u64 vhdx_header_next(struct vhdx_disk_header *raw, struct vhdx_header *header, unsigned int *slot)
{
	*slot = !*slot;
	header->sequence_number++;
	vhdx_header_encode(raw, header);
	return *slot ? VHDX_HEADER_2_OFFSET : VHDX_HEADER_1_OFFSET;
}

/**
 * vhdx_header_choose() - choose the current one of the two headers (2.2.2, rules 2 and 3)
 * @current_header: filled on success
 * @slot:	set to 0 or 1: the copy that is current
 * @warnings:	gets a bit if one copy is damaged
 * @raw:	both copies as read
 * @fault:	filled on failure
 *
 * disk2vhd writes two equal headers with the same sequence number. That is accepted: the first one
 * is current.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_header_choose(struct vhdx_header *current_header, unsigned int *slot,
				    u32 *warnings, const struct vhdx_disk_header raw[2],
				    struct vhdx_fault *fault)
{
	struct vhdx_header other;
	bool valid0 = vhdx_header_decode(current_header, &raw[0]);
	bool valid1 = vhdx_header_decode(&other, &raw[1]);

	if (!valid0 && !valid1)
		return vhdx_fault_set(fault, VHDX_REASON_header_none_valid,
				      VHDX_HEADER_1_OFFSET, 0);
	if (!valid0)
		*warnings |= 1U << VHDX_WARNING_header_1_damaged;
	if (!valid1)
		*warnings |= 1U << VHDX_WARNING_header_2_damaged;
	if (valid0 && valid1 && current_header->sequence_number == other.sequence_number &&
	    memcmp(&raw[0], &raw[1], sizeof(raw[0])))
		return vhdx_fault_set(fault, VHDX_REASON_header_tie, VHDX_HEADER_1_OFFSET,
				      other.sequence_number);
	*slot = !valid0 || (valid1 && other.sequence_number > current_header->sequence_number);
	if (*slot)
		*current_header = other;
	return VHDX_OK;
}

/**
 * vhdx_header_log_dirty() - must the log be replayed before anything else is read?
 * @header:	the current header
 *
 * Return: true if the log GUID is not null
 */
bool vhdx_header_log_dirty(const struct vhdx_header *header)
{
	return !vhdx_guid_is_null(&header->log_guid);
}

/**
 * vhdx_header_check() - check the current header (rules 4 to 7)
 * @header:	the current header
 * @header_offset: byte offset of that copy in the file, for @fault
 * @file_size:	of the file, in bytes
 * @fault:	filled on failure
 *
 * A dirty log is a state, not a fault.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_header_check(const struct vhdx_header *header, u64 header_offset,
				   u64 file_size, struct vhdx_fault *fault)
{
	bool dirty = vhdx_header_log_dirty(header);
	u64 at = header_offset;

	if (header->version != 1)
		return vhdx_fault_set(fault, VHDX_REASON_header_version, at, header->version);
	if (dirty && header->log_version)
		return vhdx_fault_set(fault, VHDX_REASON_log_version, at, header->log_version);
	if (!header->log_length)
		return dirty ? vhdx_fault_set(fault, VHDX_REASON_log_missing, at, 0) : VHDX_OK;
	if (!vhdx_is_aligned(header->log_length, VHDX_ALIGNMENT))
		return vhdx_fault_set(fault, VHDX_REASON_log_misaligned, at, header->log_length);
	if (!vhdx_is_aligned(header->log_offset, VHDX_ALIGNMENT))
		return vhdx_fault_set(fault, VHDX_REASON_log_misaligned, at, header->log_offset);
	if (header->log_offset < VHDX_HEADER_SECTION_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_log_in_header_section, at,
				      header->log_offset);
	if (!vhdx_range_inside(header->log_offset, header->log_length, file_size))
		return vhdx_fault_set(fault, VHDX_REASON_log_past_eof, at, header->log_offset);
	return VHDX_OK;
}

/* Sequence numbers that must be left: more than the updates of any session */
#define VHDX_HEADER_SPARE_UPDATES 64U

/**
 * vhdx_header_check_writable() - can the image be changed? (rule 50)
 * @header:	its current header, checked
 * @fault:	filled if not
 *
 * A safe change needs a log, and sequence numbers that are left for updates of the header.
 *
 * Return: VHDX_OK, attach_no_log or attach_sequence_max
 */
enum vhdx_reason vhdx_header_check_writable(const struct vhdx_header *header,
					    struct vhdx_fault *fault)
{
	if (!header->log_length)
		return vhdx_fault_set(fault, VHDX_REASON_attach_no_log, 0, 0);
	if (header->sequence_number > (u64)-1 - VHDX_HEADER_SPARE_UPDATES)
		return vhdx_fault_set(fault, VHDX_REASON_attach_sequence_max, 0,
				      header->sequence_number);
	return VHDX_OK;
}
