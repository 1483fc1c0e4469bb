/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the format core makes of a device: can the image be opened, and where is its data?
 */
#ifndef VHDX_CUTS_IMAGE_H
#define VHDX_CUTS_IMAGE_H

#include "device.h"
#include "format/open.h"
#include "format/overlay.h"

/**
 * struct image - an image, its log replayed in memory
 * @device:	where it is
 * @super:	what the core knows of it
 * @max_pages:	room in @overlay
 * @replayed:	entries of the log that had to be replayed
 * @places:	of each MiB of the virtual disk: offset on the device, or 0: zeros
 * @nr_places:	how many
 * @owners:	of each MiB of the device: block number + 1, or 0
 * @entries:	the BAT
 * @key:	of the versions of all MiB that say how the image is to be read
 * @usable:	@key is known
 */
struct image {
	const struct device *device;
	struct vhdx_super super;
	struct vhdx_overlay overlay;
	struct vhdx_log_sequence sequence;
	u32 max_pages;
	u32 replayed;
	u64 *places;
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

void image_init(struct image *image, const struct device *device);
bool image_look(struct image *image, struct image_fault *fault);
const char *image_part(const struct image *image, u64 offset);

/* The bytes of a MiB of the virtual disk; NULL: zeros */
static inline const u8 *image_unit(const struct image *image, u64 unit)
{
	u64 place = image->places[unit];

	return place ? image->device->bytes + place : NULL;
}

#endif /* VHDX_CUTS_IMAGE_H */
