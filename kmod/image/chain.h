/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A chain: a differencing image and its parents, read as one.
 */
#ifndef VHDX_IMAGE_CHAIN_H
#define VHDX_IMAGE_CHAIN_H

#include <linux/types.h>

struct file;
struct vhdx_fault;
struct vhdx_image;
struct vhdx_image_options;
struct vhdx_map;
struct vhdx_backing_retiring;

struct vhdx_image *vhdx_chain_open(struct file *const *files, unsigned int nr,
				   const struct vhdx_image_options *options,
				   struct vhdx_fault *fault);
int vhdx_chain_close(struct vhdx_image *image);

struct vhdx_image *vhdx_chain_open_child(struct vhdx_image *image, struct file *file,
					 const struct vhdx_image_options *options,
					 struct vhdx_fault *fault);
void vhdx_chain_drop_child(struct vhdx_image *child);
void vhdx_chain_give_back(struct vhdx_image *child, struct vhdx_backing_retiring *retiring);
int vhdx_chain_check_link(struct vhdx_image *child, struct vhdx_fault *fault);

int vhdx_chain_remember(struct vhdx_image *image);
void vhdx_chain_forget(struct vhdx_image *image);

void vhdx_chain_map_parents(struct vhdx_image *image, u64 position, u64 want,
			    struct vhdx_map *map);

#endif /* VHDX_IMAGE_CHAIN_H */
