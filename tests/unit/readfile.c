// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/bitmap.h"
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

static enum vhdx_reason judge_parent(struct image_file *file)
{
	enum vhdx_reason reason;

	if (!file->super.geometry.has_parent)
		return file->parent ? vhdx_fault_set(&file->fault, VHDX_REASON_parent_unneeded,
						     0, 0) : VHDX_OK;
	reason = vhdx_open_locator(&file->super, &file->replayed, file->scratch, &file->locator,
				   &file->fault);
	if (reason)
		return reason;
	if (!file->parent)
		return vhdx_fault_set(&file->fault, VHDX_REASON_parent_missing, 0, 0);
	return vhdx_chain_check(&file->super, &file->locator, &file->parent->super, &file->fault);
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
	return reason ? reason : judge_parent(file);
}

bool image_chain_open(struct image_chain *chain, const char *const *paths, unsigned int count)
{
	memset(chain, 0, sizeof(*chain));
	if (count > ARRAY_SIZE(chain->files)) {
		errno = E2BIG;
		return false;
	}
	while (chain->count < count) {
		struct image_file *file = malloc(sizeof(*file));

		if (!file)
			abort();
		if (!image_file_open(file, paths[chain->count])) {
			free(file);
			image_chain_close(chain);
			return false;
		}
		if (chain->count)
			chain->files[chain->count - 1]->parent = file;
		chain->files[chain->count++] = file;
	}
	return true;
}

void image_chain_close(struct image_chain *chain)
{
	while (chain->count) {
		struct image_file *file = chain->files[--chain->count];

		image_file_close(file);
		free(file);
	}
}

static bool same_file(const struct image_file *a, const struct image_file *b)
{
	struct stat first, second;

	if (fstat(a->fd, &first) || fstat(b->fd, &second))
		abort();
	return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static bool file_twice(const struct image_chain *chain)
{
	unsigned int i, j;

	for (i = 0; i < chain->count; i++)
		for (j = 0; j < i; j++)
			if (same_file(chain->files[i], chain->files[j]))
				return true;
	return false;
}

enum vhdx_reason image_chain_judge(struct image_chain *chain)
{
	enum vhdx_reason reason;
	unsigned int i;

	if (chain->count > VHDX_CHAIN_MAX_FILES)
		return vhdx_fault_set(&chain->fault, VHDX_REASON_parent_depth, 0, chain->count);
	if (file_twice(chain))
		return vhdx_fault_set(&chain->fault, VHDX_REASON_parent_duplicate, 0, 0);
	for (i = chain->count; i; i--) {
		reason = image_file_judge(chain->files[i - 1]);
		if (reason) {
			chain->fault = chain->files[i - 1]->fault;
			return reason;
		}
	}
	return VHDX_OK;
}

/* Payload is never logged. */
static enum vhdx_reason check_payload(struct image_file *file, u64 index, u64 entry)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	u64 block;

	if (!file->overlay.pages || !vhdx_bat_is_present(entry) ||
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
	vhdx_open_bat_rules(&file->super, &rules);
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

static enum vhdx_reason read_parent(struct image_file *file, u64 offset, u8 *buffer, u32 length)
{
	struct image_file *parent = file->parent;
	u64 size = parent ? parent->super.geometry.disk_size : 0;
	u32 there = offset >= size ? 0 : size - offset < length ? (u32)(size - offset) : length;
	enum vhdx_reason reason;

	memset(buffer + there, 0, length - there);
	if (!there)
		return VHDX_OK;
	reason = image_file_read(parent, offset, buffer, there);
	if (reason)
		file->fault = parent->fault;
	return reason;
}

/* Where in the file the bitmap block of a partially present block is; @at is its entry. */
static enum vhdx_reason find_bitmap(struct image_file *file, u64 offset, u64 at, u64 *place)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	enum vhdx_reason reason;
	u64 entry;

	reason = image_file_entry(file, vhdx_bitmap_index(g, vhdx_bitmap_chunk(g, offset)), &entry);
	if (reason)
		return reason;
	if (vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT)
		return vhdx_fault_set(&file->fault, VHDX_REASON_payload_partial_without_bitmap, at,
				      entry);
	*place = vhdx_bat_offset(entry);
	return VHDX_OK;
}

static enum vhdx_reason read_word(struct image_file *file, u64 place, u64 *word)
{
	u64 page = place & ~(u64)(VHDX_PAGE_SIZE - 1);
	enum vhdx_reason reason = VHDX_OK;

	if (file->bits_at != page)
		reason = vhdx_read(&file->replayed, page, file->bits, VHDX_PAGE_SIZE, &file->fault);
	file->bits_at = reason ? 0 : page;
	*word = le64_to_cpu(file->bits[(place - page) / sizeof(*word)]);
	return reason;
}

/* How many bytes from @offset on are all here, or all the parent's? At most @length. */
static enum vhdx_reason find_run(struct image_file *file, u64 bitmap, u64 offset, u32 *length,
				 bool *here)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	u32 bit = vhdx_bitmap_bit(g, offset), bits;
	enum vhdx_reason reason;
	u64 bytes, word;

	reason = read_word(file, bitmap + bit / VHDX_BITMAP_WORD_BITS * sizeof(word), &word);
	if (reason)
		return reason;
	bits = vhdx_bitmap_run(word, bit % VHDX_BITMAP_WORD_BITS, here);
	bytes = (u64)bits * g->logical_sector_size - offset % g->logical_sector_size;
	if (bytes < *length)
		*length = bytes;
	return VHDX_OK;
}

