// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"

#include <stdlib.h>

#include "attached/disk.h"
#include "attached/disk_files.h"
#include "image/fault.h"
#include "image/lock.h"
#include "image/replay_memory.h"
#include "lib/alloc.h"
#include "format/range.h"

/* Only the disk itself still shows it. */
static void fail_nameless(const char *argument, const struct disk *disk)
{
	char **parents = disk_parents(disk);

	if (disk_is_temporary(disk) && *parents)
		fail_named(EXIT_USAGE, "NAMELESS", "%s: is a temporary disk; its changes are in a file "
			   "without a name, which only the disk shows; its image is %s", argument,
			   *parents);
	else
		fail_named(EXIT_USAGE, "NAMELESS", "%s: its image was deleted, and only the disk still "
			   "has the data; copy the disk before it is detached", argument);
	disk_free_names(parents);
}

/**
 * image_path() - which file is meant?
 * @argument:	an image, or a disk that shows one
 *
 * Return: its path, to be freed; NULL, having said why, if the disk went away or its file
 * has no name
 */
char *image_path(const char *argument)
{
	struct disk disk;
	char *path;

	if (!disk_of_device(&disk, argument))
		return xstrdup(argument);
	if (disk_is_temporary(&disk) || disk_is_deleted(&disk)) {
		fail_nameless(argument, &disk);
		return NULL;
	}
	path = disk_attribute(&disk, "vhdx/backing_file");
	if (!path)
		fail_named(EXIT_USAGE, "NOT_ATTACHED", "%s: no longer attached", argument);
	return path;
}

/* A log that must be replayed is, in memory, before anything behind the headers is read. */
static enum vhdx_reason replay_log(struct image *image, struct vhdx_fault *fault)
{
	const struct vhdx_header *header = &image->super->header;

	if (!vhdx_header_log_dirty(header))
		return VHDX_OK;
	image->replayed = replay_memory_new(&image->file.reader, header, fault);
	if (!image->replayed)
		return fault->reason;
	replay_memory_reader(image->replayed, &image->reader);
	return VHDX_OK;
}

/**
 * image_super() - read all that comes before the BAT
 * @image:	its file is open; the rest is filled, and freed by image_close()
 * @fault:	filled on failure
 *
 * Return: VHDX_OK, or why the image cannot be used
 */
enum vhdx_reason image_super(struct image *image, struct vhdx_fault *fault)
{
	void *scratch = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);
	enum vhdx_reason reason;

	image->super = xcalloc(1, sizeof(*image->super));
	image->replayed = NULL;
	image->reader = image->file.reader;
	reason = vhdx_open_headers(image->super, &image->reader, scratch, fault);
	if (!reason)
		reason = replay_log(image, fault);
	if (!reason)
		reason = vhdx_open_tables(image->super, &image->reader, scratch, fault);
	free(scratch);
	return reason;
}

/**
 * image_open() - open an image, or say why it cannot be used
 * @image:	filled; must not be moved
 * @path:	must live as long
 *
 * Return: DONE, or another code; then there is nothing to close
 */
enum exit_code image_open(struct image *image, const char *path)
{
	enum exit_code status = image_file_open(&image->file, path);
	struct vhdx_fault fault;

	if (status != DONE)
		return status;
	image_warn_written(path, &image->file.stat);
	if (!image_super(image, &fault))
		return DONE;
	status = fail_fault(&image->file, &fault);
	image_close(image);
	return status;
}

/**
 * image_read() - read from an image, its log replayed
 * @image:	open
 * @offset:	bytes, anywhere
 * @buffer:	filled
 * @length:	bytes
 *
 * Return: DONE, or EXIT_IO after an error message
 */
enum exit_code image_read(struct image *image, u64 offset, void *buffer, u32 length)
{
	struct vhdx_fault fault;

	if (!vhdx_range_inside(offset, length, image->reader.size))
		vhdx_fault_set(&fault, VHDX_REASON_read_short, offset, length);
	else if (image->reader.read(image->reader.context, offset, buffer, length))
		vhdx_fault_set(&fault, VHDX_REASON_read_failed, offset, length);
	else
		return DONE;
	return fail_fault(&image->file, &fault);
}

void image_close(struct image *image)
{
	replay_memory_free(image->replayed);
	free(image->super);
	image_file_close(&image->file);
}
