// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The open sequence (2.1 to 2.6). Each step needs the one before.
 *
 *	1. The file is at least as long as the header section.
 *	2. The file type identifier says "vhdxfile".
 *	3. The current header is chosen and checked.		[vhdx_open_headers]
 *	4. If it names a log, the log is replayed. Before that, anything below may be
 *	   incomplete, and is not read.				[the caller, by its reader]
 *	5. Region table: the first valid copy.
 *	6. Metadata table, then the items.
 *	7. Geometry, and whether the BAT is large enough for it. [vhdx_open_tables]
 *
 * BAT entries are not read here, because there may be 67 million of them.
 */
#include "open.h"
#include "range.h"

/* A VHD of version 1 has a footer at its end, and in most cases a copy of it at its start. */
static bool vhdx_looks_like_vhd1(const struct vhdx_reader *reader, void *scratch)
{
	static const char cookie[] = { 'c', 'o', 'n', 'e', 'c', 't', 'i', 'x' };
	struct vhdx_fault ignored;

	if (reader->size < 512)
		return false;
	if (!vhdx_read(reader, 0, scratch, 512, &ignored) &&
	    !memcmp(scratch, cookie, sizeof(cookie)))
		return true;
	return !vhdx_read(reader, reader->size - 512, scratch, 512, &ignored) &&
	       !memcmp(scratch, cookie, sizeof(cookie));
}

/*
 * Check the file type identifier. Only a file without one is checked for being a VHD of version 1,
 * because blocks of a VHDX file may have any contents.
 */
static enum vhdx_reason vhdx_open_identifier(struct vhdx_super *super,
					     const struct vhdx_reader *reader, void *scratch,
					     struct vhdx_fault *fault)
{
	const struct vhdx_disk_identifier *identifier = scratch;
	enum vhdx_reason reason;

	if (reader->size >= VHDX_HEADER_SECTION_SIZE) {
		reason = vhdx_read(reader, 0, scratch, VHDX_PAGE_SIZE, fault);
		if (reason)
			return reason;
		if (vhdx_identifier_valid(identifier)) {
			memcpy(super->creator, identifier->creator, sizeof(super->creator));
			return VHDX_OK;
		}
	}
	if (vhdx_looks_like_vhd1(reader, scratch))
		return vhdx_fault_set(fault, VHDX_REASON_file_is_vhd1, 0, 0);
	if (reader->size < VHDX_HEADER_SECTION_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_file_too_small, 0, reader->size);
	return vhdx_fault_set(fault, VHDX_REASON_file_signature, 0, 0);
}

/**
 * vhdx_open_headers() - steps 1 to 3 of the open sequence
 * @super:	its first half is filled
 * @reader:	the file
 * @scratch:	VHDX_OPEN_SCRATCH_SIZE bytes, aligned to 8
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason. A log that must be replayed is no failure here.
 */
enum vhdx_reason vhdx_open_headers(struct vhdx_super *super, const struct vhdx_reader *reader,
				   void *scratch, struct vhdx_fault *fault)
{
	struct vhdx_disk_header *raw = scratch;
	enum vhdx_reason reason;

	memset(super, 0, sizeof(*super));
	super->file_size = reader->size;
	if (!vhdx_is_aligned(reader->size, VHDX_ALIGNMENT))
		super->warnings |= 1U << VHDX_WARNING_file_size;
	reason = vhdx_open_identifier(super, reader, scratch, fault);
	if (!reason)
		reason = vhdx_read(reader, VHDX_HEADER_1_OFFSET, &raw[0], sizeof(raw[0]), fault);
	if (!reason)
		reason = vhdx_read(reader, VHDX_HEADER_2_OFFSET, &raw[1], sizeof(raw[1]), fault);
	if (!reason)
		reason = vhdx_header_choose(&super->header, &super->header_slot,
					    &super->warnings, raw, fault);
	if (!reason)
		reason = vhdx_header_check(&super->header, super->header_slot ?
					   VHDX_HEADER_2_OFFSET : VHDX_HEADER_1_OFFSET,
					   reader->size, fault);
	return reason;
}

/*
 * Read both region tables, and leave the one to use in @scratch. @scratch has room for one table.
 * So the checksums, which cover all bytes, are compared instead of the tables.
 */
