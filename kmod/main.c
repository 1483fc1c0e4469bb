// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdx: Microsoft VHDX virtual disks as block devices.
 *
 * The folders are layers; each uses those below it (tests/lint/layers.sh):
 *
 *	main.c		the module: initializes what all disks share
 *	device/		block device, sysfs, ioctls, attach and detach
 *	request/	requests: read, write, discard, flush
 *	image/		an open image and its chain of parents: lookup of sectors
 *	meta/		metadata: cache, space, log, journal; what becomes durable in which order
 *	backing/	the host file: open modes, transfers, allocation, freezing
 *	format/		decoding, checking and encoding of the format; pure C,
 *			compiled into the tool and the tests as well
 *
 * Below all of them are waiter.h (a callback instead of a sleeping task), delay.h (windows
 * that tests hold open), compat/ (differences between kernels) and uapi/ (the ioctls).
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "device/control.h"
#include "device/debugfs.h"
#include "device/job.h"
#include "device/registry.h"
#include "meta/lru.h"
#include "request/held_locks.h"
#include "uapi/release.h"

static int __init vhdx_init(void)
{
	int ret = vhdx_job_init();

	if (ret)
		return ret;
	ret = vhdx_lru_module_init();
	if (ret)
		goto err_job_exit;
	ret = vhdx_control_init();
	if (ret)
		goto err_lru_exit;
	/* last: if the module failed to load, a file that is open would keep functions of it */
	vhdx_held_locks_init(vhdx_debugfs_init());
	return 0;

err_lru_exit:
	vhdx_lru_module_exit();
err_job_exit:
	vhdx_job_exit();
	return ret;
}

static void __exit vhdx_exit(void)
{
	vhdx_control_exit();
	vhdx_debugfs_exit();
	vhdx_job_exit();
	vhdx_registry_exit();
	vhdx_lru_module_exit();
	rcu_barrier();		/* pages of the cache are freed by RCU callbacks of this module */
}

module_init(vhdx_init);
module_exit(vhdx_exit);

MODULE_DESCRIPTION("Microsoft VHDX virtual disks");
MODULE_LICENSE("GPL");
MODULE_VERSION(VHDX_RELEASE);
