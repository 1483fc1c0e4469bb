/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What the format core makes of a device: can the image be opened, and where is its data?
 */
#ifndef VHDX_CUTS_IMAGE_H
#define VHDX_CUTS_IMAGE_H

#include "device.h"
#include "format/open.h"
#include "format/overlay.h"

/* Bits of a sector bitmap that are about a MiB of 512-byte sectors, in bytes */
#define UNIT_BITS (DEVICE_UNIT / 512 / 8)

/* In image.places, beside offsets on the device, which are whole MiB */
#define PLACE_ZEROS 0
#define PLACE_PARENT 1		/* as the parent has it */
#define PLACE_MIXED 2		/* added: by sector, there or as the parent has it */

/*
 * struct image - an image, its log replayed in memory
 * @device:	where it is
 * @parent:	all that its parent shows; NULL: it has none
 * @super:	what the core knows of it
 * @max_pages:	room in @overlay
 * @replayed:	entries of the log that had to be replayed
 * @places:	of each MiB of the virtual disk: offset on the device, or PLACE_*
 * @bits:	of each MiB that is mixed: which sectors are on the device
 * @mixed:	room for one that was put together
 * @nr_places:	how many
 * @owners:	of each MiB of the device: block number + 1, or 0; sector bitmap blocks count
 *		from behind the payload blocks
 * @entries:	the BAT
 * @key:	of the versions of all MiB that say how the image is to be read
 * @usable:	@key is known
 */
struct image {
	const struct device *device;
	const u8 *parent;
	struct vhdx_super super;
	struct vhdx_overlay overlay;
	struct vhdx_log_sequence sequence;
	u32 max_pages;
	u32 replayed;
	u64 *places;
	u8 (*bits)[UNIT_BITS];
	u8 *mixed;
	u64 nr_places;
	u32 *owners;
	__le64 *entries;
	u64 key;
	bool usable;
};

/**
 * struct image_fault - why an image is not valid
 * @kind:	the reason's name
 * @text:	in words
 */
struct image_fault {
	const char *kind;
	char text[VHDX_FAULT_TEXT_SIZE + 80];
};

void image_init(struct image *image, const struct device *device, const u8 *parent);
bool image_is_child_of(const struct image *image, const struct image *parent);
bool image_look(struct image *image, struct image_fault *fault);
const u8 *image_unit(struct image *image, u64 unit);
const char *image_part(const struct image *image, u64 offset);

/* Where a MiB of the virtual disk is on the device; 0: nowhere */
static inline u64 image_place(const struct image *image, u64 unit)
{
	return image->places[unit] & ~(u64)(DEVICE_UNIT - 1);
}

#endif /* VHDX_CUTS_IMAGE_H */
