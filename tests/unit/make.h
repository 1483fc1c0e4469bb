/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Structures of the format, made in memory: right, until a test changes them.
 */
#ifndef VHDX_TEST_MAKE_H
#define VHDX_TEST_MAKE_H

#include "format/open.h"

#define MIB VHDX_MIB
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

/* A GUID that is none of the known ones, different for each @number but 0, which is null */
struct vhdx_guid make_guid(u32 number);

/* Put the right checksum in. */
void stamp(void *structure, u32 length);

/* A valid header with a log of 1 MiB at 1 MiB. */
void make_header(struct vhdx_disk_header *header, u64 sequence_number);

/* Append to a region table of VHDX_REGION_TABLE_SIZE bytes, zero at first; not stamped. */
void add_region(void *table, const struct vhdx_guid *guid, u64 offset, u32 length, u32 flags);

/* Append to a metadata table of VHDX_METADATA_TABLE_SIZE bytes, zero at first. */
void add_item(void *table, const struct vhdx_guid *guid, u32 offset, u32 length, u32 flags);

/* The five mandatory items as Windows places them. */
void add_mandatory_items(void *table);

void set_count(void *table, u32 count);

/*
 * An image in memory: log at 1 MiB, metadata at 2 MiB, BAT at 3 MiB, each 1 MiB long;
 * 8 MiB in all. The disk has 4 MiB in blocks of 1 MiB, none of them present.
 */
#define IMAGE_SIZE (8 * MIB)
#define IMAGE_LOG (1 * MIB)
#define IMAGE_METADATA (2 * MIB)
#define IMAGE_BAT (3 * MIB)

#define IMAGE_BLOCK_SIZE (IMAGE_METADATA + 0x10000)
#define IMAGE_FLAGS (IMAGE_METADATA + 0x10004)
#define IMAGE_DISK_SIZE (IMAGE_METADATA + 0x10008)
#define IMAGE_LOGICAL (IMAGE_METADATA + 0x10010)
#define IMAGE_PHYSICAL (IMAGE_METADATA + 0x10014)
#define IMAGE_DISK_ID (IMAGE_METADATA + 0x10018)

struct image {
	u8 *bytes;
	u64 size;
	u32 reads;		/* so far */
	u32 fail_at;		/* the n-th read fails; 0: none */
	u64 highest;		/* end of the highest range read */
	struct vhdx_reader reader;
};

void image_make(struct image *image);
void image_free(struct image *image);
void image_set_size(struct image *image, u64 size);
void image_stamp(struct image *image);
void image_put(struct image *image, u64 offset, u64 value, unsigned int bytes);
struct vhdx_disk_header *image_header(struct image *image, unsigned int slot);
u8 *image_region_table(struct image *image, unsigned int slot);
u8 *image_metadata_table(struct image *image);

#endif /* VHDX_TEST_MAKE_H */
