/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Reasons why an image, a block of it or an attach is refused. The kernel log, the ioctl, vhdxctl,
 * the unit tests and the bad images of the tests (one image for each reason) share this list.
 */
#ifndef VHDX_FORMAT_REASON_H
#define VHDX_FORMAT_REASON_H

#include "disk.h"

/* Kind of a reason; the module and the tool map these to their own error numbers. */
enum vhdx_class {
	VHDX_CLASS_NONE,
	VHDX_CLASS_NOT_VHDX,		/* some other kind of file */
	VHDX_CLASS_CORRUPT,		/* a rule of the format is broken */
	VHDX_CLASS_TRUNCATED,		/* the file ends before something it needs */
	VHDX_CLASS_UNSUPPORTED,		/* perhaps valid, but not supported */
	VHDX_CLASS_REPLAY,		/* the log must be replayed first */
	VHDX_CLASS_PARENT,		/* parent missing or not the right one */
	VHDX_CLASS_IO,			/* the file could not be read */
	VHDX_CLASS_ARGUMENT,		/* the request is invalid */
	VHDX_CLASS_BUSY,		/* in use, by another disk or program */
};

/*
 * x(number, name, class, text)
 *
 * The numbers are part of the ioctl interface: they are never changed or reused; a new one is
 * appended to its hundred. The names are also the file names of the bad images in the tests.
 */
