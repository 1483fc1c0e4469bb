// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A replay writes in this order (2.3.3). After each step a power cut leaves an image that can be
 * replayed again, or is complete:
 *
 *	0. Check everything before the first write: each change lies inside the file and
 *	   outside of headers and log, no payload block changes, and the result can be
 *	   opened. Otherwise the image is not changed.
 *	1. Header: new FileWriteGuid, the log still to be replayed. Flush.
 *	2. The file grows to the size in the newest entry.
 *	3. The last change of each page: vhdx_overlay_apply(). Flush.
 *	4. Header, both copies: no log. Flush after each.
 *	5. Cut off unused space at the end of the file that was allocated ahead.
 */
#include "edit/replay_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "edit/header_update.h"
#include "edit/tail.h"
#include "image/extents.h"
#include "image/fault.h"
#include "image/guid.h"
#include "image/replay_memory.h"
#include "lib/interrupt.h"
#include "lib/progress.h"

/**
 * replay_walk() - call a function for all changes, oldest first
 * @image:	open, with a log that must be replayed
 * @visit:	called for each
 * @context:	for @visit
 *
 * Return: DONE, or another exit code after an error message, also for a reason from
 * @visit
 */
enum exit_code replay_walk(struct image *image, vhdx_log_visit visit, void *context)
{
	struct replay_memory *replayed = image->replayed;
	static u8 sector[VHDX_LOG_SECTOR_SIZE] __attribute__((aligned(8)));
	struct vhdx_fault fault;

	if (vhdx_log_walk(&replayed->overlay.log, &replayed->sequence, sector, visit, context,
			  &fault))
		return fail_fault(&image->file, &fault);
	return DONE;
}

static enum vhdx_reason measure(void *context, const struct vhdx_log_change *change,
				struct vhdx_fault *fault)
{
	struct replay_size *size = context;

	(void)fault;
	size->changes++;
	size->bytes += change->length;
	return VHDX_OK;
}

/**
 * replay_measure() - count the changes, and check their targets
 * @image:	open, with a log that must be replayed
 * @size:	filled
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code replay_measure(struct image *image, struct replay_size *size)
{
	memset(size, 0, sizeof(*size));
	return replay_walk(image, measure, size);
}

/**
 * struct touched - search for payload blocks that the log changes
 * @overlay:	changes by the log
 * @offset:	offset of such data in the file, in bytes; 0: none
 */
struct touched {
	const struct vhdx_overlay *overlay;
	u64 offset;
};

static void look_at_data(void *context, const struct disk_extent *extent)
{
	struct touched *touched = context;

	if (extent->kind == EXTENT_DATA && !touched->offset &&
	    vhdx_overlay_touches(touched->overlay, extent->offset, extent->length))
		touched->offset = extent->offset;
}

/**
 * replay_check() - check that the log does not change payload blocks
 * @image:	open, with a log that must be replayed
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code replay_check(struct image *image)
{
	struct touched touched = { .overlay = &image->replayed->overlay };
	struct vhdx_fault fault;
	struct chain_map map;
	enum exit_code status;

	chain_map_init_image(&map, image);
	status = extents_walk(&map, EXTENTS_TOLERANT, look_at_data, &touched);
	chain_map_free(&map);
	if (status != DONE || !touched.offset)
		return status;
	vhdx_fault_set(&fault, VHDX_REASON_log_payload_changed,
		       image->super->header.log_offset, touched.offset);
	return fail_fault(&image->file, &fault);
}

/**
 * struct apply - changes being written
 * @image:	the image
 * @file:	the same file, opened exclusively for writing
 * @progress:	counts written bytes
 * @status:	first error
 */
struct apply {
	struct image *image;
	const struct write_file *file;
	struct progress *progress;
	enum exit_code status;
};

/* Return: 0; or @apply->status, which ends the walk after an error message */
static int applied(struct apply *apply, u64 length)
{
	if (apply->status == DONE && interrupted())
		apply->status = fail(EXIT_INTERRUPTED, "%s: interrupted; the log is kept and can "
				     "be replayed again", apply->file->path);
	progress_add(apply->progress, length);
	return (int)apply->status;
}

