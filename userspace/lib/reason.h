/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The reasons of the format core as error messages: exit code, error code, text, remedy.
 */
#ifndef VHDX_LIB_REASON_H
#define VHDX_LIB_REASON_H

#include "lib/message.h"
#include "format/reason.h"

enum exit_code reason_exit_code(enum vhdx_reason reason);
enum exit_code fail_reason(const char *object, enum vhdx_reason reason);
enum exit_code fail_reason_text(const char *object, enum vhdx_reason reason,
				const char *message);

#endif /* VHDX_LIB_REASON_H */
