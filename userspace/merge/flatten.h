/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Merge of a chain into a new image without parents.
 */
#ifndef VHDX_MERGE_FLATTEN_H
#define VHDX_MERGE_FLATTEN_H

#include <stdbool.h>

#include "lib/message.h"

struct chain;
struct progress;

enum exit_code flatten(const struct chain *chain, const char *path, bool replace,
		       struct progress *progress);

#endif /* VHDX_MERGE_FLATTEN_H */
