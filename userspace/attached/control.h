/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The ioctls of /dev/vhdx-control.
 */
#ifndef VHDX_ATTACHED_CONTROL_H
#define VHDX_ATTACHED_CONTROL_H

#include "lib/message.h"
#include "uapi/vhdx.h"

enum exit_code control_open(int *control);
enum exit_code control_open_loading(int *control);

int control_attach(int control, struct vhdx_ioc_attach *request);
int control_detach(int control, struct vhdx_ioc_detach *request);
int control_snapshot(int control, struct vhdx_ioc_snapshot *request);
int control_status(int control, int index, struct vhdx_ioc_status *status);

enum exit_code control_failed(const char *object, const char *what, int error,
			      unsigned int reason, const char *message);

#endif /* VHDX_ATTACHED_CONTROL_H */