#define VHDX_REASONS(x) \
	/* file type identifier: rule 1 */ \
	x(101, file_too_small, NOT_VHDX, "file: shorter than the 1 MiB header section") \
	x(102, file_signature, NOT_VHDX, "file: no \"vhdxfile\" signature at offset 0") \
	x(103, file_is_vhd1, NOT_VHDX, "file: this is a VHD (version 1) image, not VHDX") \
	/* headers: rules 2-4 */ \
	x(111, header_none_valid, CORRUPT, "header: no copy has a valid signature and checksum") \
	x(112, header_tie, CORRUPT, "header: two different copies have the same sequence number") \
	x(113, header_version, UNSUPPORTED, "header: unknown format version") \
	/* log: rules 5-8 */ \
	x(201, log_version, UNSUPPORTED, "log: unknown version of a log that must be replayed") \
	x(202, log_misaligned, CORRUPT, "log: offset or length is no multiple of 1 MiB") \
	x(203, log_in_header_section, CORRUPT, "log: overlaps the header section") \
	x(204, log_past_eof, TRUNCATED, "log: lies beyond the end of the file") \
	x(205, log_missing, CORRUPT, "log: must be replayed but has length zero") \
	x(206, log_dirty, REPLAY, "log: contains changes that must be replayed first") \
	/* log to be replayed: rules 9-12 */ \
	x(207, log_too_large, UNSUPPORTED, "log: larger than 1 GiB") \
	x(208, log_no_sequence, CORRUPT, "log: must be replayed but holds no complete sequence of entries") \
	x(209, log_file_truncated, TRUNCATED, "log: file is shorter than when the log was written") \
	x(210, log_file_size, CORRUPT, "log: needs a file larger than 256 TiB") \
	x(211, log_target_protected, CORRUPT, "log: would change the headers or the log itself") \
	x(212, log_target_range, CORRUPT, "log: would change data beyond the end of the file") \
	x(213, log_too_many_changes, UNSUPPORTED, "log: more zeroed ranges than can be kept in memory") \
	x(214, log_payload_changed, CORRUPT, "log: would change a payload block, which is not allowed") \
	x(215, log_write_failed, IO, "log: replay into the file failed") \
	/* region table: rules 13-19 */ \
	x(301, region_none_valid, CORRUPT, "region table: no copy has a valid signature and checksum") \
	x(302, region_count, CORRUPT, "region table: more than 2047 entries") \
	x(303, region_duplicate, CORRUPT, "region table: a region is listed twice") \
	x(304, region_misaligned, CORRUPT, "region table: offset or length is no multiple of 1 MiB") \
	x(305, region_in_header_section, CORRUPT, "region table: a region overlaps the header section") \
	x(306, region_empty, CORRUPT, "region table: a region has length zero") \
	x(307, region_range, CORRUPT, "region table: a region ends beyond any possible file") \
	x(308, region_overlap, CORRUPT, "region table: two regions overlap, or one overlaps the log") \
	x(309, region_past_eof, TRUNCATED, "region table: a region lies beyond the end of the file") \
	x(310, region_unknown_required, UNSUPPORTED, "region table: unknown required region") \
	x(311, region_bat_missing, CORRUPT, "region table: no BAT region") \
	x(312, region_metadata_missing, CORRUPT, "region table: no metadata region") \
	/* metadata table: rules 21-28 */ \
	x(401, metadata_signature, CORRUPT, "metadata: no \"metadata\" signature") \
	x(402, metadata_count, CORRUPT, "metadata: more than 2047 entries") \
	x(403, metadata_user_count, CORRUPT, "metadata: more than 1024 user entries") \
	x(404, metadata_null_id, CORRUPT, "metadata: item without an id") \
	x(405, metadata_duplicate, CORRUPT, "metadata: an item is listed twice") \
	x(406, metadata_item_size, CORRUPT, "metadata: item longer than 1 MiB") \
	x(407, metadata_item_offset, CORRUPT, "metadata: item offset does not fit its length") \
	x(408, metadata_item_outside, CORRUPT, "metadata: item ends beyond its region") \
	x(409, metadata_item_overlap, CORRUPT, "metadata: two items overlap") \
	x(410, metadata_unknown_required, UNSUPPORTED, "metadata: unknown required item") \
	x(411, metadata_incomplete_file, CORRUPT, "metadata: creation of this file was never finished") \
	x(412, metadata_item_missing, CORRUPT, "metadata: mandatory item is missing") \
	x(413, metadata_item_length, CORRUPT, "metadata: item has the wrong length") \
	/* known items: rules 30-35 */ \
	x(421, block_size, CORRUPT, "file parameters: block size is no power of two from 1 MiB to 256 MiB") \
	x(422, parameters_reserved, UNSUPPORTED, "file parameters: unknown flag") \
	x(423, logical_sector_size, CORRUPT, "logical sector size: neither 512 nor 4096") \
	x(424, physical_sector_size, CORRUPT, "physical sector size: neither 512 nor 4096") \
	x(425, disk_size_zero, CORRUPT, "virtual disk size: zero") \
	x(426, disk_size_unaligned, CORRUPT, "virtual disk size: no multiple of the logical sector size") \
	x(427, disk_size_too_large, CORRUPT, "virtual disk size: larger than 64 TiB") \
	x(428, locator_missing, CORRUPT, "parent locator: missing in a differencing image") \
	x(429, bat_too_small, CORRUPT, "BAT: region too small for the virtual disk size") \
	/* BAT entries: rules 37-43 */ \
	x(501, payload_state, CORRUPT, "BAT: payload block in a reserved state") \
	x(502, payload_partial_without_parent, CORRUPT, "BAT: payload block partially present without a parent") \
	x(503, payload_partial_without_bitmap, CORRUPT, "BAT: payload block partially present without its sector bitmap") \
	x(504, payload_in_header_section, CORRUPT, "BAT: payload block inside the header section") \
	x(505, payload_past_eof, TRUNCATED, "BAT: payload block beyond the end of the file") \
	x(506, payload_overlap, CORRUPT, "BAT: payload block overlaps the log or a region") \
	x(507, bitmap_state, CORRUPT, "BAT: sector bitmap block in a reserved state") \
	x(508, bitmap_in_header_section, CORRUPT, "BAT: sector bitmap block inside the header section") \
	x(509, bitmap_past_eof, TRUNCATED, "BAT: sector bitmap block beyond the end of the file") \
	x(510, bitmap_overlap, CORRUPT, "BAT: sector bitmap block overlaps the log or a region") \
	x(511, payload_duplicate, CORRUPT, "BAT: two payload blocks at the same place") \
	x(512, block_overlap, CORRUPT, "BAT: block overlaps another block") \
	/* parent locator: rules 45-46 */ \
	x(601, locator_short, CORRUPT, "parent locator: item too short for its entries") \
	x(602, locator_type, UNSUPPORTED, "parent locator: unknown locator type") \
	x(603, locator_empty, CORRUPT, "parent locator: no entries") \
	x(604, locator_text_range, CORRUPT, "parent locator: key or value empty, odd or outside the item") \
	x(605, locator_text, CORRUPT, "parent locator: key or value is not valid UTF-16 without NUL") \
	x(606, locator_duplicate, CORRUPT, "parent locator: a key appears twice") \
	x(607, locator_linkage, CORRUPT, "parent locator: parent_linkage missing or no GUID") \
	x(608, locator_no_path, CORRUPT, "parent locator: no path to the parent") \
	x(609, locator_count, CORRUPT, "parent locator: more than 256 entries") \
	x(610, locator_too_long, UNSUPPORTED, "parent locator: longer than 64 KiB") \
	/* chain: rules 47-49 */ \
	x(702, parent_missing, PARENT, "differencing image: its parent is missing") \
	x(703, parent_mismatch, PARENT, "differencing image: the parent is another disk, or was changed after the image was created") \
	x(704, parent_sector_size, PARENT, "differencing image: the parent has another logical sector size") \
	x(705, parent_unneeded, ARGUMENT, "attach: the image has no parent, but one was given") \
	x(706, parent_duplicate, PARENT, "differencing image: a file is in its chain twice") \
	x(707, parent_depth, PARENT, "differencing image: more than 256 files in its chain") \
	/* reading the file */ \
	x(801, read_failed, IO, "file: read failed") \
	x(802, read_short, IO, "file: read ended early") \
	/* attaching: the image is fine, the request is not */ \
	x(901, attach_not_a_file, ARGUMENT, "attach: neither a regular file nor a block device") \
	x(902, attach_unreadable, ARGUMENT, "attach: file is not open for reading") \
	x(905, attach_open_for_writing, BUSY, "attach: file is open for writing elsewhere") \
	x(908, attach_index_taken, BUSY, "attach: disk number is taken") \
	x(909, attach_file_count, ARGUMENT, "attach: wrong number of files") \
	x(911, detach_in_use, BUSY, "detach: disk is open") \
	x(912, detach_unknown, ARGUMENT, "detach: no such disk") \
	x(913, attach_flags, ARGUMENT, "attach: unknown flag") \
	x(914, attach_unwritable, ARGUMENT, "attach: file is not open for writing") \
	x(915, attach_attached, BUSY, "attach: file is already attached read-write") \
	x(916, attach_no_log, UNSUPPORTED, "attach: the image has no log, so it cannot be changed safely") \
	x(917, attach_sequence_max, UNSUPPORTED, "attach: the header's sequence number is too close to its maximum") \
	x(918, detach_unwritten, IO, "detach: the disk is removed, but data written after its last flush may be lost") \
	x(919, attach_in_use, BUSY, "attach: file is already attached, or is a parent of an attached image") \
	x(920, snapshot_read_only, ARGUMENT, "snapshot: the disk is read-only") \
	x(921, snapshot_geometry, ARGUMENT, "snapshot: the child differs from the disk in size, block size, sector size or disk id") \
	x(922, snapshot_on_itself, ARGUMENT, "snapshot: the child's file is on the disk itself") \
	x(923, detach_busy, BUSY, "detach: a snapshot of the disk is in progress") \
	x(928, detach_log_left, IO, "detach: the disk is removed; all written data is safe in the image's log, but not all of it is in its final place") \
	x(930, attach_far_out, UNSUPPORTED, "attach: the file has data far beyond the space that the disk can need") \
	x(940, detach_pending, BUSY, "detach: the disk is dead, but its backing file does not respond; the disk is removed when the file does") \
	x(941, detached_meanwhile, BUSY, "disk: detached by force in the meantime")

