/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A child without a name, for a temporary disk: detach drops its changes.
 */
#ifndef VHDX_EDIT_TEMPORARY_H
#define VHDX_EDIT_TEMPORARY_H

#include "edit/new_file.h"

struct layer;

enum exit_code temporary_make(struct new_file *child, const char *directory,
			      const struct layer *parent);

#endif /* VHDX_EDIT_TEMPORARY_H */
