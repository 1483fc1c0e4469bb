// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: jobs
 *
 * Opening a file, reading partitions, ending a session: all of these wait for the backing
 * file, in functions of other subsystems that no signal ends. A process that called them
 * itself could not be killed while the file hangs. So a worker calls them, and the process
 * waits for the worker in a way that can be ended (life.c). The job goes on without it.
 *
 * The queue is unbound and takes hundreds of jobs at a time: a job that hangs holds up no
 * other. A job holds a reference to the module, and vhdx_job_exit() waits for the few
 * instructions between dropping that and the end of the worker's function.
 */
#include "device/job.h"

#include <linux/module.h>
#include <linux/sched.h>

static struct workqueue_struct *vhdx_job_queue;

/* Tests let the Nth allocation of a task fail: the worker stands in for the task. */
static unsigned int vhdx_job_swap_faults(unsigned int fail_nth)
{
#ifdef CONFIG_FAULT_INJECTION
	swap(current->fail_nth, fail_nth);
	return fail_nth;
#else
	return 0;
#endif
}

static void vhdx_job_work(struct work_struct *work)
{
	struct vhdx_job *job = container_of(work, struct vhdx_job, work);

	vhdx_job_swap_faults(job->fail_nth);
	job->run(job);
	vhdx_job_swap_faults(0);
	module_put(THIS_MODULE);
}

/**
 * vhdx_job_start() - have a job done by a worker
 * @job:	not started before, or over
 * @run:	what is to be done, in process context without locks
 * @lend:	the calling task's fault injection goes along
 *
 * Context: any
 */
void vhdx_job_start(struct vhdx_job *job, void (*run)(struct vhdx_job *job), bool lend)
{
	__module_get(THIS_MODULE);
	INIT_WORK(&job->work, vhdx_job_work);
	job->run = run;
	job->fail_nth = lend && in_task() ? vhdx_job_swap_faults(0) : 0;
	queue_work(vhdx_job_queue, &job->work);
}

/**
 * vhdx_job_done() - a job has done what its caller waits for
 * @job:	running; to be called before the caller is told
 */
void vhdx_job_done(struct vhdx_job *job)
{
	job->fail_nth = vhdx_job_swap_faults(0);
}

/**
 * vhdx_job_joined() - the caller was told
 * @job:	of which vhdx_job_done() was called
 */
void vhdx_job_joined(const struct vhdx_job *job)
{
	vhdx_job_swap_faults(job->fail_nth);
}

/**
 * vhdx_job_init() - module init
 *
 * Return: 0 or a negative errno
 */
int vhdx_job_init(void)
{
	vhdx_job_queue = alloc_workqueue("vhdx", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return vhdx_job_queue ? 0 : -ENOMEM;
}

/**
 * vhdx_job_exit() - module exit; no job is left, but for its last instructions
 */
void vhdx_job_exit(void)
{
	destroy_workqueue(vhdx_job_queue);
}
