/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image that is in order, opened for reading as the module would.
 */
#ifndef VHDX_IMAGE_IMAGE_H
#define VHDX_IMAGE_IMAGE_H

#include "image/file.h"

/**
 * struct open_image - an image
 * @file:	as it is
 * @super:	all that comes before the BAT
 * @replayed:	its log, if that is to be replayed; NULL otherwise
 * @reader:	what to read it by
 */
struct open_image {
	struct image_file file;
	struct vhdx_super *super;
	struct replayed *replayed;
	struct vhdx_reader reader;
};

char *open_image_path(const char *argument);
enum vhdx_reason open_image_super(struct open_image *image, struct vhdx_fault *fault);
enum exit_code open_image(struct open_image *image, const char *path);
enum exit_code open_image_read(struct open_image *image, u64 offset, void *buffer, u32 length);
void open_image_close(struct open_image *image);

#endif /* VHDX_IMAGE_IMAGE_H */
