/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The checks of an attach, without an attach.
 */
#ifndef VHDX_CHECK_ATTACHABLE_H
#define VHDX_CHECK_ATTACHABLE_H

#include <stdbool.h>

#include "lib/message.h"

struct chain;

extern const char attachable_read_only_advice[];

enum exit_code attachable_files(const struct chain *chain, bool writing);
enum exit_code attachable_index(int index);
enum exit_code attachable_fail_index(int index);
void attachable_warn_missing(const struct chain *chain, bool writing);

#endif /* VHDX_CHECK_ATTACHABLE_H */
