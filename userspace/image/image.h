/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A valid image, open for reading.
 *
 * The functions that open files, from the bottom up. "Reads" is what is parsed; a log that must be
 * replayed is replayed in memory: "super" is everything before the BAT, "locator" is that and the
 * parent locator. Functions with "error" print an error message when they fail.
 *
 *	function		opens		reads	error	for
 *	image_file_open_fd()	path		-	no	a path of the user
 *	safe_open()		path		-	no	a path that an image records
 *	image_file_adopt()	descriptor	-	no	layer_new(), image_file_open()
 *	image_file_open()	path		-	yes	an image in any state
 *	image_open()		path		super	yes	a valid image without its parents
 *	layer_new() + _read()	descriptor	locator	no	a candidate: parent, child, old file
 *	layer_open()		path		locator	yes	a valid image of a chain
 *	chain_open_image()	path		locator	yes	a chain of one file
 *	chain_open_parents()	all parents	locator	yes	and its parents, none missing
 *	chain_open_found()	some parents	locator	no	and those parents that are found
 *	chain_open()		path, parents	locator	yes	chain_open_image() + _parents()
 *	image_open_exclusive()	path, to write	-	yes	an image that is to be changed
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