static enum vhdx_reason vhdx_open_region_table(struct vhdx_super *super,
					       const struct vhdx_reader *reader, void *scratch,
					       u64 *offset, struct vhdx_fault *fault)
{
	const u8 *table = scratch;
	enum vhdx_reason reason;
	bool valid1, valid2;
	u8 checksum[4];

	reason = vhdx_read(reader, VHDX_REGION_TABLE_2_OFFSET, scratch,
			   VHDX_REGION_TABLE_SIZE, fault);
	if (reason)
		return reason;
	valid2 = vhdx_region_table_valid(scratch);
	memcpy(checksum, table + 4, sizeof(checksum));
	reason = vhdx_read(reader, VHDX_REGION_TABLE_1_OFFSET, scratch,
			   VHDX_REGION_TABLE_SIZE, fault);
	if (reason)
		return reason;
	valid1 = vhdx_region_table_valid(scratch);
	if (!valid1 && !valid2)
		return vhdx_fault_set(fault, VHDX_REASON_region_none_valid,
				      VHDX_REGION_TABLE_1_OFFSET, 0);
	*offset = valid1 ? VHDX_REGION_TABLE_1_OFFSET : VHDX_REGION_TABLE_2_OFFSET;
	if (!valid2)
		super->warnings |= 1U << VHDX_WARNING_region_2_damaged;
	else if (valid1 && memcmp(checksum, table + 4, sizeof(checksum)))
		super->warnings |= 1U << VHDX_WARNING_region_differ;
	if (valid1)
		return VHDX_OK;
	super->warnings |= 1U << VHDX_WARNING_region_1_damaged;
	return vhdx_read(reader, VHDX_REGION_TABLE_2_OFFSET, scratch,
			 VHDX_REGION_TABLE_SIZE, fault);
}

static enum vhdx_reason vhdx_open_regions(struct vhdx_super *super,
					  const struct vhdx_reader *reader, void *scratch,
					  struct vhdx_fault *fault)
{
	enum vhdx_reason reason;
	u64 table_offset;

	reason = vhdx_open_region_table(super, reader, scratch, &table_offset, fault);
	if (reason)
		return reason;
	super->layout.count = 0;
	vhdx_layout_add(&super->layout, 0, VHDX_HEADER_SECTION_SIZE);
	vhdx_layout_add(&super->layout, super->header.log_offset, super->header.log_length);
	return vhdx_region_table_decode(&super->regions, &super->layout, &super->warnings,
					scratch, table_offset, reader->size, fault);
}

/* Where a mandatory item is read to */
static u8 *vhdx_item_slot(void *scratch, unsigned int item)
{
	return (u8 *)scratch + item * VHDX_ITEM_MANDATORY_MAX_SIZE;
}

static u32 vhdx_item_le32(void *scratch, enum vhdx_item item, unsigned int at)
{
	__le32 value;

	memcpy(&value, vhdx_item_slot(scratch, item) + at, sizeof(value));
	return le32_to_cpu(value);
}

/* The item with the value that vhdx_geometry_make() refuses for @reason */
static enum vhdx_item vhdx_open_refused_item(enum vhdx_reason reason)
{
	switch (reason) {
	case VHDX_REASON_logical_sector_size:
		return VHDX_ITEM_LOGICAL_SECTOR_SIZE;
	case VHDX_REASON_physical_sector_size:
		return VHDX_ITEM_PHYSICAL_SECTOR_SIZE;
	case VHDX_REASON_disk_size_zero:
	case VHDX_REASON_disk_size_too_large:
	case VHDX_REASON_disk_size_unaligned:
		return VHDX_ITEM_DISK_SIZE;
	default:
		return VHDX_ITEM_FILE_PARAMETERS;
	}
}

/* Read the mandatory items, whose lengths vhdx_metadata_table_decode() has checked. */
static enum vhdx_reason vhdx_open_items(struct vhdx_super *super,
					const struct vhdx_reader *reader, void *scratch,
					struct vhdx_fault *fault)
{
	struct vhdx_geometry_raw raw;
	enum vhdx_reason reason;
	unsigned int item;

	for (item = 0; item < VHDX_ITEM_MANDATORY_COUNT; item++) {
		u64 offset = super->regions.metadata.offset + super->items.offset[item];

		reason = vhdx_read(reader, offset, vhdx_item_slot(scratch, item),
				   super->items.length[item], fault);
		if (reason)
			return reason;
	}
	raw.block_size = vhdx_item_le32(scratch, VHDX_ITEM_FILE_PARAMETERS, 0);
	raw.parameter_flags = vhdx_item_le32(scratch, VHDX_ITEM_FILE_PARAMETERS, 4);
	raw.disk_size = vhdx_item_le32(scratch, VHDX_ITEM_DISK_SIZE, 0) |
			(u64)vhdx_item_le32(scratch, VHDX_ITEM_DISK_SIZE, 4) << 32;
	raw.logical_sector_size = vhdx_item_le32(scratch, VHDX_ITEM_LOGICAL_SECTOR_SIZE, 0);
	raw.physical_sector_size = vhdx_item_le32(scratch, VHDX_ITEM_PHYSICAL_SECTOR_SIZE, 0);
	memcpy(&super->disk_id, vhdx_item_slot(scratch, VHDX_ITEM_DISK_ID),
	       sizeof(super->disk_id));
	reason = vhdx_geometry_make(&super->geometry, &raw, fault);
	if (reason)
		fault->offset = super->regions.metadata.offset +
				super->items.offset[vhdx_open_refused_item(reason)];
	return reason;
}

