// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Copies of data from one image to another. Where the file system can, both files share the blocks
 * of the file system afterwards, and no data are read or written. A clone is ordered like a write:
 * it is durable after a flush of the file.
 */
#include "merge/copy.h"

#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "image/image.h"
#include "lib/alloc.h"

#define PIECE_BYTES (1U << 20)
#define ZERO_BYTES 4096U

/* Data that are not zeros mostly begin with others: little is read before much. */
#define PROBE_BYTES 4096U

/* A shorter range is copied: it costs less than the extents that it would be cut from. */
#define CLONE_BYTES_MIN (64U << 10)

static bool is_zero(const u8 *data, u32 length)
{
	return !length || (!data[0] && !memcmp(data, data + 1, length - 1));
}

/* Write all data; with @fresh, skip pages of zeros, because the place reads as zeros. */
static enum exit_code write_piece(const struct write_file *file, u64 offset, const u8 *data,
				  u32 length, bool fresh)
{
	enum exit_code status = DONE;
	u32 from, to;

	for (from = 0; from < length && status == DONE; from = to) {
		bool skip = fresh && is_zero(data + from, length - from < ZERO_BYTES ?
					     length - from : ZERO_BYTES);

		for (to = from; to < length; to += ZERO_BYTES)
			if (fresh && skip != is_zero(data + to, length - to < ZERO_BYTES ?
						     length - to : ZERO_BYTES))
				break;
		to = to < length ? to : length;
		if (!skip)
			status = write_at(file, offset + from, data + from, to - from);
	}
	return status;
}

/*
 * Let the file system share the blocks of an extent of data. Return: false if it cannot do that, as
 * between two file systems or for ranges that are not aligned to its blocks
 */
static bool clone_extent(struct chain_map *from, const struct disk_extent *extent,
			 const struct write_file *file, u64 offset)
{
	const struct image *image = from->layer[extent->depth].image;
	struct file_clone_range range = {
		.src_fd = image->file.fd,
		.src_offset = extent->offset,
		.src_length = extent->length,
		.dest_offset = offset,
	};

	/* A log that is replayed in memory is not in the file. */
	return extent->length >= CLONE_BYTES_MIN && !image->replayed &&
	       !ioctl(file->fd, FICLONERANGE, &range);
}

/* Read and write an extent of any kind. */
static enum exit_code copy_extent(struct chain_map *from, const struct disk_extent *extent,
				  const struct write_file *file, u64 offset, bool fresh)
{
	u8 *buffer = xcalloc(1, PIECE_BYTES);
	enum exit_code status = DONE;
	u64 done;
	u32 piece;

	for (done = 0; done < extent->length && status == DONE; done += piece) {
		piece = extent->length - done < PIECE_BYTES ? (u32)(extent->length - done) :
							      PIECE_BYTES;
		status = chain_map_read(from, extent->start + done, buffer, piece);
		if (status == DONE)
			status = write_piece(file, offset + done, buffer, piece, fresh);
	}
	free(buffer);
	return status;
}

/**
 * copy_range() - copy the contents of a range of a disk to a file
 * @from:	map of a whole chain
 * @start:	offset on the disk, in bytes, a multiple of the sector size
 * @length:	in bytes, inside the disk
 * @file:	open for writing
 * @offset:	in @file, in bytes
 * @flags:	of enum copy_flags
 *
 * Data of one image of the chain are cloned where the file system can do that, unless @flags forbid
 * it.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code copy_range(struct chain_map *from, u64 start, u64 length,
			  const struct write_file *file, u64 offset, unsigned int flags)
{
	const bool may_clone = !(flags & COPY_ALLOCATED);
	enum exit_code status = DONE;
	struct disk_extent extent;
	u64 done;

	for (done = 0; done < length && status == DONE; done += extent.length) {
		status = chain_map_find(from, start + done, length - done, &extent);
		if (status != DONE || (may_clone && extent.kind == EXTENT_DATA &&
				       clone_extent(from, &extent, file, offset + done)))
			continue;
		status = copy_extent(from, &extent, file, offset + done, flags & COPY_FRESH);
	}
	return status;
}

/**
 * copy_extents() - copy what some images have of a range to a file
 * @from:	map of the images; what they leave to a parent is not copied
 * @start:	offset on the disk, in bytes, a multiple of the sector size
 * @length:	in bytes, inside the disk
 * @file:	open for writing
 * @offset:	in @file, in bytes
 * @flags:	of enum copy_flags
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code copy_extents(struct chain_map *from, u64 start, u64 length,
			    const struct write_file *file, u64 offset, unsigned int flags)
{
	enum exit_code status = DONE;
	struct disk_extent extent;
	u64 done;

	for (done = 0; done < length && status == DONE; done += extent.length) {
		status = chain_map_find(from, start + done, length - done, &extent);
		if (status == DONE && extent.kind != EXTENT_PARENT)
			status = copy_range(from, extent.start, extent.length, file, offset + done,
					    flags);
	}
	return status;
}

/**
 * copy_is_zero() - test whether a range of a disk reads as zeros
 * @from:	map of a whole chain
 * @start:	offset on the disk, in bytes, a multiple of the sector size
 * @length:	in bytes, inside the disk
 * @zero:	set to the result
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code copy_is_zero(struct chain_map *from, u64 start, u64 length, bool *zero)
{
	u8 *buffer = xcalloc(1, PIECE_BYTES);
	enum exit_code status = DONE;
	struct disk_extent extent;
	u32 piece = PROBE_BYTES;

	*zero = true;
	while (length && *zero && status == DONE) {
		status = chain_map_find(from, start, length, &extent);
		/* the read of a bad extent prints the error */
		if (status == DONE && (extent.kind == EXTENT_DATA || extent.kind == EXTENT_BAD)) {
			extent.length = extent.length < piece ? extent.length : piece;
			status = chain_map_read(from, start, buffer, (u32)extent.length);
			*zero = is_zero(buffer, (u32)extent.length);
			piece = PIECE_BYTES;
		}
		start += extent.length;
		length -= extent.length;
	}
	free(buffer);
	return status;
}
