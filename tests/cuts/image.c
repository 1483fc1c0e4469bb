// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image.h"

#include <stdlib.h>

#include "format/bitmap.h"
#include "format/chain.h"
#include "util.h"

/* What the core works in, and used by all images */
static struct vhdx_log_slot *slots;
static u64 scratch[VHDX_OPEN_SCRATCH_SIZE / sizeof(u64)];
static u64 sector[VHDX_LOG_SECTOR_SIZE / sizeof(u64)], page[VHDX_PAGE_SIZE / sizeof(u64)];
static u32 nr_slots;

static int read_device(void *context, u64 offset, void *buffer, u32 length)
{
	const struct device *device = context;

	memcpy(buffer, device->bytes + offset, length);
	return 0;
}

static void *again(void *memory, u64 count, size_t size)
{
	free(memory);
	memory = calloc(count ? count : 1, size);
	if (!memory)
		die("no memory");
	return memory;
}

void image_init(struct image *image, const struct device *device, const u8 *parent)
{
	memset(image, 0, sizeof(*image));
	image->device = device;
	image->parent = parent;
	image->mixed = again(NULL, 1, DEVICE_UNIT);
	image->overlay.zeros = again(NULL, VHDX_OVERLAY_MAX_ZEROS, sizeof(*image->overlay.zeros));
	image->owners = again(NULL, (device->size >> DEVICE_UNIT_SHIFT) + 1, sizeof(u32));
}

/* -- opening -- */

static void make_room_for_log(struct image *image)
{
	u32 sectors = vhdx_log_sectors(&image->overlay.log);

	if (sectors > nr_slots)
		slots = again(slots, nr_slots = sectors, sizeof(*slots));
	if (sectors > image->max_pages)
		image->overlay.pages = again(image->overlay.pages, image->max_pages = sectors,
					     sizeof(*image->overlay.pages));
}

static enum vhdx_reason replay(struct image *image, const struct vhdx_reader *reader,
			       struct vhdx_fault *fault)
{
	struct vhdx_overlay *overlay = &image->overlay;
	enum vhdx_reason reason;

	reason = vhdx_log_init(&overlay->log, reader, &image->super.header, fault);
	if (reason)
		return reason;
	make_room_for_log(image);
	reason = vhdx_log_find(&overlay->log, &image->sequence, slots, sector, fault);
	if (!reason)
		reason = vhdx_overlay_build(overlay, &image->sequence, sector, fault);
	image->replayed = overlay->entries;
	return reason;
}

static enum vhdx_reason open_tables(struct image *image, struct vhdx_reader *reader,
				    struct vhdx_overlay_reader *over, struct vhdx_fault *fault)
{
	static struct vhdx_reader raw;
	enum vhdx_reason reason;

	image->replayed = 0;
	image->overlay.nr_pages = image->overlay.nr_zeros = 0;
	reason = vhdx_open_headers(&image->super, reader, scratch, fault);
	if (reason)
		return reason;
	if (vhdx_header_log_dirty(&image->super.header)) {
		raw = *reader;
		reason = replay(image, &raw, fault);
		if (reason)
			return reason;
		*reader = (struct vhdx_reader){ vhdx_overlay_read, over,
						image->overlay.file_size };
	}
	return vhdx_open_tables(&image->super, reader, scratch, fault);
}

static enum vhdx_reason read_bat(struct image *image, const struct vhdx_reader *reader,
				 struct vhdx_fault *fault)
{
	u64 count = image->super.geometry.bat_entries;

	image->entries = again(image->entries, count, sizeof(*image->entries));
	return vhdx_read(reader, image->super.regions.bat.offset, image->entries,
			 (u32)(count * VHDX_BAT_ENTRY_SIZE), fault);
}

/* -- the owner of each place -- */

static bool claim(struct image *image, u64 block, u64 offset, u32 kind,
		  struct image_fault *fault)
{
	u64 end = offset + image->super.geometry.block_size, place;
	u64 first = block << image->super.geometry.block_shift >> DEVICE_UNIT_SHIFT;

	for (place = offset; place < end && place < image->device->size; place += MIB) {
		u32 *owner = &image->owners[place >> DEVICE_UNIT_SHIFT];

		if (*owner) {
			fault->kind = "block_overlap";
			snprintf(fault->text, sizeof(fault->text), "blocks %u and %llu are both "
				 "at %llu", *owner - 1, (unsigned long long)block,
				 (unsigned long long)place);
			return false;
		}
		*owner = (u32)block + 1;
		if (first + ((place - offset) >> DEVICE_UNIT_SHIFT) < image->nr_places)
			image->places[first + ((place - offset) >> DEVICE_UNIT_SHIFT)] =
				place | kind;
	}
	return true;
}

