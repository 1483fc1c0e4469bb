/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The device under an image, as a power cut may have left it.
 *
 * What is durable is there for good. Writes after the last flush are put on top and taken
 * away again, so that no state costs more than what it differs by. Each MiB has a version,
 * which follows from all that was written to it: same version, same contents.
 */
#ifndef VHDX_CUTS_DEVICE_H
#define VHDX_CUTS_DEVICE_H

#include "recording.h"

#define DEVICE_UNIT_SHIFT 20
#define DEVICE_UNIT (1U << DEVICE_UNIT_SHIFT)

/*
 * struct undo - what was there before a write
 * @saved:	offset of its bytes in device.saved; the versions of its MiB follow them
 */
struct undo {
	u64 offset;
	u64 length;
	u64 saved;
};

/*
 * struct device - a device
 * @bytes:	what it holds now
 * @size:	in bytes
 * @versions:	of each MiB
 * @undos:	one for each write on top
 * @nr_undos:	how many
 * @saved:	bytes for @undos
 * @nr_saved:	how many
 */
struct device {
	u8 *bytes;
	u64 size;
	u64 *versions;
	struct undo *undos;
	u64 nr_undos, max_undos;
	u8 *saved;
	u64 nr_saved, max_saved;
};

void device_open(struct device *device, const char *path);
void device_part(struct device *part, const struct device *whole, u64 offset, u64 size);
void device_write(struct device *device, const struct entry *entry, u64 number);
void device_write_torn(struct device *device, const struct entry *entry, u64 number,
		       u64 *chance);
void device_take_back(struct device *device);
void device_keep(struct device *device);
void device_save(const struct device *device, const char *path);

/* One number for several, different if one of them is */
static inline u64 device_mix(u64 a, u64 b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
	return a ^ a >> 29;
}

#endif /* VHDX_CUTS_DEVICE_H */
