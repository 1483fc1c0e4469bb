/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting until udev has caught up with a disk that has come or gone.
 */
#ifndef VHDXCTL_SETTLE_H
#define VHDXCTL_SETTLE_H

#include "disk.h"
#include "message.h"

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

#endif /* VHDXCTL_SETTLE_H */