static enum vhdx_reason read_partial(struct image_file *file, u64 entry, u64 offset, u8 *buffer,
				     u32 length)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	u64 block = offset >> g->block_shift, bitmap = 0;
	u64 place = vhdx_bat_offset(entry) - (block << g->block_shift);
	enum vhdx_reason reason;
	u32 part;
	bool here;

	reason = find_bitmap(file, offset, file->super.regions.bat.offset +
			     vhdx_payload_index(g, block) * VHDX_BAT_ENTRY_SIZE, &bitmap);
	for (; !reason && length; offset += part, buffer += part, length -= part) {
		part = length;
		reason = find_run(file, bitmap, offset, &part, &here);
		if (reason)
			break;
		reason = here ? read_payload(file, place + offset, buffer, part) :
				read_parent(file, offset, buffer, part);
	}
	return reason;
}

/* Within one block */
static enum vhdx_reason read_block(struct image_file *file, u64 offset, u8 *buffer, u32 length)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	enum vhdx_reason reason;
	u64 entry;

	reason = image_file_entry(file, vhdx_payload_index(g, offset >> g->block_shift), &entry);
	if (reason)
		return reason;
	switch (vhdx_bat_state(entry)) {
	case VHDX_BLOCK_NOT_PRESENT:
		return read_parent(file, offset, buffer, length);
	case VHDX_BLOCK_PARTIALLY_PRESENT:
		return read_partial(file, entry, offset, buffer, length);
	case VHDX_BLOCK_FULLY_PRESENT:
		return read_payload(file, vhdx_bat_offset(entry) + (offset & (g->block_size - 1)),
				    buffer, length);
	default:
		memset(buffer, 0, length);
		return VHDX_OK;
	}
}

enum vhdx_reason image_file_read(struct image_file *file, u64 offset, void *buffer, u32 length)
{
	u32 block_size = file->super.geometry.block_size, part;
	enum vhdx_reason reason;
	u8 *to = buffer;

	for (; length; offset += part, to += part, length -= part) {
		part = block_size - (offset & (block_size - 1));
		if (part > length)
			part = length;
		reason = read_block(file, offset, to, part);
		if (reason)
			return reason;
	}
	return VHDX_OK;
}
