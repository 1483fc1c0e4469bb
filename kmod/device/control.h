/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
#ifndef VHDX_DEVICE_CONTROL_H
#define VHDX_DEVICE_CONTROL_H

int vhdx_control_init(void);
void vhdx_control_exit(void);

#endif /* VHDX_DEVICE_CONTROL_H */
