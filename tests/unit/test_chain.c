// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Chains: which file may be whose parent, and which chains are refused.
 */
#include "suite.h"

#include "format/chain.h"
#include "format/guid.h"
#include "make.h"

#define ITEM_AT 0x10028
#define NULL_SEED 0		/* make_guid() of it is null */

static struct vhdx_super child, parent;
static struct vhdx_locator locator;
static struct vhdx_fault fault;

static void reset(void)
{
	memset(&child, 0, sizeof(child));
	memset(&parent, 0, sizeof(parent));
	memset(&locator, 0, sizeof(locator));
	child.regions.metadata.offset = IMAGE_METADATA;
	child.items.offset[VHDX_ITEM_PARENT_LOCATOR] = ITEM_AT;
	child.header.data_write_guid = make_guid(1);
	child.header.file_write_guid = make_guid(2);
	child.geometry.logical_sector_size = 512;
	child.geometry.disk_size = 8 * MIB;
	child.geometry.block_size = 2 * MIB;
	child.geometry.has_parent = true;
	parent.header.data_write_guid = make_guid(11);
	parent.header.file_write_guid = make_guid(12);
	parent.header.log_guid = make_guid(13);
	parent.geometry = child.geometry;
	parent.geometry.has_parent = false;
	parent.disk_id = child.disk_id = make_guid(20);
}

struct link {
	const char *claim;
	u32 linkage, linkage2;		/* make_guid() of them; the parent's is 11 */
	bool links;
};

static const struct link links[] = {
	{ "rule 47: the parent's DataWriteGuid links", 11, NULL_SEED, true },
	{ "rule 47: another GUID does not link", 99, NULL_SEED, false },
	{ "rule 47: the parent's FileWriteGuid does not link", 12, NULL_SEED, false },
	{ "rule 47: the parent's LogGuid does not link", 13, NULL_SEED, false },
	{ "rule 47: the Virtual Disk ID that both have does not link", 20, NULL_SEED, false },
	{ "rule 47: the child's own DataWriteGuid does not link", 1, NULL_SEED, false },
	{ "rule 47: the second linkage links, too", 99, 11, true },
	{ "rule 47: either of both is enough", 11, 99, true },
	{ "rule 47: none of two others is", 98, 99, false },
	{ "rule 47: both may be the same", 11, 11, true },
};

static void link_row(void **state)
{
	const struct link *row = *state;
	enum vhdx_reason reason;

	reset();
	locator.linkage = make_guid(row->linkage);
	locator.linkage2 = make_guid(row->linkage2);
	assert_int_equal(vhdx_chain_links(&locator, &parent.header.data_write_guid), row->links);
	reason = vhdx_chain_check(&child, &locator, &parent, &fault);
	assert_int_equal(reason, row->links ? VHDX_OK : VHDX_REASON_parent_mismatch);
	if (row->links)
		return;
	assert_int_equal(fault.reason, VHDX_REASON_parent_mismatch);
	assert_int_equal(fault.offset, IMAGE_METADATA + ITEM_AT);
	assert_true(fault.has_guid);
	assert_true(vhdx_guid_equal(&fault.guid, &parent.header.data_write_guid));
}

/* A second linkage that is null is none, even for a parent whose GUID is. */
static void null_guid(void **state)
{
	(void)state;
	reset();
	parent.header.data_write_guid = make_guid(NULL_SEED);
	locator.linkage = make_guid(11);
	assert_false(vhdx_chain_links(&locator, &parent.header.data_write_guid));
	locator.linkage = make_guid(NULL_SEED);
	assert_true(vhdx_chain_links(&locator, &parent.header.data_write_guid));
}

struct pair {
	const char *claim;
	u32 child_sector, parent_sector;
	enum vhdx_reason reason;
};

static const struct pair pairs[] = {
	{ "rule 48: both with sectors of 512 bytes are accepted", 512, 512 },
	{ "rule 48: both with sectors of 4 KiB are accepted", 4096, 4096 },
	{ "rule 48: a parent with larger sectors is refused", 512, 4096,
	  VHDX_REASON_parent_sector_size },
	{ "rule 48: a parent with smaller sectors is refused", 4096, 512,
	  VHDX_REASON_parent_sector_size },
};

static void pair_row(void **state)
{
	const struct pair *row = *state;

	reset();
	locator.linkage = make_guid(11);
	child.geometry.logical_sector_size = row->child_sector;
	parent.geometry.logical_sector_size = row->parent_sector;
	assert_int_equal(vhdx_chain_check(&child, &locator, &parent, &fault), row->reason);
	if (!row->reason)
		return;
	assert_int_equal(fault.reason, row->reason);
	assert_int_equal(fault.offset, IMAGE_METADATA + ITEM_AT);
	assert_int_equal(fault.value, row->parent_sector);
	/* a parent that is not linked is refused for that first */
	locator.linkage = make_guid(99);
	assert_int_equal(vhdx_chain_check(&child, &locator, &parent, &fault),
			 VHDX_REASON_parent_mismatch);
}

/* All that layers may have of their own */
static void may_differ(void **state)
{
	(void)state;
	reset();
	locator.linkage = make_guid(11);
	parent.geometry.disk_size = MIB;
	parent.geometry.block_size = 256 * MIB;
	parent.geometry.physical_sector_size = 512;
	parent.geometry.leave_allocated = true;
	parent.geometry.has_parent = true;
	parent.disk_id = make_guid(21);
	assert_int_equal(vhdx_chain_check(&child, &locator, &parent, &fault), VHDX_OK);
	parent.geometry.disk_size = TIB;
	assert_int_equal(vhdx_chain_check(&child, &locator, &parent, &fault), VHDX_OK);
}

int main(void)
{
	SUITE_ADD_ROWS(links, link_row);
	suite_add("rule 47: a null second linkage links to no parent", null_guid);
	SUITE_ADD_ROWS(pairs, pair_row);
	suite_add("sizes, block sizes, types and ids of child and parent may differ", may_differ);
	return suite_run("chain");
}
