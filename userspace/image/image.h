/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image that is in order, opened for reading as the module would.
 */
#ifndef VHDX_IMAGE_IMAGE_H
#define VHDX_IMAGE_IMAGE_H

#include "image/file.h"

/**
 * struct image - an image
 * @file:	as it is
 * @super:	all that comes before the BAT
 * @replayed:	its log, if that is to be replayed; NULL otherwise
 * @reader:	what to read it by
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
