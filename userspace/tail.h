/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unused end of a file.
 */
#ifndef VHDXCTL_TAIL_H
#define VHDXCTL_TAIL_H

#include <stdint.h>

#include "filewrite.h"
#include "progress.h"

enum exit_code tail_cut(const struct write_file *file, const struct progress *progress,
			uint64_t *size);

#endif /* VHDXCTL_TAIL_H */
