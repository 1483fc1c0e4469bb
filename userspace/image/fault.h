/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Error messages for the faults that the format core finds in an image.
 */
#ifndef VHDX_IMAGE_FAULT_H
#define VHDX_IMAGE_FAULT_H

#include "lib/message.h"
#include "format/reason.h"

struct image_file;

enum exit_code fail_fault(const struct image_file *file, const struct vhdx_fault *fault);

#endif /* VHDX_IMAGE_FAULT_H */
