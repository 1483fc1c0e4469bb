// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "chain.h"
#include "guid.h"

/**
 * vhdx_chain_links() - does a parent locator name a candidate?
 * @locator:	of the child
 * @data_guid:	DataWriteGuid of the candidate's current header
 *
 * Either linkage may match. The second one is null except while a merge changes the DataWriteGuid
 * of the parent.
 *
 * Return: true if one of the linkages is @data_guid
 */
bool vhdx_chain_links(const struct vhdx_locator *locator, const struct vhdx_guid *data_guid)
{
	if (vhdx_guid_equal(&locator->linkage, data_guid))
		return true;
	return !vhdx_guid_is_null(&locator->linkage2) &&
	       vhdx_guid_equal(&locator->linkage2, data_guid);
}

/**
 * vhdx_chain_check() - can one file be the parent of another? (2.6.2.6.3, rules 47 and 48)
 * @child:	differencing image, opened
 * @locator:	its parent locator
 * @parent:	candidate, opened
 * @fault:	filled on failure
 *
 * Sizes may differ: behind the end of a shorter parent, the disk reads as zeros.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_chain_check(const struct vhdx_super *child,
				  const struct vhdx_locator *locator,
				  const struct vhdx_super *parent, struct vhdx_fault *fault)
{
	u64 at = child->regions.metadata.offset + child->items.offset[VHDX_ITEM_PARENT_LOCATOR];

	if (!vhdx_chain_links(locator, &parent->header.data_write_guid))
		return vhdx_fault_set_guid(fault, VHDX_REASON_parent_mismatch, at,
					   &parent->header.data_write_guid);
	if (child->geometry.logical_sector_size != parent->geometry.logical_sector_size)
		return vhdx_fault_set(fault, VHDX_REASON_parent_sector_size, at,
				      parent->geometry.logical_sector_size);
	return VHDX_OK;
}
