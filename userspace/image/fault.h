/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reasons of the format core, as vhdxctl tells them: exit code, words, remedy.
 */
#ifndef VHDX_IMAGE_FAULT_H
#define VHDX_IMAGE_FAULT_H

#include "lib/message.h"
#include "format/reason.h"

struct image_file;

enum exit_code exit_of_reason(enum vhdx_reason reason);
enum exit_code fail_reason(const char *object, enum vhdx_reason reason);
enum exit_code fail_reason_said(const char *object, enum vhdx_reason reason,
				const char *message);
enum exit_code fail_fault(const struct image_file *file, const struct vhdx_fault *fault);

#endif /* VHDX_IMAGE_FAULT_H */
