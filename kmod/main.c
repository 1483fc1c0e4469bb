// SPDX-License-Identifier: GPL-2.0
/*
 * vhdx: Microsoft VHDX virtual disks as block devices.
 *
 * From the bottom up: format/ turns bytes into checked meaning, backing (with transfer and
 * extent) is a host file, pager keeps its metadata, space knows what of it is free,
 * journal (with session and ring) changes metadata and makes it durable, image maps the
 * virtual disk onto the file, chain (with resolve) onto that file and its parents, command,
 * read, write (with step and sectors), trim, queue and submit (with inline) carry requests,
 * life says what may be done with a disk, job does what takes long, disk is the block device,
 * swap (with snapshot) gives it another image, registry knows them all, control is the door.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "device/control.h"
#include "device/job.h"
#include "device/registry.h"
#include "meta/shrink.h"
#include "request/held_locks.h"
#include "uapi/release.h"

static int __init vhdx_init(void)
{
	int ret = vhdx_job_init();

	if (ret)
		return ret;
	ret = vhdx_shrink_init();
	if (ret)
		goto err_job_exit;
	vhdx_held_locks_init();
	ret = vhdx_control_init();
	if (!ret)
		return 0;
	vhdx_held_locks_exit();
	vhdx_shrink_exit();
err_job_exit:
	vhdx_job_exit();
	return ret;
}

static void __exit vhdx_exit(void)
{
	vhdx_control_exit();
	vhdx_held_locks_exit();
	vhdx_job_exit();
	vhdx_registry_exit();
	vhdx_shrink_exit();
	rcu_barrier();		/* the pager's pages are freed by our code */
}

module_init(vhdx_init);
module_exit(vhdx_exit);

MODULE_DESCRIPTION("Microsoft VHDX virtual disks");
MODULE_LICENSE("GPL");
MODULE_VERSION(VHDX_RELEASE);
