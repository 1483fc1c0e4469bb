// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "geometry.h"
#include "range.h"

static bool vhdx_is_sector_size(u32 size)
{
	return size == 512 || size == 4096;
}

static u8 vhdx_log2(u64 power_of_two)
{
	u8 shift = 0;

	while (power_of_two >> (shift + 1))
		shift++;
	return shift;
}

/* Rules 30 to 33. Faults have no offset: the values come from several items. */
static enum vhdx_reason vhdx_geometry_check(const struct vhdx_geometry_raw *raw,
					    struct vhdx_fault *fault)
{
	if (raw->block_size < VHDX_MIN_BLOCK_SIZE || raw->block_size > VHDX_MAX_BLOCK_SIZE ||
	    !vhdx_is_aligned(raw->block_size, raw->block_size))
		return vhdx_fault_set(fault, VHDX_REASON_block_size, 0, raw->block_size);
	if (raw->parameter_flags & ~(VHDX_PARAMS_LEAVE_ALLOCATED | VHDX_PARAMS_HAS_PARENT))
		return vhdx_fault_set(fault, VHDX_REASON_parameters_reserved, 0,
				      raw->parameter_flags);
	if (!vhdx_is_sector_size(raw->logical_sector_size))
		return vhdx_fault_set(fault, VHDX_REASON_logical_sector_size, 0,
				      raw->logical_sector_size);
	if (!vhdx_is_sector_size(raw->physical_sector_size))
		return vhdx_fault_set(fault, VHDX_REASON_physical_sector_size, 0,
				      raw->physical_sector_size);
	if (!raw->disk_size)
		return vhdx_fault_set(fault, VHDX_REASON_disk_size_zero, 0, 0);
	if (raw->disk_size > VHDX_MAX_DISK_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_disk_size_too_large, 0, raw->disk_size);
	if (!vhdx_is_aligned(raw->disk_size, raw->logical_sector_size))
		return vhdx_fault_set(fault, VHDX_REASON_disk_size_unaligned, 0, raw->disk_size);
	return VHDX_OK;
}

/**
 * vhdx_geometry_make() - check the sizes of a disk and derive the geometry (2.5, 2.6.2)
 * @g:		filled on success
 * @raw:	values of the metadata items
 * @fault:	filled on failure
 *
 * The BAT has an entry for each payload block, and one for the sector bitmap block behind each full
 * chunk. That of a differencing image ends with the entry of the last bitmap block, whether or not
 * the last chunk is full.
 *
 * Return: VHDX_OK or the reason (rules 30 to 33)
 */
enum vhdx_reason vhdx_geometry_make(struct vhdx_geometry *g,
				    const struct vhdx_geometry_raw *raw,
				    struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_geometry_check(raw, fault);

	if (reason)
		return reason;
	g->disk_size = raw->disk_size;
	g->block_size = raw->block_size;
	g->block_shift = vhdx_log2(raw->block_size);
	g->logical_sector_size = raw->logical_sector_size;
	g->physical_sector_size = raw->physical_sector_size;
	g->leave_allocated = raw->parameter_flags & VHDX_PARAMS_LEAVE_ALLOCATED;
	g->has_parent = raw->parameter_flags & VHDX_PARAMS_HAS_PARENT;
	g->chunk_shift = VHDX_SECTORS_PER_CHUNK_SHIFT + vhdx_log2(raw->logical_sector_size) -
			 g->block_shift;
	g->payload_blocks = ((g->disk_size - 1) >> g->block_shift) + 1;
	g->chunks = ((g->payload_blocks - 1) >> g->chunk_shift) + 1;
	if (g->has_parent)
		g->bat_entries = vhdx_bitmap_index(g, g->chunks - 1) + 1;
	else
		g->bat_entries = vhdx_payload_index(g, g->payload_blocks - 1) + 1;
	return VHDX_OK;
}

/**
 * vhdx_geometry_type_name() - name of the type of an image
 * @geometry:	of the image
 *
 * Return: "differencing", "fixed" or "dynamic". The names are an interface: sysfs, vhdxctl --json
 */
const char *vhdx_geometry_type_name(const struct vhdx_geometry *geometry)
{
	if (geometry->has_parent)
		return "differencing";
	return geometry->leave_allocated ? "fixed" : "dynamic";
}
