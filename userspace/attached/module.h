/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the module, and saying in one sentence why it cannot be loaded.
 */
#ifndef VHDX_ATTACHED_MODULE_H
#define VHDX_ATTACHED_MODULE_H

#include "lib/message.h"

enum exit_code module_load(void);

#endif /* VHDX_ATTACHED_MODULE_H */
