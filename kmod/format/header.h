/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The file type identifier and the two headers.
 */
#ifndef VHDX_FORMAT_HEADER_H
#define VHDX_FORMAT_HEADER_H

#include "reason.h"

/**
 * struct vhdx_header - a header with valid signature and checksum
 * @sequence_number:	larger is newer
 * @file_write_guid:	changes with every session that changes the file
 * @data_write_guid:	changes before data of the disk change
 * @log_guid:		names the entries of the log to replay; null if there are none
 * @version:		format version, 1
 * @log_version:	meaningful only if @log_guid is not null
 * @log_offset:		byte offset of the log in the file, a multiple of 1 MiB
 * @log_length:		bytes, a multiple of 1 MiB; may be 0 if @log_guid is null
 */
struct vhdx_header {
	u64 sequence_number;
	struct vhdx_guid file_write_guid;
	struct vhdx_guid data_write_guid;
	struct vhdx_guid log_guid;
	u16 version;
	u16 log_version;
	u64 log_offset;
	u32 log_length;
};

bool vhdx_identifier_valid(const struct vhdx_disk_identifier *raw);
void vhdx_identifier_encode(struct vhdx_disk_identifier *raw, const char *creator);
bool vhdx_header_decode(struct vhdx_header *header, const struct vhdx_disk_header *raw);
void vhdx_header_encode(struct vhdx_disk_header *raw, const struct vhdx_header *header);
u64 vhdx_header_next(struct vhdx_disk_header *raw, struct vhdx_header *header,
		     unsigned int *slot);
enum vhdx_reason vhdx_header_choose(struct vhdx_header *current_header, unsigned int *slot,
				    u32 *warnings, const struct vhdx_disk_header raw[2],
				    struct vhdx_fault *fault);
enum vhdx_reason vhdx_header_check(const struct vhdx_header *header, u64 header_offset,
				   u64 file_size, struct vhdx_fault *fault);
bool vhdx_header_log_dirty(const struct vhdx_header *header);
enum vhdx_reason vhdx_header_check_writable(const struct vhdx_header *header,
					    struct vhdx_fault *fault);

#endif /* VHDX_FORMAT_HEADER_H */