/* A sector bitmap block is one MiB, and no other block has its place. */
static bool claim_bitmap(struct image *image, u64 chunk, u64 offset, struct image_fault *fault)
{
	u32 *owner = &image->owners[offset >> DEVICE_UNIT_SHIFT];

	if (*owner) {
		fault->kind = "block_overlap";
		snprintf(fault->text, sizeof(fault->text),
			 "block %u and the sector bitmap of chunk %llu are both at %llu",
			 *owner - 1, (unsigned long long)chunk, (unsigned long long)offset);
		return false;
	}
	*owner = (u32)(image->super.geometry.payload_blocks + chunk) + 1;
	return true;
}

static bool say(struct image_fault *to, const struct vhdx_fault *fault)
{
	to->kind = vhdx_reason_name(fault->reason);
	vhdx_fault_text(fault, to->text, sizeof(to->text));
	return false;
}

static bool refuse(struct image_fault *to, enum vhdx_reason reason, u32 index, u64 entry)
{
	struct vhdx_fault fault;

	vhdx_fault_set(&fault, reason, index, entry);
	return say(to, &fault);
}

/* Without a parent in the judge's hands there is none to be seen. */
static void leave_to_parent(struct image *image, u64 block)
{
	const struct vhdx_geometry *g = &image->super.geometry;
	u64 unit = block << g->block_shift >> DEVICE_UNIT_SHIFT;
	u64 end = (block + 1) << g->block_shift >> DEVICE_UNIT_SHIFT;

	for (; image->parent && unit < end && unit < image->nr_places; unit++)
		image->places[unit] = PLACE_PARENT;
}

/* The bits of a partially present block, as the log has them */
static bool read_bits(struct image *image, const struct vhdx_reader *reader, u64 block,
		      u64 entry, struct image_fault *fault)
{
	const struct vhdx_geometry *g = &image->super.geometry;
	u64 chunk = block >> g->chunk_shift, position = block << g->block_shift;
	u64 sb = le64_to_cpu(image->entries[vhdx_bitmap_index(g, chunk)]);
	u64 unit = position >> DEVICE_UNIT_SHIFT;
	struct vhdx_fault why;

	if (vhdx_bat_state(sb) != VHDX_BLOCK_FULLY_PRESENT)
		return refuse(fault, VHDX_REASON_payload_partial_without_bitmap, (u32)block, entry);
	for (; position < (block + 1) << g->block_shift && unit < image->nr_places;
	     unit++, position += DEVICE_UNIT)
		if (vhdx_read(reader, vhdx_bat_offset(sb) + vhdx_bitmap_bit(g, position) / 8,
			      image->bits[unit], DEVICE_UNIT / g->logical_sector_size / 8, &why))
			return say(fault, &why);
	return claim(image, block, vhdx_bat_offset(entry), PLACE_MIXED, fault);
}

static bool look_at_block(struct image *image, const struct vhdx_reader *reader,
			  const struct vhdx_bat_rules *rules, u64 block,
			  struct image_fault *fault)
{
	u32 index = (u32)vhdx_payload_index(&image->super.geometry, block);
	u64 entry = le64_to_cpu(image->entries[index]);
	struct vhdx_fault why;

	if (vhdx_bat_check(rules, index, entry, &why))
		return say(fault, &why);
	switch (vhdx_bat_state(entry)) {
	case VHDX_BLOCK_FULLY_PRESENT:
		return claim(image, block, vhdx_bat_offset(entry), 0, fault);
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		return read_bits(image, reader, block, entry, fault);
	case VHDX_BLOCK_NOT_PRESENT:
		leave_to_parent(image, block);
		return true;
	default:
		return true;
	}
}

static bool look_at_bitmap(struct image *image, const struct vhdx_bat_rules *rules, u64 chunk,
			   struct image_fault *fault)
{
	u32 index = (u32)vhdx_bitmap_index(&image->super.geometry, chunk);
	u64 entry = le64_to_cpu(image->entries[index]);
	struct vhdx_fault why;

	if (vhdx_bat_check(rules, index, entry, &why))
		return say(fault, &why);
	return vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT ||
	       claim_bitmap(image, chunk, vhdx_bat_offset(entry), fault);
}

static bool look_at_blocks(struct image *image, const struct vhdx_reader *reader,
			   struct image_fault *fault)
{
	const struct vhdx_geometry *g = &image->super.geometry;
	struct vhdx_bat_rules rules;
	u64 i;

	image->nr_places = (g->disk_size + MIB - 1) / MIB;
	image->places = again(image->places, image->nr_places, sizeof(u64));
	image->bits = again(image->bits, image->nr_places, UNIT_BITS);
	memset(image->owners, 0, ((image->device->size >> DEVICE_UNIT_SHIFT) + 1) * sizeof(u32));
	vhdx_open_bat_rules(&image->super, &rules);
	for (i = 0; i < g->payload_blocks; i++)
		if (!look_at_block(image, reader, &rules, i, fault))
			return false;
	for (i = 0; g->has_parent && i < g->chunks; i++)
		if (!look_at_bitmap(image, &rules, i, fault))
			return false;
	return true;
}

