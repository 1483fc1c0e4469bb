/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Interruption at points that the program chooses: it polls for a signal.
 */
#ifndef VHDX_LIB_INTERRUPT_H
#define VHDX_LIB_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void);
bool interrupted(void);

#endif /* VHDX_LIB_INTERRUPT_H */
