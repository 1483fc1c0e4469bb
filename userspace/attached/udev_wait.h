/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Waiting until udev has processed the events of a disk that was attached or detached.
 */
#ifndef VHDX_ATTACHED_UDEV_WAIT_H
#define VHDX_ATTACHED_UDEV_WAIT_H

#include "attached/disk.h"
#include "lib/message.h"

struct udev_wait;

enum udev_wait_result {
	UDEV_WAIT_DONE,
	UDEV_WAIT_TIMEOUT,
	UDEV_WAIT_INTERRUPTED,
};

struct udev_wait *udev_wait_begin(void);
enum udev_wait_result udev_wait_ready(struct udev_wait *wait, const struct disk *disk,
				      unsigned int timeout_ms);
enum udev_wait_result udev_wait_gone(struct udev_wait *wait, const struct disk *disk, dev_t number,
				     unsigned int timeout_ms);
void udev_wait_pause(struct udev_wait *wait, unsigned int timeout_ms);
void udev_wait_end(struct udev_wait *wait);

#endif /* VHDX_ATTACHED_UDEV_WAIT_H */
