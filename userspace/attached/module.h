/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Loading the module, with an error message that says why it cannot be loaded.
 */
#ifndef VHDX_ATTACHED_MODULE_H
#define VHDX_ATTACHED_MODULE_H

#include "lib/message.h"

enum exit_code module_load(void);

#endif /* VHDX_ATTACHED_MODULE_H */
