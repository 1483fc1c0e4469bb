// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/identity.h"

/* The words of the sysfs attribute type. */
const char *identity_type_name(const struct vhdx_geometry *geometry)
{
	if (geometry->has_parent)
		return "differencing";
	return geometry->leave_allocated ? "fixed" : "dynamic";
}

/**
 * identity_wwn() - the WWN of a disk, as the sysfs attribute wwn has it
 * @wwn:	filled
 * @disk_id:	Virtual Disk ID
 *
 * Hyper-V gives a guest's SCSI disk an NAA identifier of Microsoft's prefix, then bytes 0
 * to 5 and 10 to 15 of the id as stored.
 *
 * Return: @wwn
 */
const char *identity_wwn(char wwn[IDENTITY_WWN_SIZE], const struct vhdx_guid *disk_id)
{
	int length = sprintf(wwn, "0x60022480");
	int i;

	for (i = 0; i < 16; i++)
		if (i < 6 || i >= 10)
			length += sprintf(wwn + length, "%02x", disk_id->bytes[i]);
	return wwn;
}
