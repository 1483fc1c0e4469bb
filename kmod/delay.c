// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The module parameter "delay". Writing "NAME:MILLISECONDS" sets a delay at one of the points of
 * delay.h, "NAME:0" removes it. Reading lists the delays that are set, one a line.
 */
#include "delay.h"

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

/* Longer than any test needs, and shorter than the kernel's timeout for hung tasks */
#define VHDX_DELAY_MAX_MS	20000U

DEFINE_STATIC_KEY_FALSE(vhdx_delays_wanted);

#define VHDX_DELAY_NAME(name) #name,
static const char *const vhdx_delay_names[] = { VHDX_DELAY_POINTS(VHDX_DELAY_NAME) };
static unsigned int vhdx_delay_ms[VHDX_NR_DELAY_POINTS];

/**
 * vhdx_delay_sleep() - sleep as long as is set for a point; use vhdx_delay()
 * @point:	the point
 *
 * Context: process; may sleep
 */
void vhdx_delay_sleep(enum vhdx_delay_point point)
{
	unsigned int ms = READ_ONCE(vhdx_delay_ms[point]);

	if (ms)
		msleep(ms);
}

/**
 * vhdx_delay_spin() - busy-wait as long as is set for a point; use vhdx_delay_atomic()
 * @point:	the point
 *
 * Context: any
 */
void vhdx_delay_spin(enum vhdx_delay_point point)
{
	unsigned int ms = READ_ONCE(vhdx_delay_ms[point]);

	if (ms)
		mdelay(ms);
}

static bool vhdx_delay_any(void)
{
	unsigned int i;

	for (i = 0; i < VHDX_NR_DELAY_POINTS; i++)
		if (vhdx_delay_ms[i])
			return true;
	return false;
}

/* Context: process; the lock of the module's parameters is held, see kernel_param_lock() */
static int vhdx_delay_set(const char *text, const struct kernel_param *parameter)
{
	char name[32];
	unsigned int ms;
	int point;

	if (sscanf(text, "%31[^:]:%u", name, &ms) != 2 || ms > VHDX_DELAY_MAX_MS)
		return -EINVAL;
	point = match_string(vhdx_delay_names, VHDX_NR_DELAY_POINTS, name);
	if (point < 0)
		return -EINVAL;
	WRITE_ONCE(vhdx_delay_ms[point], ms);
	if (vhdx_delay_any())
		static_branch_enable(&vhdx_delays_wanted);
	else
		static_branch_disable(&vhdx_delays_wanted);
	return 0;
}

static int vhdx_delay_get(char *buffer, const struct kernel_param *parameter)
{
	unsigned int i;
	int at = 0;

	for (i = 0; i < VHDX_NR_DELAY_POINTS; i++)
		if (vhdx_delay_ms[i])
			at += sysfs_emit_at(buffer, at, "%s:%u\n", vhdx_delay_names[i],
					    vhdx_delay_ms[i]);
	return at;
}

static const struct kernel_param_ops vhdx_delay_ops = {
	.set	= vhdx_delay_set,
	.get	= vhdx_delay_get,
};
module_param_cb(delay, &vhdx_delay_ops, NULL, 0600);
MODULE_PARM_DESC(delay, "delay at a named point of the code, as NAME:MILLISECONDS; for tests");
