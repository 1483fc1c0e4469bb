/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * On-disk structures of a VHDX file, byte for byte.
 *
 *	0	 64K	  128K	   192K	    256K     320K	1M
 *	+--------+--------+--------+--------+--------+----------+----- - - -
 *	| file	 | header | header | region | region | reserved | log, BAT, metadata,
 *	| ident. |   1	  |   2	   | table 1| table 2|		| payload and bitmap
 *	+--------+--------+--------+--------+--------+----------+ blocks, free space:
 *								  any order, all 1M aligned
 *
 * All integers are little endian. GUIDs are opaque bytes, except when they are printed. Only the
 * decoders and encoders of this folder access these structures: others use the checked types that
 * they are decoded into. Section numbers are those of MS-VHDX.
 */
#ifndef VHDX_FORMAT_DISK_H
#define VHDX_FORMAT_DISK_H

#include "env.h"

#define VHDX_KIB			1024ULL
#define VHDX_MIB			(1024ULL * VHDX_KIB)
#define VHDX_TIB			(1024ULL * 1024ULL * VHDX_MIB)

/* Granularity of regions, log and blocks in the file, and of the header section. */
#define VHDX_ALIGNMENT			VHDX_MIB
#define VHDX_HEADER_SECTION_SIZE	VHDX_MIB

/* Smallest unit in which metadata is read, cached and logged. */
#define VHDX_PAGE_SIZE			4096U
#define VHDX_PAGE_SHIFT			12

#define VHDX_HEADER_1_OFFSET		(64 * VHDX_KIB)
#define VHDX_HEADER_2_OFFSET		(128 * VHDX_KIB)
#define VHDX_HEADER_SIZE		4096U

#define VHDX_REGION_TABLE_1_OFFSET	(192 * VHDX_KIB)
#define VHDX_REGION_TABLE_2_OFFSET	(256 * VHDX_KIB)
#define VHDX_REGION_TABLE_SIZE		65536U
#define VHDX_REGION_MAX_ENTRIES		2047U

#define VHDX_METADATA_TABLE_SIZE	65536U
#define VHDX_METADATA_MAX_ENTRIES	2047U
#define VHDX_METADATA_MAX_USER_ENTRIES	1024U
#define VHDX_METADATA_MAX_ITEM_SIZE	VHDX_MIB

#define VHDX_MIN_BLOCK_SIZE		VHDX_MIB
#define VHDX_MAX_BLOCK_SIZE		(256 * VHDX_MIB)
#define VHDX_MAX_DISK_SIZE		(64 * VHDX_TIB)

/* One sector bitmap block: 1 MiB, one bit for each logical sector of its chunk (2.5.1). */
#define VHDX_BITMAP_BLOCK_SIZE		VHDX_MIB
#define VHDX_SECTORS_PER_CHUNK_SHIFT	23

struct vhdx_guid {
	u8 bytes[16];
};

/* 2.2.1 File type identifier, at offset 0; written once, before anything else is valid */
struct vhdx_disk_identifier {
	u8 signature[8];		/* "vhdxfile" */
	__le16 creator[256];		/* UTF-16, for diagnosis only */
} __packed;

/* 2.2.2 Header, 4 KiB in a slot of 64 KiB, twice; the newer valid one counts */
struct vhdx_disk_header {
	u8 signature[4];		/* "head" */
	__le32 checksum;		/* CRC-32C of all 4096 bytes, this field as zero */
	__le64 sequence_number;
	struct vhdx_guid file_write_guid;
	struct vhdx_guid data_write_guid;
	struct vhdx_guid log_guid;	/* zero: the log is empty */
	__le16 log_version;
	__le16 version;
	__le32 log_length;
	__le64 log_offset;
	u8 reserved[4016];
} __packed;

/* 2.2.3.1 Region table header */
struct vhdx_disk_region_table {
	u8 signature[4];		/* "regi" */
	__le32 checksum;		/* CRC-32C of the 64 KiB, this field as zero */
	__le32 entry_count;
	__le32 reserved;
} __packed;

