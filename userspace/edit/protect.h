/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Marking an image as a parent, by its mode.
 */
#ifndef VHDX_EDIT_PROTECT_H
#define VHDX_EDIT_PROTECT_H

#include <sys/stat.h>

void protect_parent(const char *path, const struct stat *status);

#endif /* VHDX_EDIT_PROTECT_H */
