/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Windows paths, by which an image names its parent.
 */
#ifndef VHDX_IMAGE_WINPATH_H
#define VHDX_IMAGE_WINPATH_H

#include <stdbool.h>

char *winpath_normal(const char *path);
bool winpath_is_relative(const char *normal);
const char *winpath_below(const char *normal, const char *prefix);
const char *winpath_name(const char *normal);
bool winpath_is_allowed(const char *normal);
bool winpath_same_name(const char *a, const char *b);

#endif /* VHDX_IMAGE_WINPATH_H */