/* 2.2.3.2 Region table entry */
struct vhdx_disk_region_entry {
	struct vhdx_guid guid;
	__le64 file_offset;
	__le32 length;
	__le32 flags;			/* bit 0: required */
} __packed;

#define VHDX_REGION_REQUIRED		0x1U

/* 2.6.1.1 Metadata table header, at the start of the metadata region */
struct vhdx_disk_metadata_table {
	u8 signature[8];		/* "metadata" */
	__le16 reserved;
	__le16 entry_count;
	__le32 reserved2[5];
} __packed;

/* 2.6.1.2 Metadata table entry */
struct vhdx_disk_metadata_entry {
	struct vhdx_guid item_id;
	__le32 offset;			/* from the start of the region */
	__le32 length;
	__le32 flags;
	__le32 reserved;
} __packed;

#define VHDX_METADATA_IS_USER		0x1U
#define VHDX_METADATA_IS_VIRTUAL_DISK	0x2U
#define VHDX_METADATA_IS_REQUIRED	0x4U

/* 2.6.2.1 File parameters item */
struct vhdx_disk_file_parameters {
	__le32 block_size;
	__le32 flags;
} __packed;

#define VHDX_PARAMS_LEAVE_ALLOCATED	0x1U	/* a fixed disk */
#define VHDX_PARAMS_HAS_PARENT		0x2U	/* a differencing disk */

/* 2.6.2.6 Parent locator item: header, then entries; texts are UTF-16 anywhere behind */
struct vhdx_disk_locator {
	struct vhdx_guid type;
	__le16 reserved;
	__le16 key_value_count;
} __packed;

/* Limit of this implementation; Windows writes five. */
#define VHDX_LOCATOR_MAX_ENTRIES	256U

struct vhdx_disk_locator_entry {
	__le32 key_offset;		/* both from the start of the item */
	__le32 value_offset;
	__le16 key_length;
	__le16 value_length;
} __packed;

/* 2.3.1.1 Log entry header, at the start of an entry's first sector */
struct vhdx_disk_log_entry {
	u8 signature[4];		/* "loge" */
	__le32 checksum;		/* CRC-32C of the entry, this field as zero */
	__le32 entry_length;		/* bytes, whole sectors */
	__le32 tail;			/* offset in the ring */
	__le64 sequence_number;
	__le32 descriptor_count;
	__le32 reserved;
	struct vhdx_guid log_guid;
	__le64 flushed_file_offset;
	__le64 last_file_offset;
} __packed;

/* 2.3.1.3 Data descriptor; has twelve bytes of the page, see the data sector */
struct vhdx_disk_log_data {
	u8 signature[4];		/* "desc" */
	u8 trailing[4];
	u8 leading[8];
	__le64 file_offset;
	__le64 sequence_number;
} __packed;

/* 2.3.1.2 Zero descriptor */
struct vhdx_disk_log_zero {
	u8 signature[4];		/* "zero" */
	__le32 reserved;
	__le64 length;
	__le64 file_offset;
	__le64 sequence_number;
} __packed;

/* 2.3.1.4 Data sector: a page whose ends are replaced by fields that reveal a torn write */
struct vhdx_disk_log_sector {
	u8 signature[4];		/* "data" */
	__le32 sequence_high;
	u8 data[4084];
	__le32 sequence_low;
} __packed;

#define VHDX_LOG_SECTOR_SIZE		4096U
#define VHDX_LOG_DESCRIPTOR_SIZE	32U