/* Rules 34 and 35: geometry, metadata items and regions must agree. */
static enum vhdx_reason vhdx_open_check(struct vhdx_super *super, struct vhdx_fault *fault)
{
	const struct vhdx_geometry *g = &super->geometry;
	bool locator = vhdx_item_present(&super->items, VHDX_ITEM_PARENT_LOCATOR);
	u64 minimum = vhdx_payload_index(g, g->payload_blocks - 1) + 1;

	if (g->has_parent && !locator)
		return vhdx_fault_set(fault, VHDX_REASON_locator_missing,
				      super->regions.metadata.offset, 0);
	if (!g->has_parent && locator)
		super->warnings |= 1U << VHDX_WARNING_locator_unneeded;
	if (minimum * VHDX_BAT_ENTRY_SIZE > super->regions.bat.length)
		return vhdx_fault_set(fault, VHDX_REASON_bat_too_small,
				      super->regions.bat.offset, super->regions.bat.length);
	return VHDX_OK;
}

/**
 * vhdx_open_tables() - steps 5 to 7 of the open sequence
 * @super:	as vhdx_open_headers() left it; the second half is filled
 * @reader:	of the file with its log replayed, into the file or in memory
 * @scratch:	VHDX_OPEN_SCRATCH_SIZE bytes, aligned to 8
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_open_tables(struct vhdx_super *super, const struct vhdx_reader *reader,
				  void *scratch, struct vhdx_fault *fault)
{
	const struct vhdx_range *metadata = &super->regions.metadata;
	enum vhdx_reason reason;

	super->file_size = reader->size;	/* replay may have made it longer */
	reason = vhdx_open_regions(super, reader, scratch, fault);
	if (!reason)
		reason = vhdx_read(reader, metadata->offset, scratch, VHDX_METADATA_TABLE_SIZE,
				   fault);
	if (!reason)
		reason = vhdx_metadata_table_decode(&super->items, &super->warnings, scratch,
						    metadata->offset, metadata->length, fault);
	if (!reason)
		reason = vhdx_open_items(super, reader, scratch, fault);
	if (!reason)
		reason = vhdx_open_check(super, fault);
	return reason;
}

/**
 * vhdx_open() - the whole open sequence, for a file whose log is empty
 * @super:	filled
 * @reader:	the file
 * @scratch:	VHDX_OPEN_SCRATCH_SIZE bytes, aligned to 8
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason; log_dirty if the log must be replayed (rule 8)
 */
enum vhdx_reason vhdx_open(struct vhdx_super *super, const struct vhdx_reader *reader,
			   void *scratch, struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_open_headers(super, reader, scratch, fault);

	if (!reason && vhdx_header_log_dirty(&super->header))
		reason = vhdx_fault_set_guid(fault, VHDX_REASON_log_dirty,
					     super->header.log_offset, &super->header.log_guid);
	if (!reason)
		reason = vhdx_open_tables(super, reader, scratch, fault);
	return reason;
}

/**
 * vhdx_open_locator() - read and decode the parent locator
 * @super:	of a differencing image, complete
 * @reader:	as for vhdx_open_tables()
 * @scratch:	VHDX_OPEN_SCRATCH_SIZE bytes; has the item afterwards, for its texts
 * @locator:	filled
 * @fault:	filled on failure
 *
 * A locator without any path is accepted here: the caller may know the path of the parent.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_open_locator(const struct vhdx_super *super,
				   const struct vhdx_reader *reader, void *scratch,
				   struct vhdx_locator *locator, struct vhdx_fault *fault)
{
	u32 length = super->items.length[VHDX_ITEM_PARENT_LOCATOR];
	u64 offset = super->regions.metadata.offset +
		     super->items.offset[VHDX_ITEM_PARENT_LOCATOR];
	enum vhdx_reason reason;

	static_assert(VHDX_LOCATOR_MAX_LENGTH <= VHDX_OPEN_SCRATCH_SIZE, "VHDX: scratch");
	if (length > VHDX_LOCATOR_MAX_LENGTH)
		return vhdx_fault_set(fault, VHDX_REASON_locator_too_long, offset, length);
	reason = vhdx_read(reader, offset, scratch, length, fault);
	if (!reason)
		reason = vhdx_locator_decode(locator, scratch, length, offset, fault);
	return reason == VHDX_REASON_locator_no_path ? VHDX_OK : reason;
}

/**
 * vhdx_open_bat_rules() - what BAT entries of an opened file are checked against
 * @super:	complete; must outlive @rules
 * @rules:	filled
 */
void vhdx_open_bat_rules(const struct vhdx_super *super, struct vhdx_bat_rules *rules)
{
	rules->geometry = &super->geometry;
	rules->layout = &super->layout;
	rules->bat_offset = super->regions.bat.offset;
	rules->bat_length = super->regions.bat.length;
	rules->file_size = super->file_size;
}
