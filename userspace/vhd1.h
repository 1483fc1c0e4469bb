/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VHD, the format before VHDX: not ours, but many a file called .vhdx is one.
 */
#ifndef VHDXCTL_VHD1_H
#define VHDXCTL_VHD1_H

struct image_file;

char *vhd1_advice(const struct image_file *file, const char *text);

#endif /* VHDXCTL_VHD1_H */
