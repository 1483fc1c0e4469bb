// SPDX-License-Identifier: GPL-2.0-or-later
#include "vhd1.h"

#include <endian.h>

#include "imagefile.h"
#include "memory.h"

#define VHD1_FOOTER_SIZE	512U
#define VHD1_CURRENT_SIZE	48	/* big endian, bytes of the disk */
#define VHD1_DISK_TYPE		60	/* big endian */
#define VHD1_TYPE_FIXED		2U

static bool read_footer(const struct image_file *file, u8 *footer)
{
	u64 size = file->reader.size;

	return size >= VHD1_FOOTER_SIZE &&
	       image_file_read(file, size - VHD1_FOOTER_SIZE, footer, VHD1_FOOTER_SIZE) &&
	       !memcmp(footer, "conectix", 8);
}

/**
 * vhd1_advice() - how to get at the disk in a VHD without us
 * @file:	a VHD
 * @text:	what to say first
 *
 * A fixed VHD is a raw disk with 512 bytes behind it, so the loop driver can do it.
 *
 * Return: @text and the advice, to be freed
 */
char *vhd1_advice(const struct image_file *file, const char *text)
{
	u8 footer[VHD1_FOOTER_SIZE];
	u64 size;
	u32 type;

	if (!read_footer(file, footer))
		return xasprintf("%s; use qemu-img -f vpc or qemu-nbd -f vpc", text);
	memcpy(&size, footer + VHD1_CURRENT_SIZE, sizeof(size));
	memcpy(&type, footer + VHD1_DISK_TYPE, sizeof(type));
	if (be32toh(type) != VHD1_TYPE_FIXED)
		return xasprintf("%s; use qemu-img -f vpc or qemu-nbd -f vpc", text);
	return xasprintf("%s; it is a fixed one: losetup --sizelimit %llu -rfP --show %s", text,
			 (unsigned long long)be64toh(size), file->path);
}
