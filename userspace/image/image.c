// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/image.h"

#include <stdlib.h>

#include "attached/disk.h"
#include "attached/disk_files.h"
#include "image/fault.h"
#include "image/lock.h"
#include "image/replay_memory.h"
#include "lib/alloc.h"
#include "format/range.h"

/* For a disk with an image that has no path */
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
 * image_path() - get the path of an image, or of the image of a disk
 * @argument:	path of an image, or an attached disk
 *
 * Return: the path, to be freed; NULL after an error message if the disk is no longer attached or
 * its image has no path
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

/**
 * image_super() - read everything before the BAT
 * @image:	its file is open; the rest is filled, and freed by image_close()
 * @fault:	filled on failure
 *
 * The log is replayed, in memory, before anything after the headers is read. Prints no message.
 *
 * Return: VHDX_OK, or the reason why the image cannot be used
 */
enum vhdx_reason image_super(struct image *image, struct vhdx_fault *fault)
{
	void *scratch = xcalloc(1, VHDX_OPEN_SCRATCH_SIZE);
	const struct vhdx_header *header;
	enum vhdx_reason reason;

	image->super = xcalloc(1, sizeof(*image->super));
	header = &image->super->header;
	image->replayed = NULL;
	image->reader = image->file.reader;
	reason = vhdx_open_headers(image->super, &image->reader, scratch, fault);
	if (!reason && vhdx_header_log_dirty(header)) {
		image->replayed = replay_memory_new(&image->file.reader, header, fault);
		if (image->replayed)
			replay_memory_reader(image->replayed, &image->reader);
		else
			reason = fault->reason;
	}
	if (!reason)
		reason = vhdx_open_tables(image->super, &image->reader, scratch, fault);
	free(scratch);
	return reason;
}

/**
 * image_open() - open an image for reading, without its parents
 * @image:	filled; must not be moved afterwards
 * @path:	must outlive @image
 *
 * Warns if the image is attached read-write.
 *
 * Return: DONE, or another exit code after an error message; then there is nothing to close
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
 * image_read() - read from the file of an image, with its log replayed
 * @image:	open
 * @offset:	in the file, in bytes
 * @buffer:	filled
 * @length:	in bytes
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

/**
 * image_close() - close an image
 * @image:	opened by image_open(), or read by image_super()
 */
void image_close(struct image *image)
{
	replay_memory_free(image->replayed);
	free(image->super);
	image_file_close(&image->file);
}
