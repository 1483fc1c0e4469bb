/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting until udev has caught up with a disk that has come or gone.
 */
#ifndef VHDX_ATTACHED_UDEV_WAIT_H
#define VHDX_ATTACHED_UDEV_WAIT_H

#include "attached/disk.h"
#include "lib/message.h"

struct settle;

enum settle_result {
	SETTLE_DONE,
	SETTLE_TIMEOUT,
	SETTLE_INTERRUPTED,
};

struct settle *settle_begin(void);
enum settle_result settle_wait_ready(struct settle *settle, const struct disk *disk,
				     unsigned int timeout_ms);
enum settle_result settle_wait_gone(struct settle *settle, const struct disk *disk, dev_t number,
				    unsigned int timeout_ms);
void settle_pause(struct settle *settle, unsigned int timeout_ms);
void settle_end(struct settle *settle);

#endif /* VHDX_ATTACHED_UDEV_WAIT_H */
