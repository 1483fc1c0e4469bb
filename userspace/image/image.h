/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A valid image, open for reading.
 *
 * The functions that open files, from the bottom up. "Reads" is what is parsed; a log that must be
 * replayed is replayed in memory. Those with a message print why they fail.
 *
 *	function		opens			reads		message	for
 *	image_file_open_fd()	a path			nothing		no	a path of the user
 *	safe_open()		a path below a directory nothing	no	a path in an image
 *	image_file_adopt()	a file descriptor	nothing		no	layer_new()
 *	image_file_open()	a path			nothing		yes	images in any state
 *	image_open()		a path			up to the BAT	yes	a valid image by itself
 *	layer_new(), layer_read() a file descriptor	and its locator	no	a possible parent or child
 *	layer_open()		a path			and its locator	yes	a valid image of a chain
 *	chain_open_image()	a path, as a chain	and its locator	yes	parents later, or none
 *	chain_open_parents()	all its parents		and locators	yes	a missing parent is an error
 *	chain_open_found()	the parents it finds	and locators	no	a missing parent is allowed
 *	chain_open()		a path and its parents	and locators	yes	both of the above at once
 *	image_open_exclusive()	a path, for writing	nothing		yes	images that are changed
 *
 * All but the last open for reading only, and leave no trace in the file. image_open_exclusive()
 * locks the file; image_check_same() then compares it with the file that was opened for reading.
 */
#ifndef VHDX_IMAGE_IMAGE_H
#define VHDX_IMAGE_IMAGE_H

#include "image/file.h"

/**
 * struct image - an open image
 * @file:	the file, without a replay
 * @super:	everything before the BAT: header, region table, metadata
 * @replayed:	the log replayed in memory; NULL: the log is empty
 * @reader:	reads the file with the log replayed
 */
struct image {
	struct image_file file;
	struct vhdx_super *super;
	struct replay_memory *replayed;
	struct vhdx_reader reader;
};

char *image_path(const char *argument);
enum vhdx_reason image_super(struct image *image, struct vhdx_fault *fault);
enum exit_code image_open(struct image *image, const char *path);
enum exit_code image_read(struct image *image, u64 offset, void *buffer, u32 length);
void image_close(struct image *image);

#endif /* VHDX_IMAGE_IMAGE_H */