/*
 * enum vhdx_reason - what exactly is wrong; VHDX_OK (zero) means nothing is
 */
enum vhdx_reason {
	VHDX_OK = 0,
#define VHDX_REASON_ENUM(number, name, class, text) VHDX_REASON_##name = (number),
	VHDX_REASONS(VHDX_REASON_ENUM)
#undef VHDX_REASON_ENUM
};

/*
 * x(name, text): deviations that do no harm. The image is used; `vhdxctl info` lists them.
 */
#define VHDX_WARNINGS(x) \
	x(header_1_damaged, "header 1 is damaged, header 2 is used") \
	x(header_2_damaged, "header 2 is damaged, header 1 is used") \
	x(region_1_damaged, "region table 1 is damaged, region table 2 is used") \
	x(region_2_damaged, "region table 2 is damaged, region table 1 is used") \
	x(region_differ, "the two region tables differ, table 1 is used") \
	x(region_reserved, "region table: reserved field is not zero") \
	x(metadata_reserved, "metadata table: reserved field is not zero") \
	x(metadata_flags, "metadata: item with unusual flags") \
	x(locator_unneeded, "parent locator in an image without a parent") \
	x(file_size, "file size is no multiple of 1 MiB") \
	x(region_beyond, "region table: a region that is neither known nor required lies beyond the end of the file")

enum vhdx_warning {
#define VHDX_WARNING_ENUM(name, text) VHDX_WARNING_##name,
	VHDX_WARNINGS(VHDX_WARNING_ENUM)
#undef VHDX_WARNING_ENUM
	VHDX_WARNING_COUNT
};

static_assert(VHDX_WARNING_COUNT <= 32, "VHDX: warnings are a bit set of 32");

/**
 * struct vhdx_fault - a reason with the place and the value that show it
 * @reason:	what is wrong
 * @has_guid:	@guid is set
 * @offset:	byte offset in the file of the offending structure
 * @value:	the offending value; its meaning follows from @reason
 * @guid:	the item or region concerned, if @has_guid
 */
struct vhdx_fault {
	enum vhdx_reason reason;
	bool has_guid;
	u64 offset;
	u64 value;
	struct vhdx_guid guid;
};

/* Enough for the longest text with place, value and GUID. */
#define VHDX_FAULT_TEXT_SIZE 192

enum vhdx_reason vhdx_fault_set(struct vhdx_fault *fault, enum vhdx_reason reason,
				u64 offset, u64 value);
enum vhdx_reason vhdx_fault_set_guid(struct vhdx_fault *fault, enum vhdx_reason reason,
				     u64 offset, const struct vhdx_guid *guid);
const char *vhdx_fault_text(const struct vhdx_fault *fault, char *buf, unsigned int size);

const char *vhdx_reason_name(enum vhdx_reason reason);
const char *vhdx_reason_text(enum vhdx_reason reason);
enum vhdx_class vhdx_reason_class(enum vhdx_reason reason);
const char *vhdx_warning_name(enum vhdx_warning warning);
const char *vhdx_warning_text(enum vhdx_warning warning);

#endif /* VHDX_FORMAT_REASON_H */
