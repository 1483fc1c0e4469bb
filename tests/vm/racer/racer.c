// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Two threads that write to one variable, without a lock or a mark: a data race that the kernel
 * "kcsan" must report, or its silence about other modules means nothing.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static unsigned long racer_count;
static struct task_struct *racer_threads[2];

static int racer_run(void *unused)
{
	while (!kthread_should_stop()) {
		racer_count++;
		cond_resched();
	}
	return 0;
}

static void racer_stop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(racer_threads); i++)
		if (!IS_ERR_OR_NULL(racer_threads[i]))
			kthread_stop(racer_threads[i]);
}

static int __init racer_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(racer_threads); i++) {
		racer_threads[i] = kthread_run(racer_run, NULL, "racer/%u", i);
		if (IS_ERR(racer_threads[i])) {
			racer_stop();
			return PTR_ERR(racer_threads[i]);
		}
	}
	return 0;
}

static void __exit racer_exit(void)
{
	racer_stop();
}

module_init(racer_init);
module_exit(racer_exit);

MODULE_DESCRIPTION("A planted data race");
MODULE_LICENSE("GPL");
