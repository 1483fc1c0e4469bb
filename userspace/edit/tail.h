/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The unused space at the end of a file.
 */
#ifndef VHDX_EDIT_TAIL_H
#define VHDX_EDIT_TAIL_H

#include <stdint.h>

#include "image/write.h"
#include "lib/progress.h"

enum exit_code tail_cut(const struct write_file *file, const struct progress *progress,
			uint64_t *size);

#endif /* VHDX_EDIT_TAIL_H */