#define VHDX_CHECK_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), "VHDX: sizeof(struct " #type ")")
#define VHDX_CHECK_OFFSET(type, member, at) \
	static_assert(offsetof(struct type, member) == (at), \
		      "VHDX: offsetof(struct " #type ", " #member ")")

VHDX_CHECK_SIZE(vhdx_guid, 16);
VHDX_CHECK_SIZE(vhdx_disk_identifier, 520);
VHDX_CHECK_OFFSET(vhdx_disk_identifier, creator, 8);
VHDX_CHECK_SIZE(vhdx_disk_header, 4096);
VHDX_CHECK_OFFSET(vhdx_disk_header, checksum, 4);
VHDX_CHECK_OFFSET(vhdx_disk_header, sequence_number, 8);
VHDX_CHECK_OFFSET(vhdx_disk_header, file_write_guid, 16);
VHDX_CHECK_OFFSET(vhdx_disk_header, data_write_guid, 32);
VHDX_CHECK_OFFSET(vhdx_disk_header, log_guid, 48);
VHDX_CHECK_OFFSET(vhdx_disk_header, log_version, 64);
VHDX_CHECK_OFFSET(vhdx_disk_header, version, 66);
VHDX_CHECK_OFFSET(vhdx_disk_header, log_length, 68);
VHDX_CHECK_OFFSET(vhdx_disk_header, log_offset, 72);
VHDX_CHECK_SIZE(vhdx_disk_region_table, 16);
VHDX_CHECK_OFFSET(vhdx_disk_region_table, checksum, 4);
VHDX_CHECK_OFFSET(vhdx_disk_region_table, entry_count, 8);
VHDX_CHECK_SIZE(vhdx_disk_region_entry, 32);
VHDX_CHECK_OFFSET(vhdx_disk_region_entry, file_offset, 16);
VHDX_CHECK_OFFSET(vhdx_disk_region_entry, length, 24);
VHDX_CHECK_OFFSET(vhdx_disk_region_entry, flags, 28);
VHDX_CHECK_SIZE(vhdx_disk_metadata_table, 32);
VHDX_CHECK_OFFSET(vhdx_disk_metadata_table, entry_count, 10);
VHDX_CHECK_SIZE(vhdx_disk_metadata_entry, 32);
VHDX_CHECK_OFFSET(vhdx_disk_metadata_entry, offset, 16);
VHDX_CHECK_OFFSET(vhdx_disk_metadata_entry, length, 20);
VHDX_CHECK_OFFSET(vhdx_disk_metadata_entry, flags, 24);
VHDX_CHECK_SIZE(vhdx_disk_file_parameters, 8);
VHDX_CHECK_SIZE(vhdx_disk_locator, 20);
VHDX_CHECK_OFFSET(vhdx_disk_locator, key_value_count, 18);
VHDX_CHECK_SIZE(vhdx_disk_locator_entry, 12);
VHDX_CHECK_OFFSET(vhdx_disk_locator_entry, key_length, 8);
VHDX_CHECK_SIZE(vhdx_disk_log_entry, 64);
VHDX_CHECK_OFFSET(vhdx_disk_log_entry, entry_length, 8);
VHDX_CHECK_OFFSET(vhdx_disk_log_entry, sequence_number, 16);
VHDX_CHECK_OFFSET(vhdx_disk_log_entry, descriptor_count, 24);
VHDX_CHECK_OFFSET(vhdx_disk_log_entry, log_guid, 32);
VHDX_CHECK_OFFSET(vhdx_disk_log_entry, flushed_file_offset, 48);
VHDX_CHECK_SIZE(vhdx_disk_log_data, 32);
VHDX_CHECK_OFFSET(vhdx_disk_log_data, leading, 8);
VHDX_CHECK_OFFSET(vhdx_disk_log_data, file_offset, 16);
VHDX_CHECK_SIZE(vhdx_disk_log_zero, 32);
VHDX_CHECK_OFFSET(vhdx_disk_log_zero, length, 8);
VHDX_CHECK_OFFSET(vhdx_disk_log_zero, file_offset, 16);
VHDX_CHECK_SIZE(vhdx_disk_log_sector, 4096);
VHDX_CHECK_OFFSET(vhdx_disk_log_sector, sequence_low, 4092);

#endif /* VHDX_FORMAT_DISK_H */