/* Punch a hole. In a fixed image, or if that fails, write zeros over data; holes stay. */
static int apply_zeros(void *context, u64 offset, u64 length)
{
	struct apply *apply = context;
	u64 end = offset + length;
	int fd = apply->file->fd;

	if (!apply->image->super->geometry.leave_allocated &&
	    !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		       (off_t)length))
		return applied(apply, length);
	while (offset < end && apply->status == DONE) {
		off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
		off_t hole = data < 0 ? data : lseek(fd, data, SEEK_HOLE);
		u64 from = data < 0 ? offset : (u64)data;
		u64 to = hole < 0 || (u64)hole > end ? end : (u64)hole;

		if ((data < 0 && errno == ENXIO) || from >= end)
			break;
		apply->status = write_zeros(apply->file, from, to - from, NULL);
		offset = to;
	}
	return applied(apply, length);
}

static int apply_page(void *context, u64 offset, void *page)
{
	struct apply *apply = context;

	apply->status = write_at(apply->file, offset, page, VHDX_PAGE_SIZE);
	return applied(apply, VHDX_PAGE_SIZE);
}

/* Steps 2 and 3. A block device cannot grow. */
static enum exit_code apply_changes(struct apply *apply, const struct replay_size *size)
{
	const struct image_file *file = &apply->image->file;
	u64 file_size = apply->image->replayed->overlay.file_size;
	u8 page[VHDX_PAGE_SIZE];
	const struct vhdx_overlay_writer writer = {
		.zero = apply_zeros, .write = apply_page, .context = apply, .page = page,
	};
	int ret;

	if (file_size > file->reader.size && !S_ISREG(file->stat.st_mode))
		return fail(EXIT_IO, "%s: is smaller than the size that the log requires",
			    apply->file->path);
	if (file_size > file->reader.size)
		apply->status = write_set_size(apply->file, file_size);
	if (apply->status != DONE)
		return apply->status;
	progress_begin(apply->progress, "replay", size->bytes);
	ret = vhdx_overlay_apply(&apply->image->replayed->overlay, &writer);
	progress_end(apply->progress);
	if (apply->status == DONE && ret)
		return fail_errno(apply->file->path, "cannot read the log", -ret);
	return apply->status == DONE ? write_sync(apply->file) : apply->status;
}

/**
 * replay_to_disk() - replay a log into its file
 * @image:	open, passed by replay_measure() and replay_check()
 * @file:	the same file, opened exclusively for writing
 * @size:	from replay_measure()
 * @progress:	initialized by progress_init()
 * @file_size:	set to the size of the file afterwards, in bytes
 *
 * Return: DONE, or another exit code after an error message; then the replay may be
 * incomplete, and can be repeated
 */
enum exit_code replay_to_disk(struct image *image, const struct write_file *file,
			      const struct replay_size *size, struct progress *progress,
			      u64 *file_size)
{
	struct header_update update = {
		.file = file,
		.header = image->super->header,
		.slot = image->super->header_slot,
	};
	struct apply apply = { .image = image, .file = file, .progress = progress };
	enum exit_code status = header_check_updates(&update, 3);

	update.header.file_write_guid = guid_new();
	if (status == DONE)
		status = header_update(&update);
	if (status == DONE)
		status = apply_changes(&apply, size);
	if (status != DONE)
		return status;
	memset(&update.header.log_guid, 0, sizeof(update.header.log_guid));
	status = header_update_both(&update);
	return status == DONE ? tail_cut(file, progress, file_size) : status;
}

/**
 * replay_file() - check and replay the log of a file into it
 * @path:	of the file, which has a log that must be replayed
 * @file:	the same file, opened exclusively for writing
 * @progress:	initialized by progress_init()
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code replay_file(const char *path, const struct write_file *file,
			   struct progress *progress)
{
	struct image image;
	struct replay_size size;
	u64 file_size;
	enum exit_code status = image_open(&image, path);

	if (status != DONE)
		return status;
	status = replay_measure(&image, &size);
	if (status == DONE)
		status = replay_check(&image);
	if (status == DONE)
		status = replay_to_disk(&image, file, &size, progress, &file_size);
	image_close(&image);
	return status;
}
