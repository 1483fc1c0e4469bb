// SPDX-License-Identifier: GPL-2.0
/*
 * Where in an image the bytes of the disk are.
 */
#include "image.h"

#include "pager.h"
#include "replay.h"

/* Where the BAT entry of the block at a virtual offset is in the file. */
u64 vhdx_image_entry_offset(const struct vhdx_image *image, u64 position)
{
	const struct vhdx_geometry *g = vhdx_image_geometry(image);
	u64 index = vhdx_payload_index(g, position >> g->block_shift);

	return image->rules.bat_offset + index * VHDX_BAT_ENTRY_SIZE;
}

static bool vhdx_image_entry_bad(const struct vhdx_image *image, u64 entry_offset, u64 entry,
				 struct vhdx_fault *fault)
{
	u32 index = (entry_offset - image->rules.bat_offset) / VHDX_BAT_ENTRY_SIZE;

	return vhdx_bat_check(&image->rules, index, entry, fault);
}

/*
 * A block that is present, in an image whose log was replayed. The file may end in it or
 * before it: what replay would have added is zero. The log must not change it: payload is
 * never logged (2.3), and a page of it would be read past the overlay.
 */
static void vhdx_image_map_replayed(const struct vhdx_image *image, u64 entry_offset,
				    struct vhdx_map *map)
{
	u64 size = vhdx_backing_size(&image->backing);

	if (vhdx_overlay_touches(&image->replay->overlay, map->offset, map->length)) {
		map->kind = VHDX_MAP_BAD;
		vhdx_fault_set(&map->fault, VHDX_REASON_log_payload_changed, entry_offset,
			       map->offset);
	} else if (map->offset >= size) {
		map->kind = VHDX_MAP_ZERO;
	} else {
		/* in whole pages, for direct reads; what comes back ends where the file does */
		map->length = min(map->length, round_up(size - map->offset, VHDX_PAGE_SIZE));
	}
}

/**
 * vhdx_image_map() - where are the bytes of the disk?
 * @image:	the image
 * @position:	virtual offset in bytes, inside the disk
 * @map:	filled
 *
 * States by their meaning without a parent (2.5.1.1): whatever is not present reads as
 * zeros, which is the one answer that is always allowed and never leaks anything.
 *
 * In a writable image the answer holds as long as the caller holds @image->users.
 *
 * Context: any; takes no lock, never sleeps.
 */
void vhdx_image_map(struct vhdx_image *image, u64 position, struct vhdx_map *map)
{
	u64 entry_offset = vhdx_image_entry_offset(image, position);
	u32 block_size = vhdx_image_geometry(image)->block_size;
	u32 skip = position & (block_size - 1);
	bool suspect;
	u64 entry;

	if (!vhdx_pager_peek(image->pager, entry_offset, &entry, &suspect)) {
		map->kind = VHDX_MAP_MISS;
		return;
	}
	if (unlikely(suspect) && vhdx_image_entry_bad(image, entry_offset, entry, &map->fault)) {
		map->kind = VHDX_MAP_BAD;
		return;
	}
	map->entry = entry;
	if (vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT) {
		map->kind = VHDX_MAP_ZERO;
		return;
	}
	map->kind = VHDX_MAP_DATA;
	map->offset = vhdx_bat_offset(entry) + skip;
	map->length = block_size - skip;
	if (unlikely(image->replay))
		vhdx_image_map_replayed(image, entry_offset, map);
}

/**
 * vhdx_image_load_map() - have what vhdx_image_map() needs loaded
 * @image:	the image
 * @position:	as there
 * @waiter:	told when to ask again, or that there is no point
 *
 * Context: process, may sleep, in a NOIO scope.
 */
void vhdx_image_load_map(struct vhdx_image *image, u64 position,
			 struct vhdx_waiter *waiter)
{
	vhdx_pager_load(image->pager, vhdx_image_entry_offset(image, position), waiter);
}
