/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Messages about files that are not VHDX images.
 */
#ifndef VHDX_IMAGE_FOREIGN_H
#define VHDX_IMAGE_FOREIGN_H

struct image_file;

char *foreign_text(const struct image_file *file);

#endif /* VHDX_IMAGE_FOREIGN_H */
