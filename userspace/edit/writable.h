/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Preparation of an image of a chain for changes: open for reading and writing, with an empty log.
 */
#ifndef VHDX_EDIT_WRITABLE_H
#define VHDX_EDIT_WRITABLE_H

#include "image/layer.h"
#include "image/write.h"

struct progress;

enum exit_code writable_lock(struct write_file *file, const struct layer *layer,
			     const char *advice);
enum exit_code writable_replay(struct layer **layer, const struct write_file *file,
			       struct progress *progress);
void writable_permit(const struct write_file *file);
void writable_unlock(struct write_file *file);

#endif /* VHDX_EDIT_WRITABLE_H */
