/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Making an image writable, and ending that.
 */
#ifndef VHDX_IMAGE_WRITABLE_H
#define VHDX_IMAGE_WRITABLE_H

struct vhdx_backing;
struct vhdx_fault;
struct vhdx_image;
struct vhdx_image_options;

int vhdx_image_check_replay(struct vhdx_image *image, struct vhdx_fault *fault);
int vhdx_image_prepare_writing(struct vhdx_image *image,
			       const struct vhdx_image_options *options,
			       struct vhdx_fault *fault);
int vhdx_image_stop_writing(struct vhdx_image *image);
void vhdx_image_give_back(struct vhdx_image *image, struct vhdx_backing *backing);
int vhdx_image_commit(struct vhdx_image *image);
void vhdx_image_abandon(struct vhdx_image *image);

#endif /* VHDX_IMAGE_WRITABLE_H */
