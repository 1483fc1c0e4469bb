// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/* Opening a whole image; for the input see sparse.h. */
#include "format/chain.h"
#include "format/guid.h"
#include "sparse.h"

/* Only pages that were given: the others are zero, which is always right. */
static void walk_bat(const struct vhdx_super *super)
{
	struct vhdx_bat_rules rules;
	u32 i, j;

	vhdx_open_bat_rules(super, &rules);
	for (i = 0; i < sparse_page_count; i++) {
		u64 at = (u64)sparse_pages[i].number << VHDX_PAGE_SHIFT;
		u8 page[VHDX_PAGE_SIZE] = { 0 };

		if (!vhdx_range_inside(at - super->regions.bat.offset, VHDX_PAGE_SIZE,
				       super->regions.bat.length))
			continue;
		memcpy(page, sparse_pages[i].bytes, sparse_pages[i].length);
		for (j = 0; j < VHDX_BAT_ENTRIES_PER_PAGE; j++) {
			__le64 entry;

			memcpy(&entry, page + j * sizeof(entry), sizeof(entry));
			claim_entry(&rules, (at - super->regions.bat.offset) / sizeof(entry) + j,
				    le64_to_cpu(entry));
		}
	}
}

/* An image whose locator passes is the child of the parent that it names, and of no other. */
static void claim_chain(const struct vhdx_super *super, const struct vhdx_locator *locator)
{
	static struct vhdx_super parent;
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	parent = *super;
	reason = vhdx_chain_check(super, locator, &parent, &fault);
	claim_fault(reason, &fault);
	CLAIM(!reason == vhdx_chain_links(locator, &super->header.data_write_guid));
	CLAIM(!reason || reason == VHDX_REASON_parent_mismatch);
	parent.header.data_write_guid = locator->linkage;
	CLAIM(!vhdx_chain_check(super, locator, &parent, &fault));
	parent.geometry.logical_sector_size ^= 512 ^ 4096;
	reason = vhdx_chain_check(super, locator, &parent, &fault);
	CLAIM(reason == VHDX_REASON_parent_sector_size);
	claim_fault(reason, &fault);
	parent.header.data_write_guid = locator->linkage2;
	parent.header.data_write_guid.bytes[7] ^= 1;
	CLAIM(vhdx_guid_equal(&parent.header.data_write_guid, &locator->linkage) ||
	      vhdx_chain_check(super, locator, &parent, &fault) == VHDX_REASON_parent_mismatch);
}

static void walk_locator(const struct vhdx_super *super, const struct vhdx_reader *reader,
			 void *scratch)
{
	u32 length = super->items.length[VHDX_ITEM_PARENT_LOCATOR];
	struct vhdx_locator locator;
	struct vhdx_fault fault;
	enum vhdx_reason reason;
	u8 *item;

	if (!vhdx_item_present(&super->items, VHDX_ITEM_PARENT_LOCATOR))
		return;
	reason = vhdx_open_locator(super, reader, scratch, &locator, &fault);
	claim_fault(reason, &fault);
	CLAIM((reason == VHDX_REASON_locator_too_long) == (length > VHDX_OPEN_SCRATCH_SIZE));
	CLAIM(reason != VHDX_REASON_locator_no_path && reason != VHDX_REASON_read_failed &&
	      reason != VHDX_REASON_read_short);
	if (length > VHDX_OPEN_SCRATCH_SIZE)
		return;
	/* again, with nothing behind it that could be read by mistake */
	item = malloc(length + 1);
	CLAIM(item);
	memcpy(item, scratch, length);
	claim_locator(item, length);
	free(item);
	if (!reason)
		claim_chain(super, &locator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];
	static struct vhdx_super super;
	struct input input = { data, size };
	struct vhdx_reader reader = { .read = sparse_read };
	struct vhdx_fault fault;
	enum vhdx_reason reason;

	sparse_take(&input);
	reader.size = sparse_file_size;
	reason = vhdx_open(&super, &reader, scratch, &fault);
	/* a dirty log: go on as if it had been replayed */
	if (reason == VHDX_REASON_log_dirty)
		reason = vhdx_open_tables(&super, &reader, scratch, &fault);
	claim_fault(reason, &fault);
	CLAIM(reason != VHDX_REASON_read_failed && reason != VHDX_REASON_read_short);
	if (reason)
		return 0;
	CLAIM(super.file_size == sparse_file_size);
	CLAIM(super.header_slot < 2);
	CLAIM(super.warnings < 1U << VHDX_WARNING_COUNT);
	claim_layout(&super.layout);
	claim_items(&super.items, super.regions.metadata.length);
	claim_geometry(&super.geometry);
	CLAIM((vhdx_payload_index(&super.geometry, super.geometry.payload_blocks - 1) + 1) *
	      VHDX_BAT_ENTRY_SIZE <= super.regions.bat.length);
	CLAIM(!super.geometry.has_parent ||
	      vhdx_item_present(&super.items, VHDX_ITEM_PARENT_LOCATOR));
	walk_bat(&super);
	walk_locator(&super, &reader, scratch);
	return 0;
}
