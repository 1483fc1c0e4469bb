/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the module, and saying in one sentence why it cannot be loaded.
 */
#ifndef VHDXCTL_MODULE_H
#define VHDXCTL_MODULE_H

#include "message.h"

enum exit_code module_load(void);

#endif /* VHDXCTL_MODULE_H */
