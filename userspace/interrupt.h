/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Being interrupted at a moment of one's own choice.
 */
#ifndef VHDXCTL_INTERRUPT_H
#define VHDXCTL_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void);
bool interrupted(void);

#endif /* VHDXCTL_INTERRUPT_H */
