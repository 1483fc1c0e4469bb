// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "readfile.h"

static int read_exactly(void *context, u64 offset, void *buffer, u32 length)
{
	const struct image_file *file = context;
	ssize_t got = pread(file->fd, buffer, length, offset);

	if (got < 0)
		return -errno;
	return got == length ? 0 : -EIO;
}

bool image_file_open(struct image_file *file, const char *path)
{
	off_t size;

	memset(file, 0, sizeof(*file));
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return false;
	size = lseek(file->fd, 0, SEEK_END);
	if (size < 0) {
		close(file->fd);
		return false;
	}
	file->reader.read = read_exactly;
	file->reader.context = file;
	file->reader.size = size;
	return true;
}

void image_file_close(struct image_file *file)
{
	free(file->overlay.pages);
	free(file->overlay.zeros);
	close(file->fd);
}

static enum vhdx_reason build_overlay(struct image_file *file)
{
	struct vhdx_overlay *overlay = &file->overlay;
	struct vhdx_log_sequence sequence;
	struct vhdx_log_slot *slots;
	enum vhdx_reason reason;

	slots = calloc(vhdx_log_sectors(&overlay->log), sizeof(*slots));
	overlay->pages = calloc(vhdx_overlay_max_pages(&overlay->log), sizeof(*overlay->pages));
	overlay->zeros = calloc(VHDX_OVERLAY_MAX_ZEROS, sizeof(*overlay->zeros));
	if (!slots || !overlay->pages || !overlay->zeros)
		abort();
	reason = vhdx_log_find(&overlay->log, &sequence, slots, file->page, &file->fault);
	if (!reason)
		reason = vhdx_overlay_build(overlay, &sequence, file->page, &file->fault);
	free(slots);
	return reason;
}

static enum vhdx_reason replay(struct image_file *file)
{
	enum vhdx_reason reason;

	reason = vhdx_log_init(&file->overlay.log, &file->reader, &file->super.header,
			       &file->fault);
	if (!reason)
		reason = build_overlay(file);
	file->over.overlay = &file->overlay;
	file->over.page = file->page;
	file->replayed.read = vhdx_overlay_read;
	file->replayed.context = &file->over;
	file->replayed.size = file->overlay.file_size;
	return reason;
}

enum vhdx_reason image_file_judge(struct image_file *file)
{
	enum vhdx_reason reason;

	reason = vhdx_open_headers(&file->super, &file->reader, file->scratch, &file->fault);
	file->replayed = file->reader;
	if (!reason && vhdx_header_log_dirty(&file->super.header))
		reason = replay(file);
	if (!reason)
		reason = vhdx_open_tables(&file->super, &file->replayed, file->scratch,
					  &file->fault);
	if (!reason && file->super.geometry.has_parent)
		reason = vhdx_fault_set(&file->fault, VHDX_REASON_parent_missing, 0, 0);
	return reason;
}

/* Payload is never logged. */
static enum vhdx_reason check_payload(struct image_file *file, u64 index, u64 entry)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	u64 block;

	if (!file->overlay.pages || vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT ||
	    vhdx_index_is_bitmap(g, index, &block) || block >= g->payload_blocks ||
	    !vhdx_overlay_touches(&file->overlay, vhdx_bat_offset(entry), g->block_size))
		return VHDX_OK;
	return vhdx_fault_set(&file->fault, VHDX_REASON_log_payload_changed,
			      file->super.regions.bat.offset + index * VHDX_BAT_ENTRY_SIZE,
			      vhdx_bat_offset(entry));
}

enum vhdx_reason image_file_entry(struct image_file *file, u64 index, u64 *entry)
{
	u64 at = file->super.regions.bat.offset + index * VHDX_BAT_ENTRY_SIZE;
	struct vhdx_bat_rules rules;
	enum vhdx_reason reason;
	__le64 raw;

	reason = vhdx_read(&file->replayed, at, &raw, sizeof(raw), &file->fault);
	if (reason)
		return reason;
	*entry = le64_to_cpu(raw);
	vhdx_super_bat_rules(&file->super, &rules);
	reason = vhdx_bat_check(&rules, index, *entry, &file->fault);
	return reason ? reason : check_payload(file, index, *entry);
}

/* Payload, from the file itself; what replay adds to a file is zeros. */
static enum vhdx_reason read_payload(struct image_file *file, u64 place, u8 *buffer, u32 length)
{
	u64 size = file->reader.size;
	u32 there = place >= size ? 0 : size - place < length ? (u32)(size - place) : length;

	if (!file->overlay.pages)
		there = length;
	memset(buffer + there, 0, length - there);
	if (there && read_exactly(file, place, buffer, there))
		return vhdx_fault_set(&file->fault, VHDX_REASON_read_failed, place, length);
	return VHDX_OK;
}

enum vhdx_reason image_file_read(struct image_file *file, u64 offset, void *buffer, u32 length)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	enum vhdx_reason reason;
	u64 entry;

	reason = image_file_entry(file, vhdx_payload_index(g, offset >> g->block_shift), &entry);
	if (reason)
		return reason;
	if (vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT) {
		memset(buffer, 0, length);
		return VHDX_OK;
	}
	return read_payload(file, vhdx_bat_offset(entry) + (offset & (g->block_size - 1)),
			    buffer, length);
}