/* Is there a payload block? */
static bool has_payload(const struct image *image, u64 offset)
{
	u32 owner = offset < image->device->size ? image->owners[offset >> DEVICE_UNIT_SHIFT] : 0;

	return owner && owner <= image->super.geometry.payload_blocks;
}

/* The log holds no data: it changes no payload block. */
static bool log_leaves_blocks_alone(const struct image *image, struct image_fault *fault)
{
	const struct vhdx_overlay *o = &image->overlay;
	u64 i, place;

	for (i = 0; i < o->nr_pages; i++)
		if (has_payload(image, o->pages[i].offset))
			goto touched;
	for (i = 0; i < o->nr_zeros; i++)
		for (place = o->zeros[i].offset; place < o->zeros[i].offset + o->zeros[i].length &&
		     place < image->device->size; place += MIB)
			if (has_payload(image, place))
				goto touched;
	return true;
touched:
	fault->kind = "log_payload_changed";
	snprintf(fault->text, sizeof(fault->text), "the log changes a payload block");
	return false;
}

/* -- the whole -- */

static u64 key_of(const struct image *image)
{
	const struct vhdx_layout *layout = &image->super.layout;
	u64 key = 0, place;
	u32 i;

	for (i = 0; i < layout->count; i++)
		for (place = layout->range[i].offset; place < image->device->size &&
		     place < layout->range[i].offset + layout->range[i].length; place += MIB)
			key = device_mix(key, image->device->versions[place >> DEVICE_UNIT_SHIFT]);
	for (i = 0; image->super.geometry.has_parent &&
	     i < image->device->size >> DEVICE_UNIT_SHIFT; i++)
		if (image->owners[i] > image->super.geometry.payload_blocks)
			key = device_mix(key, image->device->versions[i]);
	return key;
}

/**
 * image_look() - open an image
 * @image:	by image_init(); perhaps already opened in another state of the device
 * @fault:	filled on failure
 *
 * Return: false if it is not valid
 */
bool image_look(struct image *image, struct image_fault *fault)
{
	struct vhdx_overlay_reader over = { &image->overlay, page };
	struct vhdx_reader reader = { read_device, (void *)image->device, image->device->size };
	struct vhdx_fault why;

	if (image->usable && image->key == key_of(image))
		return true;
	image->usable = false;
	if (open_tables(image, &reader, &over, &why) || read_bat(image, &reader, &why))
		return say(fault, &why);
	if (!look_at_blocks(image, &reader, fault) || !log_leaves_blocks_alone(image, fault))
		return false;
	image->key = key_of(image);
	image->usable = true;
	return true;
}

/* Both looked at: does the one name the other as its parent, as it is now? */
bool image_is_child_of(const struct image *image, const struct image *parent)
{
	struct vhdx_reader reader = { read_device, (void *)image->device, image->device->size };
	struct vhdx_locator locator;
	struct vhdx_fault why;

	return image->super.geometry.has_parent &&
	       !vhdx_open_locator(&image->super, &reader, scratch, &locator, &why) &&
	       vhdx_chain_links(&locator, &parent->super.header.data_write_guid);
}

/* Sector by sector, from where its bit says */
static const u8 *mix(struct image *image, u64 unit)
{
	u32 sector_size = image->super.geometry.logical_sector_size, i;
	const u8 *here = image->device->bytes + image_place(image, unit);
	const u8 *parent = image->parent + unit * DEVICE_UNIT;

	for (i = 0; i < DEVICE_UNIT / sector_size; i++) {
		bool set = image->bits[unit][i / 8] >> i % 8 & 1;

		memcpy(image->mixed + i * sector_size, (set ? here : parent) + i * sector_size,
		       sector_size);
	}
	return image->mixed;
}

/**
 * image_unit() - the bytes of a MiB of the virtual disk
 * @image:	looked at
 * @unit:	number of the MiB
 *
 * Return: the bytes, until the next call; NULL: zeros
 */
const u8 *image_unit(struct image *image, u64 unit)
{
	u64 place = image->places[unit];

	if (place == PLACE_ZEROS)
		return NULL;
	if (place == PLACE_PARENT)
		return image->parent + unit * DEVICE_UNIT;
	if (place & PLACE_MIXED && image->parent)
		return mix(image, unit);
	return image->device->bytes + image_place(image, unit);
}

/* What lies at an offset of the device */
const char *image_part(const struct image *image, u64 offset)
{
	const struct vhdx_super *s = &image->super;

	if (offset < VHDX_HEADER_SECTION_SIZE)
		return "header";
	if (vhdx_range_inside(offset - s->header.log_offset, 1, s->header.log_length))
		return "log";
	if (vhdx_range_inside(offset - s->regions.bat.offset, 1, s->regions.bat.length))
		return "bat";
	return vhdx_range_inside(offset - s->regions.metadata.offset, 1,
				 s->regions.metadata.length) ? "metadata" : "payload";
}
