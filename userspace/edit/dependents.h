/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Checks whether other images need an image unchanged.
 */
#ifndef VHDX_EDIT_DEPENDENTS_H
#define VHDX_EDIT_DEPENDENTS_H

#include "lib/message.h"

struct layer;

enum exit_code dependents_check_write(const struct layer *layer);
enum exit_code dependents_check_replace(const char *path);

#endif /* VHDX_EDIT_DEPENDENTS_H */
