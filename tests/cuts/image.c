// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <stdlib.h>

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

void image_init(struct image *image, const struct device *device)
{
	memset(image, 0, sizeof(*image));
	image->device = device;
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

/* -- who is where -- */

static bool claim(struct image *image, u64 block, u64 offset, struct image_fault *fault)
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
			image->places[first + ((place - offset) >> DEVICE_UNIT_SHIFT)] = place;
	}
	return true;
}

static bool say(struct image_fault *to, const struct vhdx_fault *fault)
{
	to->kind = vhdx_reason_name(fault->reason);
	vhdx_fault_text(fault, to->text, sizeof(to->text));
	return false;
}

static bool look_at_block(struct image *image, const struct vhdx_bat_rules *rules, u64 block,
			  struct image_fault *fault)
{
	u32 index = (u32)vhdx_payload_index(&image->super.geometry, block);
	u64 entry = le64_to_cpu(image->entries[index]);
	struct vhdx_fault why;

	if (vhdx_bat_check(rules, index, entry, &why))
		return say(fault, &why);
	if (vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT)
		return true;
	return claim(image, block, vhdx_bat_offset(entry), fault);
}

static bool look_at_blocks(struct image *image, struct image_fault *fault)
{
	const struct vhdx_geometry *g = &image->super.geometry;
	struct vhdx_bat_rules rules;
	u64 block;

	image->nr_places = (g->disk_size + MIB - 1) / MIB;
	image->places = again(image->places, image->nr_places, sizeof(u64));
	memset(image->owners, 0, ((image->device->size >> DEVICE_UNIT_SHIFT) + 1) * sizeof(u32));
	vhdx_super_bat_rules(&image->super, &rules);
	for (block = 0; block < g->payload_blocks; block++)
		if (!look_at_block(image, &rules, block, fault))
			return false;
	return true;
}

/* Nobody looks for data in the log. */
static bool log_leaves_blocks_alone(const struct image *image, struct image_fault *fault)
{
	const struct vhdx_overlay *o = &image->overlay;
	u64 i, place;

	for (i = 0; i < o->nr_pages; i++)
		if (o->pages[i].offset < image->device->size &&
		    image->owners[o->pages[i].offset >> DEVICE_UNIT_SHIFT])
			goto touched;
	for (i = 0; i < o->nr_zeros; i++)
		for (place = o->zeros[i].offset; place < o->zeros[i].offset + o->zeros[i].length &&
		     place < image->device->size; place += MIB)
			if (image->owners[place >> DEVICE_UNIT_SHIFT])
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
		for (place = layout->extent[i].offset; place < image->device->size &&
		     place < layout->extent[i].offset + layout->extent[i].length; place += MIB)
			key = device_mix(key, image->device->versions[place >> DEVICE_UNIT_SHIFT]);
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
	if (!look_at_blocks(image, fault) || !log_leaves_blocks_alone(image, fault))
		return false;
	image->key = key_of(image);
	image->usable = true;
	return true;
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
